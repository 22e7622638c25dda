// The process of one side, kept over the rounds of a row.
#pragma once

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <sys/types.h>
#include <vector>

namespace hocket::bench {

// A side that ended, was killed, or gave no answer in time; what() says which.
class contender_failed : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

class contender {
public:
    // Starts it. Throws std::system_error.
    contender(std::filesystem::path const& program, std::vector<std::string> const& arguments);
    contender(contender&& other) noexcept;
    contender& operator=(contender&&) = delete;
    // Ends it: lets it finish at the end of its input, kills it when it does not.
    ~contender();

    // One sample: its line of JSON. Throws contender_failed; then the process is gone.
    std::string sample(std::chrono::seconds patience);

private:
    // How the process ended, as a sentence; it has ended, or is killed first.
    std::string end(bool kill_it);

    pid_t pid_ = -1;
    int to_ = -1;
    int from_ = -1;
};

}  // namespace hocket::bench

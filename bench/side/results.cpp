#include "results.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "report_file.hpp"

namespace hocket::bench {

results::results(std::filesystem::path folder) : folder_(std::move(folder)) {
    std::error_code error;
    std::filesystem::create_directories(folder_, error);
    if (error) throw std::runtime_error("cannot make the folder " + folder_.string() + ": " + error.message());
    // Whether a file can be made shows only when one is: permissions do not tell of root, nor of what is mounted.
    std::filesystem::path const trial = folder_ / (".trial-" + std::to_string(::getpid()));
    if (!std::ofstream(trial))
        throw std::runtime_error("cannot write in the folder " + folder_.string() + ": " + std::strerror(errno));
    std::filesystem::remove(trial, error);
}

void results::keep(std::string const& name, std::string const& markdown, std::string const& json) const {
    report_file(folder_ / (name + ".md")).write(markdown);
    report_file(folder_ / (name + ".json")).write(json);
}

}  // namespace hocket::bench

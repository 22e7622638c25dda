// The folder in which dated reports are kept.
#pragma once

#include <filesystem>
#include <string>

namespace hocket::bench {

class results {
public:
    // Makes the folder where there is none, and sees that files can be written in it, before anything is measured.
    // Throws std::runtime_error with a sentence.
    explicit results(std::filesystem::path folder);

    // Writes NAME.md and NAME.json, over those that are there. Throws std::runtime_error with a sentence.
    void keep(std::string const& name, std::string const& markdown, std::string const& json) const;

private:
    std::filesystem::path folder_;
};

}  // namespace hocket::bench

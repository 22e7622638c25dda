// A file that is opened before anything is measured, so that a path that cannot be written does not cost an hour, and
// written afterwards.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

namespace hocket::bench {

class report_file {
public:
    // Both throw std::runtime_error with a sentence.
    explicit report_file(std::filesystem::path path);
    void write(std::string const& text);

private:
    std::filesystem::path path_;
    std::ofstream out_;
};

}  // namespace hocket::bench

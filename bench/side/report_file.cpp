#include "report_file.hpp"

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace hocket::bench {

report_file::report_file(std::filesystem::path path) : path_(std::move(path)), out_(path_) {
    if (!out_) throw std::runtime_error("cannot write " + path_.string() + ": " + std::strerror(errno));
}

void report_file::write(std::string const& text) {
    out_ << text;
    out_.close();
    if (!out_) throw std::runtime_error("cannot write " + path_.string() + ": " + std::strerror(errno));
}

}  // namespace hocket::bench

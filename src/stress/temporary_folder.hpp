// A folder for files that last as long as a round.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace hocket::stress {

class temporary_folder {
public:
    // Throws std::system_error when none can be made.
    temporary_folder() {
        std::string name = (std::filesystem::temp_directory_path() / "hocket-stress-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr)
            throw std::system_error(errno, std::generic_category(), "cannot make the folder " + name);
        path_ = name;
    }
    temporary_folder(temporary_folder const&) = delete;
    temporary_folder& operator=(temporary_folder const&) = delete;
    ~temporary_folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    // A file name in it.
    std::string file(char const* name) const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

}  // namespace hocket::stress

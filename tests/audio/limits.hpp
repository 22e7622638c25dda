// A full disk, played by the limit on the size of files.
#pragma once

#include <signal.h>
#include <sys/resource.h>

namespace support {

// While it lives, no file of this process grows beyond `bytes`: writing more fails.
class file_size_limit {
public:
    explicit file_size_limit(rlim_t bytes) {
        before_ = ::signal(SIGXFSZ, SIG_IGN);
        ::getrlimit(RLIMIT_FSIZE, &limit_);
        rlimit const tight{bytes, limit_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &tight);
    }
    file_size_limit(file_size_limit const&) = delete;
    ~file_size_limit() {
        ::setrlimit(RLIMIT_FSIZE, &limit_);
        ::signal(SIGXFSZ, before_);
    }

private:
    rlimit limit_{};
    void (*before_)(int) = nullptr;
};

}  // namespace support

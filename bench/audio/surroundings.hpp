// What else ran on the machine meanwhile.
#pragma once

#include <cstdint>

namespace hocket::bench {

// The nice value of this program's session among others, where the kernel groups threads by session (autogroup); the
// nice values of threads count within a session only. 0 elsewhere.
int session_nice();

class surroundings {
public:
    // Begins now.
    surroundings();
    // Cores that other programs have used since then; that a hypervisor has given to others.
    struct use {
        double others = 0, stolen = 0;
    };
    use since() const;

private:
    struct reading {
        std::int64_t at = 0;
        double busy = 0, stolen = 0, own = 0;  // seconds of CPU
    };
    static reading now();

    reading begin_;
};

}  // namespace hocket::bench

// Whether this kernel has what rt_section needs: its own answer, not that of the code under test.
#pragma once

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>

#include <cstdio>

namespace support {

// False after it has printed why.
inline bool can_dispatch() {
    constexpr int set_dispatch = 59;  // PR_SET_SYSCALL_USER_DISPATCH
    static char selector = 0;
    if (prctl(set_dispatch, 1, 0, 0, &selector) == 0 && prctl(set_dispatch, 0, 0, 0, 0) == 0) return true;
    std::printf("skipped: this kernel has no Syscall User Dispatch (prctl: %s)\n", strerror(errno));
    return false;
}

}  // namespace support

// The C++ runtime's record of exceptions being handled on a thread (Itanium C++ ABI, 2.2.2). It belongs to the fiber:
// one that suspends inside a catch block takes it along, and a job that is called inside one does not see it.
#pragma once

#include <cstdint>
#include <hocket/detail/config.hpp>

namespace hocket::inline HOCKET_ABI::detail {

struct exception_globals {
// In explored builds all virtual threads share the record of one OS thread, and the explorer changes what is in it at
// each virtual switch: nothing that ThreadSanitizer could know of.
#if defined(HOCKET_TSAN) && defined(HOCKET_EXPLORED)
#define HOCKET_RECORD_ACCESS __attribute__((noinline, no_sanitize("thread")))
#else
#define HOCKET_RECORD_ACCESS
#endif
    HOCKET_RECORD_ACCESS bool empty() const noexcept {
        return (reinterpret_cast<std::uintptr_t>(caught) | uncaught) == 0;
    }
    // Whether an exception is on its way to its handler.
    HOCKET_RECORD_ACCESS bool unwinding() const noexcept { return uncaught != 0; }
    // What is in it, taken out. [the thread it belongs to]
    HOCKET_RECORD_ACCESS exception_globals take() noexcept {
        exception_globals const was{caught, uncaught};
        caught = nullptr;
        uncaught = 0;
        return was;
    }
    // Puts back what take() gave. [the thread it belongs to]
    HOCKET_RECORD_ACCESS void put(exception_globals const& kept) noexcept {
        caught = kept.caught;
        uncaught = kept.uncaught;
    }
#undef HOCKET_RECORD_ACCESS

    void* caught = nullptr;
    unsigned uncaught = 0;
};

}  // namespace hocket::inline HOCKET_ABI::detail

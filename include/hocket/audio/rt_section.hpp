// A stretch of code that must be real-time safe, and the check that it is: no system call, no allocation, no lock.
//
//   rt_section::check(true);                                    control, before audio begins
//   { rt_section const section;  ... }                          audio; engine::process() opens one itself
//   for (rt_violation const& v : rt_section::violations()) ...  control
//
// System calls are seen by the kernel (Linux's Syscall User Dispatch, x86-64, no privilege needed). Allocations and
// locks enter no kernel as a rule; they are seen where libhocket-rt-hooks stands in front of the C library, by linking
// it or by LD_PRELOAD. Neither works in a build with a sanitizer. A violation is reported, and then done: the section
// goes on. Reporting allocates nothing. Not seen: the second system call of a section; locks that are no pthread_*
// (hocket::mutex, a spin on an atomic); page faults.
#pragma once

#include <atomic>
#include <cstdint>
#include <hocket/detail/config.hpp>
#include <string>
#include <vector>

namespace hocket::inline HOCKET_ABI::audio {

namespace detail {
struct rt_watch;
}

// What was done in a section, and where; each place is told once.
struct rt_violation {
    std::string what;                    // "malloc", "pthread_mutex_lock", "system call 1 (write)"
    std::uint64_t count = 0;             // how often
    std::vector<std::string> backtrace;  // innermost first: "function + offset (file)"
};

// What can be seen here: check() makes one of each in a section, and looks.
struct rt_sight {
    bool system_calls = false;
    bool allocations = false;
    bool locks = false;
};

class HOCKET_API rt_section {
public:
    // Until it is destroyed, on the same thread, what this thread does is checked. Sections may be nested: the
    // outermost counts. Costs a load and a branch while nothing is checked. A fiber does not suspend in it: when it
    // goes on on another thread that is a violation, and what is told of the thread it left means nothing any more.
    // [audio]
    rt_section() noexcept HOCKET_NONBLOCKING {
        if (checking_.load(std::memory_order_relaxed)) enter();
    }
    rt_section(rt_section const&) = delete;
    rt_section& operator=(rt_section const&) = delete;
    ~rt_section() HOCKET_NONBLOCKING {
        if (entered_ != nullptr) leave();
    }

    // Checks the sections that begin from now on, or no more of them; forgets what was found before. A thread's first
    // checked section makes one system call before it begins. Throws std::bad_alloc. [control]
    static rt_sight check(bool on);
    // [any thread]
    static bool checking() noexcept { return checking_.load(std::memory_order_relaxed); }

    // What was found since check(), or clear(). Throws std::bad_alloc. [control]
    static std::vector<rt_violation> violations();
    // How many that were, those of which violations() cannot tell the place included. [any thread]
    static std::uint64_t count() noexcept HOCKET_NONBLOCKING;
    // Forgets them. [control]
    static void clear() noexcept;

    // A violation of the caller's, when its thread is in a section that is checked; else nothing. For those who know
    // better than the hooks: a lock, an allocator of one's own. `what` is a literal. [any thread]
    static void note(char const* what) noexcept;

private:
    void enter() noexcept HOCKET_NONBLOCKING;
    void leave() noexcept HOCKET_NONBLOCKING;

    static std::atomic<bool> checking_;

    detail::rt_watch* entered_ = nullptr;  // of the thread it was entered on; null when that was not checked
};

}  // namespace hocket::inline HOCKET_ABI::audio

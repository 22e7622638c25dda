// Watching a thread.
#include "guard.hpp"

#include <hocket/detail/config.hpp>

#include <signal.h>
#include <sys/prctl.h>

#include <atomic>
#include <cstdlib>
#include <new>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#endif

#if defined(__x86_64__) && !defined(HOCKET_ASAN) && !defined(HOCKET_TSAN)
#define HOCKET_GUARD 1
#endif

namespace {

[[maybe_unused]] constexpr unsigned long dispatch_on = 1, dispatch_off = 0;
[[maybe_unused]] constexpr char allow = 0, block = 1;

// One thread is watched at a time; the kernel reads its selector.
volatile char selector = allow;
volatile sig_atomic_t caught = 0;
[[maybe_unused]] std::atomic<int> allocated{0};
[[maybe_unused]] thread_local bool watching = false;

[[maybe_unused]] void on_system_call(int, siginfo_t*, void*) {
    selector = allow;  // first of all, for the return from this handler is a system call
    caught = 1;
}

}  // namespace

#ifdef HOCKET_GUARD
void* operator new(std::size_t size) {
    if (watching) allocated.fetch_add(1, std::memory_order_relaxed);
    if (void* const p = std::malloc(size == 0 ? 1 : size)) return p;
    throw std::bad_alloc();
}
void operator delete(void* p) noexcept {
    if (watching && p != nullptr) allocated.fetch_add(1, std::memory_order_relaxed);
    std::free(p);
}
void operator delete(void* p, std::size_t) noexcept { operator delete(p); }
#endif

namespace guard {

#ifdef HOCKET_GUARD
bool available() noexcept {
    static bool const works = [] {
        if (prctl(PR_SET_SYSCALL_USER_DISPATCH, dispatch_on, 0, 0, &selector) != 0) return false;
        prctl(PR_SET_SYSCALL_USER_DISPATCH, dispatch_off, 0, 0, 0);
        struct sigaction action {};
        action.sa_sigaction = &on_system_call;
        action.sa_flags = SA_SIGINFO;
        return sigaction(SIGSYS, &action, nullptr) == 0;
    }();
    return works;
}

void begin() noexcept {
    caught = 0;
    allocated = 0;
    prctl(PR_SET_SYSCALL_USER_DISPATCH, dispatch_on, 0, 0, &selector);
    watching = true;
    selector = block;
}

counts end() noexcept {
    selector = allow;
    watching = false;
    prctl(PR_SET_SYSCALL_USER_DISPATCH, dispatch_off, 0, 0, 0);
    return {caught, allocated.load()};
}
#else
bool available() noexcept { return false; }
void begin() noexcept {}
counts end() noexcept { return {}; }
#endif

}  // namespace guard

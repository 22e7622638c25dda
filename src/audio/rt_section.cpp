// Watching a thread while it must be real-time safe.
//
// A thread's watch: depth counts its checked sections; selector is what the kernel reads at each of its system calls,
//   allow -> block when the outermost section begins, block -> allow when it ends, or at its first system call.
// Protocol: the kernel answers a system call under block with SIGSYS, before it is made. The handler reports, sets
//   allow and goes back to the instruction, which now makes the call. So the handler's own return, itself a system
//   call, is let through; and the rest of the section is not watched for more of them. Hooks call note().
// Memory order: checking_ orders nothing. A watch is its thread's alone; the handler runs on that thread. What is found
//   goes to rt_places.
// Rejected: doing the call in the handler and watching on (a change of the signal mask, or a clone, would be the
//   handler's, and it takes a return of one's own from signals); seccomp (cannot be taken back); ptrace (another
//   process, 100 times slower).
#include <errno.h>
#include <execinfo.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <hocket/audio/rt_section.hpp>
#include <mutex>
#include <span>

#include "audio/rt_places.hpp"

#if (defined(__x86_64__) || defined(__aarch64__)) && !defined(HOCKET_ASAN) && !defined(HOCKET_TSAN)
#define HOCKET_HAS_DISPATCH 1
#endif

namespace hocket::inline HOCKET_ABI::audio {

namespace detail {

struct rt_watch {
    char volatile selector;  // read by the kernel
    bool dispatched;         // the kernel has been told where the selector is
    bool reporting;
    unsigned depth;
    unsigned reported;
};

}  // namespace detail

namespace {

// Of <linux/prctl.h> and of the kernel's siginfo, which the headers of older systems lack.
[[maybe_unused]] constexpr int set_dispatch = 59;  // PR_SET_SYSCALL_USER_DISPATCH
[[maybe_unused]] constexpr unsigned long dispatch_on = 1;
[[maybe_unused]] constexpr int dispatched_call = 2;  // SYS_USER_DISPATCH, in si_code
constexpr char allow = 0, block = 1;

// In the thread's static block: touching it allocates nothing, also in malloc's own hook.
__attribute__((tls_model("initial-exec"))) constinit thread_local detail::rt_watch mine{};

constexpr std::size_t unwound = detail::rt_deepest + 8;  // before what is ours is taken off

std::mutex control;

// A violation of the calling thread, which is in a section; `innermost` is the code to begin the backtrace with.
__attribute__((noinline)) void report(char const* what, long call, void const* innermost) noexcept {
    int const kept_errno = errno;
    detail::rt_watch& w = mine;
    char const kept = w.selector;
    w.selector = allow;
    w.reporting = true;
    ++w.reported;
    void* raw[unwound];
    std::span<void* const> frames(raw, static_cast<std::size_t>(backtrace(raw, static_cast<int>(unwound))));
    auto const begin = std::find(frames.begin(), frames.end(), innermost);
    if (begin != frames.end()) frames = frames.subspan(static_cast<std::size_t>(begin - frames.begin()));
    detail::rt_record(what, call, frames);
    w.reporting = false;
    w.selector = kept;
    errno = kept_errno;
}

#ifdef HOCKET_HAS_DISPATCH
struct sigaction before;  // whom SIGSYS is passed on to that is none of ours

// To whom it was for before there were sections.
void pass_on(int number, siginfo_t* info, void* context) noexcept {
    if ((before.sa_flags & SA_SIGINFO) != 0) {
        before.sa_sigaction(number, info, context);
    } else if (before.sa_handler == SIG_DFL) {
        signal(number, SIG_DFL);
        raise(number);  // and the process ends when this handler returns
    } else if (before.sa_handler != SIG_IGN) {
        before.sa_handler(number);
    }
}

void on_system_call(int number, siginfo_t* info, void* context) noexcept {
    if (info->si_code != dispatched_call) {
        pass_on(number, info, context);
        return;
    }
    // First of all: whatever is called here may enter the kernel.
    mine.selector = allow;
    auto& machine = static_cast<ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
    auto& at = machine.gregs[REG_RIP];
    constexpr int instruction = 2;  // bytes of `syscall`
#else
    auto& at = machine.pc;
    constexpr int instruction = 4;  // of `svc`
#endif
    report(nullptr, info->si_syscall, reinterpret_cast<void const*>(at));
    at -= instruction;
}

bool dispatch(char volatile* selector) noexcept {
    // The kernel ends a thread that does not let the signal through.
    sigset_t ours;
    sigemptyset(&ours);
    sigaddset(&ours, SIGSYS);
    pthread_sigmask(SIG_UNBLOCK, &ours, nullptr);
    return prctl(set_dispatch, dispatch_on, 0, 0, selector) == 0;
}

// Once, and for good: sections may be under way when checking ends.
void handle() noexcept {
    static bool const done = [] {
        struct sigaction action {};
        action.sa_sigaction = &on_system_call;
        action.sa_flags = SA_SIGINFO | SA_ONSTACK;
        return sigaction(SIGSYS, &action, &before) == 0;
    }();
    static_cast<void>(done);
}
#else
bool dispatch(char volatile*) noexcept { return false; }
void handle() noexcept {}
#endif

// Whether doing it in a section is seen.
template <class F>
bool sees(F const& f) {
    unsigned const until_now = mine.reported;
    {
        rt_section const section;
        f();
    }
    return mine.reported != until_now;
}

}  // namespace

constinit std::atomic<bool> rt_section::checking_{false};

// Entering and leaving are non-blocking to who opens a section: what is done here is done before it and after it, and
// only while sections are checked.
HOCKET_TRUSTED

void rt_section::enter() noexcept {
    detail::rt_watch& w = mine;
    entered_ = &w;
    if (w.depth++ != 0) return;
    if (!w.dispatched) w.dispatched = dispatch(&w.selector);
    std::atomic_signal_fence(std::memory_order_seq_cst);
    w.selector = block;
}

void rt_section::leave() noexcept {
    detail::rt_watch& w = mine;
    if (entered_ != &w) {
        // The thread it was entered on may be gone: its watch is left as it is.
        ++w.depth;
        report("a suspension: the section went on on another thread", detail::no_call, __builtin_return_address(0));
        --w.depth;
        return;
    }
    if (--w.depth != 0) return;
    w.selector = allow;
    std::atomic_signal_fence(std::memory_order_seq_cst);
}

HOCKET_TRUSTED_END

void rt_section::note(char const* what) noexcept {
    if (mine.depth == 0 || mine.reporting) return;
    report(what, detail::no_call, __builtin_return_address(0));
}

rt_sight rt_section::check(bool on) {
    std::lock_guard const held(control);
    rt_sight sight;
    if (!on) {
        checking_.store(false, std::memory_order_relaxed);
        clear();
        return sight;
    }
    void* first[1];
    backtrace(first, 1);  // the first loads the unwinder, which allocates
    handle();
    checking_.store(true, std::memory_order_relaxed);
    pid_t const parent = getppid();
    pid_t seen_parent = 0;
    sight.system_calls = sees([&] { seen_parent = static_cast<pid_t>(syscall(SYS_getppid)); }) && seen_parent == parent;
    void* volatile memory = nullptr;
    sight.allocations = sees([&] { memory = std::malloc(1); });
    std::free(memory);
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    sight.locks = sees([&] { pthread_mutex_lock(&lock); });
    pthread_mutex_unlock(&lock);
    clear();
    return sight;
}

std::vector<rt_violation> rt_section::violations() { return detail::rt_recorded(); }

std::uint64_t rt_section::count() noexcept { return detail::rt_recorded_count(); }

void rt_section::clear() noexcept { detail::rt_forget(); }

}  // namespace hocket::inline HOCKET_ABI::audio

// Memory faults, over Linux signals. (Explored builds: explored/seam.cpp.)
#include "seam/fault_trap.hpp"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include <hocket/detail/atomic.hpp>

#include "seam/lock.hpp"
#include "seam/thread.hpp"

namespace hocket::inline HOCKET_ABI::detail::seam {

namespace {

lock guard;               // over the next three
unsigned users = 0;
bool in_place = false;    // in front, or beneath
struct sigaction before;  // whom to pass on to: written only while ours is not in place

atomic<bool> before_spent{false};  // it was to be called once (SA_RESETHAND), and has been
atomic<fault_judge> the_judge{nullptr};
atomic<unsigned long> dying{0};  // the thread in die_after()
struct sigaction abort_before;

// What the machine's context says; null where this file does not know the machine.
memory_fault describe(siginfo_t const& info, void* context) noexcept {
    memory_fault f{static_cast<std::byte const*>(info.si_addr), nullptr, nullptr};
    [[maybe_unused]] auto const& machine = static_cast<ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
    f.stack_pointer = reinterpret_cast<std::byte const*>(machine.gregs[REG_RSP]);
    f.code = reinterpret_cast<void const*>(machine.gregs[REG_RIP]);
#elif defined(__aarch64__)
    f.stack_pointer = reinterpret_cast<std::byte const*>(machine.sp);
    f.code = reinterpret_cast<void const*>(machine.pc);
#endif
    return f;
}

[[noreturn]] void abort_as_before() noexcept {
    sigaction(SIGABRT, &abort_before, nullptr);
    abort();
}

// To who was there before us, as the kernel would have called him.
void pass_on(int number, siginfo_t* info, void* context) noexcept {
    bool const was_sent = info->si_code <= 0;  // by a process, not by the kernel for a fault
    bool const gone = before_spent.load(relaxed);
    bool const plain = (before.sa_flags & SA_SIGINFO) == 0;
    if (plain && before.sa_handler == SIG_IGN && was_sent) return;
    if (gone || (plain && (before.sa_handler == SIG_DFL || before.sa_handler == SIG_IGN))) {
        // The faulting instruction runs once more, and ends the process; a signal that was sent is sent once more.
        signal(number, SIG_DFL);
        if (was_sent) raise(number);
        return;
    }
    if ((before.sa_flags & SA_RESETHAND) != 0) before_spent.store(true, relaxed);
    sigset_t mask = before.sa_mask, kept;
    pthread_sigmask(SIG_BLOCK, &mask, &kept);
    if ((before.sa_flags & SA_NODEFER) != 0) {
        sigemptyset(&mask);
        sigaddset(&mask, number);
        pthread_sigmask(SIG_UNBLOCK, &mask, nullptr);
    }
    if (plain)
        before.sa_handler(number);
    else
        before.sa_sigaction(number, info, context);
    pthread_sigmask(SIG_SETMASK, &kept, nullptr);
}

void on_fault(int number, siginfo_t* info, void* context) noexcept {
    int const kept = errno;
    if (unsigned long const who = dying.load(relaxed); who != 0 && who == thread_id()) abort_as_before();
    fault_judge const judge = the_judge.load(acquire);  // acquire: pairs with the release in trap_faults()
    if (judge != nullptr && info->si_code > 0) judge(describe(*info, context));
    errno = kept;
    pass_on(number, info, context);
}

bool is_ours(struct sigaction const& a) noexcept {
    return (a.sa_flags & SA_SIGINFO) != 0 && a.sa_sigaction == &on_fault;
}

bool is_none(struct sigaction const& a) noexcept {
    return (a.sa_flags & SA_SIGINFO) == 0 && (a.sa_handler == SIG_DFL || a.sa_handler == SIG_IGN);
}

}  // namespace

void trap_faults(fault_judge judge) noexcept {
    hold const held(guard);
    the_judge.store(judge, release);  // release: pairs with the acquire in on_fault()
    if (users++ != 0) return;
    struct sigaction now {};
    sigaction(SIGSEGV, nullptr, &now);
    if (is_ours(now) || (in_place && !is_none(now))) return;
    before = now;
    before_spent.store(false, relaxed);
    struct sigaction ours {};
    ours.sa_sigaction = &on_fault;
    ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&ours.sa_mask);
    in_place = sigaction(SIGSEGV, &ours, nullptr) == 0;
}

void untrap_faults() noexcept {
    hold const held(guard);
    if (--users != 0) return;
    the_judge.store(nullptr, relaxed);
    struct sigaction now {};
    if (sigaction(SIGSEGV, nullptr, &now) != 0 || !is_ours(now)) return;
    if (before_spent.load(relaxed)) {
        before = {};
        before.sa_handler = SIG_DFL;
    }
    if (sigaction(SIGSEGV, &before, nullptr) == 0) in_place = false;
}

// A kernel's frame (11 KiB with AMX) for the fault, one for a fault or an abort within, a third for a handler of the
// program's for that; the rest is for a logger.
std::size_t signal_stack_size() noexcept { return 64 * 1024; }

void signal_stack::put_on(void* memory, std::size_t bytes) noexcept {
    stack_t mine{}, old{};
    mine.ss_sp = memory;
    mine.ss_size = bytes;
    if (sigaltstack(nullptr, &old) != 0) return;
    before_on_ = (old.ss_flags & SS_DISABLE) == 0;
    before_ = old.ss_sp;
    before_bytes_ = old.ss_size;
    if (before_on_ && before_bytes_ >= signal_stack_size()) return;
    on_ = sigaltstack(&mine, nullptr) == 0;  // fails in a signal handler that runs on one
}

void signal_stack::take_off() noexcept {
    if (!on_) return;
    on_ = false;
    stack_t old{};
    old.ss_flags = before_on_ ? 0 : SS_DISABLE;
    old.ss_sp = before_;
    old.ss_size = before_bytes_;
    sigaltstack(&old, nullptr);
}

// A timer that sends SIGABRT to the calling thread, once. By system call: glibc's own has not always been safe here.
static void arm_abort(std::int64_t after) noexcept {
    sigevent what{};
    what.sigev_notify = SIGEV_THREAD_ID;
    what.sigev_signo = SIGABRT;
    what._sigev_un._tid = static_cast<int>(syscall(SYS_gettid));
    int timer = 0;
    if (syscall(SYS_timer_create, CLOCK_MONOTONIC, &what, &timer) != 0) return;
    itimerspec when{};
    when.it_value.tv_sec = after / 1'000'000'000;
    when.it_value.tv_nsec = after % 1'000'000'000;
    syscall(SYS_timer_settime, timer, 0, &when, nullptr);
}

void die_after(void (*last_words)(void*) noexcept, void* what, std::int64_t limit) noexcept {
    unsigned long nobody = 0;
    if (!dying.compare_exchange_strong(nobody, thread_id(), relaxed))
        while (true) ::pause();
    struct sigaction at_once {};
    at_once.sa_handler = [](int) { abort_as_before(); };
    at_once.sa_flags = SA_ONSTACK;
    sigemptyset(&at_once.sa_mask);
    sigaction(SIGABRT, &at_once, &abort_before);
    arm_abort(limit);
    sigset_t both;
    sigemptyset(&both);
    sigaddset(&both, SIGABRT);
    sigaddset(&both, SIGSEGV);
    pthread_sigmask(SIG_UNBLOCK, &both, nullptr);
    last_words(what);
    abort_as_before();
}

}  // namespace hocket::inline HOCKET_ABI::detail::seam

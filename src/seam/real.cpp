// The seam over a real kernel: clock, futex, membarrier, pthreads and a random stream. (Explored builds: explored/.)
#include <errno.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <system_error>

#include "seam/choice.hpp"
#include "seam/clock.hpp"
#include "seam/fence.hpp"
#include "seam/futex.hpp"
#include "seam/pause.hpp"
#include "seam/thread.hpp"

namespace hocket::inline HOCKET_ABI::detail::seam {

std::int64_t now() noexcept {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

void yield_thread() noexcept { sched_yield(); }

static_assert(sizeof(atomic<std::uint32_t>) == sizeof(std::uint32_t), "a futex is the word itself");

bool futex_wait(atomic<std::uint32_t>& word, std::uint32_t expected, std::int64_t deadline) noexcept {
    timespec until;
    if (deadline != forever) {
        if (deadline < 0) deadline = 0;
        until.tv_sec = deadline / 1'000'000'000;
        until.tv_nsec = deadline % 1'000'000'000;
    }
    // WAIT_BITSET takes an absolute CLOCK_MONOTONIC time, so that a spurious return does not lengthen the wait.
    long const result = syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, expected,
                                deadline == forever ? nullptr : &until, nullptr, FUTEX_BITSET_MATCH_ANY);
    return !(result == -1 && errno == ETIMEDOUT);
}

void futex_wake(atomic<std::uint32_t>& word, int count) noexcept {
    int const saved = errno;  // a waker is often a user's unlock(), which must leave errno alone
    syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
    errno = saved;
}

static bool register_membarrier() noexcept {
    long const supported = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
    if (supported < 0 || !(supported & MEMBARRIER_CMD_PRIVATE_EXPEDITED)) return false;
    return syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0) == 0;
}

bool fences_are_unequal = false;

// Before any constructor with a default priority, so that a runtime in static storage already finds it set.
__attribute__((constructor(101))) static void register_at_start() { fences_are_unequal = register_membarrier(); }

void heavy_fence() noexcept {
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (fences_are_unequal) syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

void* thread::body(void* self) {
    auto* const t = static_cast<thread*>(self);
    pthread_setname_np(pthread_self(), t->name_);
    t->entry_(t->argument_);
    return nullptr;
}

int thread::create(pthread_attr_t const* how) noexcept {
    int const error = pthread_create(&handle_, how, &thread::body, this);
    started_ = error == 0;
    return error;
}

static void check_started(int error) {
    if (error != 0) throw std::system_error(error, std::generic_category(), "hocket: cannot start a worker thread");
}

void thread::start(char const* name, void (*entry)(void*), void* argument) {
    entry_ = entry;
    argument_ = argument;
    strncpy(name_, name, sizeof name_ - 1);
    check_started(create(nullptr));
}

void thread::start_apart(char const* name, void (*entry)(void*), void* argument, affinity const& cores) {
    entry_ = entry;
    argument_ = argument;
    strncpy(name_, name, sizeof name_ - 1);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_attr_t how;
    int error = pthread_attr_init(&how);
    if (error == 0) {
        sched_param const ordinary{};
        pthread_attr_setinheritsched(&how, PTHREAD_EXPLICIT_SCHED);
        pthread_attr_setschedpolicy(&how, SCHED_OTHER);
        pthread_attr_setschedparam(&how, &ordinary);
        pthread_attr_setaffinity_np(&how, sizeof cores.cores_, &cores.cores_);
        error = create(&how);
        pthread_attr_destroy(&how);
    }
    if (error == EPERM || error == EINVAL) error = create(nullptr);
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    check_started(error);
}

affinity affinity::of_this_thread() noexcept {
    affinity a;
    CPU_ZERO(&a.cores_);
    if (pthread_getaffinity_np(pthread_self(), sizeof a.cores_, &a.cores_) != 0)
        for (unsigned core = 0; core < CPU_SETSIZE; ++core) CPU_SET(core, &a.cores_);
    return a;
}

void thread::join() noexcept {
    if (!started_) return;
    pthread_join(handle_, nullptr);
    started_ = false;
}

unsigned long thread_id() noexcept { return static_cast<unsigned long>(pthread_self()); }

std::uint32_t choice::below(std::uint32_t n) noexcept {
    // xorshift64*, then the high half scaled to the range (Lemire's multiplication).
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    std::uint64_t const high = (state_ * 0x2545F4914F6CDD1Du) >> 32;
    return static_cast<std::uint32_t>((high * n) >> 32);
}

}  // namespace hocket::inline HOCKET_ABI::detail::seam

// libhocket-rt-hooks: stands in front of the C library's allocation and locks, and tells rt_section of each use.
//
// What is asked for is done by the next in line, whoever that is. Outside of a checked section a call costs a read of
// the thread's watch.
// A thread that is to be cancelled anywhere (libjack ends its own so) is unwound out of these calls: they are compiled
// without exceptions, else noexcept, and every place without a handler, would end the program.
// Not hooked: what unlocks (its lock was seen), reallocarray and the like (they call these).
// Memory order: a resolved function may be stored twice, with the same value.
#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <time.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <hocket/audio/rt_section.hpp>

namespace {

// The function of that name behind ours.
template <class F>
class next {
public:
    explicit constexpr next(char const* name) noexcept : name_(name) {}
    template <class... A>
    auto operator()(A... a) {
        hocket::audio::rt_section::note(name_);
        F* f = found_.load(std::memory_order_relaxed);
        if (f == nullptr) {
            f = reinterpret_cast<F*>(dlsym(RTLD_NEXT, name_));
            if (f == nullptr) std::abort();
            found_.store(f, std::memory_order_relaxed);
        }
        return f(a...);
    }

private:
    char const* name_;
    std::atomic<F*> found_{nullptr};
};

}  // namespace

// NAME is hooked: parameters and arguments in parentheses, then noexcept where the C library has it; the others are
// points where a thread may be cancelled.
#define HOOK(result, name, parameters, arguments, ...)          \
    extern "C" HOCKET_API result name parameters __VA_ARGS__ {  \
        static constinit next<result parameters> behind(#name); \
        return behind arguments;                                \
    }

HOOK(void*, malloc, (std::size_t size), (size), noexcept)
HOOK(void*, calloc, (std::size_t count, std::size_t size), (count, size), noexcept)
HOOK(void*, realloc, (void* p, std::size_t size), (p, size), noexcept)
HOOK(void, free, (void* p), (p), noexcept)
HOOK(void*, aligned_alloc, (std::size_t alignment, std::size_t size), (alignment, size), noexcept)
HOOK(void*, memalign, (std::size_t alignment, std::size_t size), (alignment, size), noexcept)
HOOK(int, posix_memalign, (void** to, std::size_t alignment, std::size_t size), (to, alignment, size), noexcept)

HOOK(int, pthread_mutex_lock, (pthread_mutex_t * m), (m), noexcept)
HOOK(int, pthread_mutex_trylock, (pthread_mutex_t * m), (m), noexcept)
HOOK(int, pthread_mutex_timedlock, (pthread_mutex_t * m, timespec const* until), (m, until), noexcept)
HOOK(int, pthread_mutex_clocklock, (pthread_mutex_t * m, clockid_t clock, timespec const* until), (m, clock, until),
     noexcept)
HOOK(int, pthread_rwlock_rdlock, (pthread_rwlock_t * l), (l), noexcept)
HOOK(int, pthread_rwlock_tryrdlock, (pthread_rwlock_t * l), (l), noexcept)
HOOK(int, pthread_rwlock_wrlock, (pthread_rwlock_t * l), (l), noexcept)
HOOK(int, pthread_rwlock_trywrlock, (pthread_rwlock_t * l), (l), noexcept)
HOOK(int, pthread_spin_lock, (pthread_spinlock_t * l), (l), noexcept)
HOOK(int, pthread_spin_trylock, (pthread_spinlock_t * l), (l), noexcept)
HOOK(int, pthread_cond_wait, (pthread_cond_t * c, pthread_mutex_t* m), (c, m))
HOOK(int, pthread_cond_timedwait, (pthread_cond_t * c, pthread_mutex_t* m, timespec const* until), (c, m, until))
HOOK(int, pthread_cond_clockwait, (pthread_cond_t * c, pthread_mutex_t* m, clockid_t clock, timespec const* until),
     (c, m, clock, until))
HOOK(int, pthread_cond_signal, (pthread_cond_t * c), (c), noexcept)
HOOK(int, pthread_cond_broadcast, (pthread_cond_t * c), (c), noexcept)
HOOK(int, sem_wait, (sem_t * s), (s))
HOOK(int, sem_trywait, (sem_t * s), (s), noexcept)
HOOK(int, sem_timedwait, (sem_t * s, timespec const* until), (s, until))
HOOK(int, sem_post, (sem_t * s), (s), noexcept)

// Does nothing. A program that allocates and locks only through others calls it, so that the linker keeps this library.
extern "C" HOCKET_API void hocket_rt_hooks() noexcept {}

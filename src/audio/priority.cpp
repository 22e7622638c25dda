// Scheduling classes and cores, by Linux's calls.
#include "audio/priority.hpp"

#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace hocket::inline HOCKET_ABI::audio::detail {

bool become_realtime(int priority) noexcept {
    sched_param parameters{};
    parameters.sched_priority = priority;
    return pthread_setschedparam(pthread_self(), SCHED_FIFO, &parameters) == 0;
}

// What sched_setattr() takes; glibc has no name for it yet.
struct scheduling {
    std::uint32_t size = sizeof(scheduling);
    std::uint32_t policy = SCHED_OTHER;
    std::uint64_t flags = 0;
    std::int32_t nice = 10;
    std::uint32_t priority = 0;
    std::uint64_t runtime = 0;  // of SCHED_OTHER: the length of a turn, in ns; 0 for the usual one
    std::uint64_t deadline = 0;
    std::uint64_t period = 0;
};

void become(thread_class wanted) noexcept {
    scheduling s;
    if (wanted == thread_class::ordinary) s.nice = 0;
    if (wanted == thread_class::background) s.runtime = 200'000;
    if (wanted == thread_class::idle) s.policy = SCHED_IDLE;
    syscall(SYS_sched_setattr, 0, &s, 0);
}

std::vector<int> usable_cores() {
    cpu_set_t set;
    std::vector<int> result;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return result;
    for (int core = 0; core < CPU_SETSIZE; ++core)
        if (CPU_ISSET(core, &set)) result.push_back(core);
    return result;
}

void bind_to_core(int core) noexcept {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(core, &set);
    pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

}  // namespace hocket::inline HOCKET_ABI::audio::detail

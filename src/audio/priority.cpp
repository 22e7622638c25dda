// Scheduling classes and cores, by Linux's calls.
#include "audio/priority.hpp"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

namespace hocket::inline HOCKET_ABI::audio::detail {

bool become_realtime(int priority) noexcept {
    sched_param parameters{};
    parameters.sched_priority = priority;
    return pthread_setschedparam(pthread_self(), SCHED_FIFO, &parameters) == 0;
}

void become(thread_class wanted) noexcept {
    sched_param const parameters{};
    // On Linux the nice value is the calling thread's alone. It comes first: without privileges a thread leaves SCHED_IDLE
    // only for a nice value that it might take.
    if (wanted != thread_class::ordinary) setpriority(PRIO_PROCESS, 0, 10);
    pthread_setschedparam(pthread_self(), wanted == thread_class::idle ? SCHED_IDLE : SCHED_OTHER, &parameters);
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

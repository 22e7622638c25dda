// Scheduling classes, by Linux's calls.
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

bool become_background() noexcept {
    sched_param const parameters{};
    pthread_setschedparam(pthread_self(), SCHED_OTHER, &parameters);
    // On Linux this is the nice value of the calling thread alone.
    setpriority(PRIO_PROCESS, 0, 10);
    return true;
}

}  // namespace hocket::inline HOCKET_ABI::audio::detail

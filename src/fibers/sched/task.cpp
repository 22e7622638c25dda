// The names of states and reasons, and the check of the state table.
#include "fibers/sched/task.hpp"

#include "fibers/sched/misuse.hpp"

namespace hocket::inline HOCKET_ABI::detail {

char const* to_string(task_state s) noexcept {
    switch (s) {
        case task_state::free: return "free";
        case task_state::fresh: return "not started";
        case task_state::running: return "running";
        case task_state::suspended:
        case task_state::resting:
        case task_state::trimmed: return "suspended";
        case task_state::ready: return "ready";
    }
    return "?";
}

char const* to_string(wait_reason r) noexcept {
    switch (r) {
        case wait_reason::none: return "";
        case wait_reason::yield: return "yields";
        case wait_reason::sleep: return "sleeps";
        case wait_reason::mutex: return "waits for a mutex";
        case wait_reason::condition: return "waits for a condition variable";
        case wait_reason::semaphore: return "waits for a semaphore";
        case wait_reason::latch: return "waits for a latch";
        case wait_reason::barrier: return "waits for a barrier";
        case wait_reason::event: return "waits for an event";
        case wait_reason::channel_send: return "sends into a full channel";
        case wait_reason::channel_receive: return "receives from an empty channel";
        case wait_reason::select: return "waits in a select";
        case wait_reason::limiter: return "waits for a place in a limiter";
        case wait_reason::completion: return "waits for a result";
        case wait_reason::join: return "waits for its tasks";
    }
    return "?";
}

void task::illegal_step(task_state from, task_state to) const noexcept {
    internal_error("task %llu goes from '%s' to '%s' but is '%s'", static_cast<unsigned long long>(std::uint64_t{id}),
                   to_string(from), to_string(to), to_string(state.load(relaxed)));
}

}  // namespace hocket::inline HOCKET_ABI::detail

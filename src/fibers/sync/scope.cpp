// Counting the tasks of a scope without an atomic operation for each.
//
// Protocol: left_ begins at `open`, which no number of tasks reaches. Tasks that end are subtracted, in groups: a worker
//   adds up those that end one after the other and tells of them when something else comes (worker::settle_tally).
//   Those that the owner spawns are counted in a plain variable, which join adds as it takes `open` away; those that
//   tasks of the scope spawn are added at once, and such a task is itself still counted. So from the join on left_ is
//   the number of live tasks, and whoever brings it to zero is the last: join itself, or the worker that wakes the
//   joiner, who has left his waiter before.
// Memory order: settle() releases what the tasks wrote; the joiner acquires it by the count, or by being woken.
#include <hocket/scope.hpp>

#include "fibers/sched/misuse.hpp"
#include "fibers/sync/waiter.hpp"
#include "seam/lock.hpp"

namespace hocket::inline HOCKET_ABI::detail {

// Stops when it is asked to, or when the runtime is.
struct scope_core::stop_state {
    struct forward {
        std::stop_source& to;
        void operator()() const noexcept { to.request_stop(); }
    };
    explicit stop_state(std::stop_token of_runtime) : link(std::move(of_runtime), forward{source}) {}

    std::stop_source source;
    std::stop_callback<forward> link;
};

// The job that the fiber is calling inside itself: another identity, though the same task.
static job* inlined_in(task const* t) noexcept { return t != nullptr ? t->face.inlined : nullptr; }

scope_core::scope_core() noexcept : owner_(this_task()), within_(inlined_in(owner_)) {}

scope_core::~scope_core() { delete stop_; }

void scope_core::settle(std::int64_t ended) noexcept {
    // acq_rel: what these tasks wrote, for the joiner; the joiner's waiter, for us
    if (left_.fetch_sub(ended, acq_rel) == ended) joiner_->deliver();
}

std::exception_ptr scope_core::wait() noexcept {
    // acquire: pairs with settle()
    if (spawned_ != 0 || left_.load(acquire) != open) {
        if (this_task() != owner_ || inlined_in(owner_) != within_) misuse("a scope was joined by a fiber that did not make it");
        waiter me(wait_reason::join);
        joiner_ = &me;
        std::int64_t const less = open - std::exchange(spawned_, 0);
        // release: the waiter, for the last of the tasks; acquire: what they wrote
        if (left_.fetch_sub(less, acq_rel) != less) me.wait();
        left_.store(open, relaxed);
    }
    return std::exchange(failure_, nullptr);  // nobody else is left
}

void scope_core::failed(std::exception_ptr e) noexcept {
    {
        hold held(guard_);
        if (failure_) return;
        failure_ = std::move(e);
    }
    request_stop();
}

bool scope_core::request_stop() noexcept {
    std::stop_source asked{std::nostopstate};
    {
        hold held(guard_);
        if (stop_ == nullptr) return !std::exchange(stopped_, true);
        asked = stop_->source;
    }
    return asked.request_stop();  // outside the lock: callbacks run
}

std::stop_token scope_core::get_token() {
    std::stop_token of_runtime;
    if (owner_ != nullptr) of_runtime = owner_->home->stop.get_token();
    hold held(guard_);
    if (stop_ == nullptr) {
        stop_ = new stop_state(std::move(of_runtime));
        if (stopped_) stop_->source.request_stop();
    }
    return stop_->source.get_token();
}

}  // namespace hocket::inline HOCKET_ABI::detail

// The loop: what a worker does next.
#include "fibers/sched/worker.hpp"

#include <algorithm>
#include <hocket/detail/fault.hpp>
#include <hocket/scope.hpp>
#include <hocket/this_fiber.hpp>
#include <utility>

#include "fibers/sched/misuse.hpp"
#include "fibers/sched/scheduler.hpp"
#include "fibers/sched/switch.hpp"
#include "fibers/sched/task_memory.hpp"
#include "seam/clock.hpp"

namespace hocket::inline HOCKET_ABI::detail {

namespace {

// A look around (clock, timers, injection queue, oldest task) should come about this often, in nanoseconds, whatever
// a dispatch costs: the period, in dispatches, follows the load.
constexpr std::int64_t look_every = 50'000;
constexpr std::uint32_t longest_period = 256;

constexpr std::size_t injection_batch = 16;

// A look at the clock costs as much as some 13 yield points.
constexpr std::int32_t points_per_look = 64;

}  // namespace

worker::worker(scheduler& s, unsigned i, bool b, std::uint64_t seed)
    : sched(s), index(i), blocking(b), fresh(b ? 2 : 256), timers(seam::now()), stacks(s.stacks), records(s.records),
      closures(s.closures), blocks(s.blocks), choose(seed) {
    special = blocking || s.options.observer.suspend != nullptr;
    if (s.contexts != best_backend) odd = by_boost;
}

worker::~worker() {
    if (stack* const s = spare.load(relaxed); s != nullptr) stacks.give(s);
    while (idle_memory != nullptr) end_memory(std::exchange(idle_memory, idle_memory->next));
}

void worker::enter() noexcept {
    // shutdown() may come from a fiber of another runtime: home is then that fiber's stack, and its worker comes back
    // afterwards.
    worker* const outer = this_worker();
    home_view = outer != nullptr ? view_of(*outer->stood_on()) : view_of_this_thread();
    signals.put_on();
    seam::set_current(this);
    exceptions = exceptions_of_this_thread();
    if (!hold_spare()) internal_error("worker %u has no stack to begin on", index);
    home_fp = fp_control::now();
    sched.fp.put();
    if (!blocking) sched.watchman.stir();
    leave_home(*this);
    home_fp.put();
    seam::set_current(outer);
    signals.take_off();
}

bool worker::take_a_spare() noexcept {
    stack* const s = stacks.take();
    if (s == nullptr) return false;
    if (s->context == nullptr) s->context = make_context(sched.contexts, *s, &begin_loop).token;
    spare.store(s, relaxed);
    return true;
}

stack* worker::take_spare() noexcept {
    stack* const s = spare.load(relaxed);
    if (s == nullptr) internal_error("worker %u suspends a task without a spare stack", index);
    spare.store(nullptr, relaxed);
    return s;
}

void worker::drain_mail() noexcept {
    task* t = mail.take_all();
    while (t != nullptr) {
        task* const next = t->link;
        pinned.push(t);
        t = next;
    }
    letter* l = letters.take_all();
    while (l != nullptr) {
        letter* const next = l->link;
        if (!seam::fault_injected(seam::fault::letter_keeps_its_link)) l->link = l;  // null: the wait was cancelled
        t = l->about;
        t->state.store(task_state::ready, relaxed);
        sched.parked.let_go();
        pinned.push(t);
        l = next;
    }
}

// Takes the mail in. The word is cleared before anybody's business is looked at, so what comes meanwhile sets it again.
void worker::answer() noexcept {
    if (!special) called.exchange(0, seq_cst);
    if (!no_mail()) drain_mail();
    if (special || !pinned.empty() || leaving.load(seq_cst) || sched.cancelling()) called.store(1, relaxed);
}

// Once in a while: everything that the fast path does not look at. Returns a task that has waited long, or null.
task* worker::look_around() noexcept {
    std::int64_t const now = seam::now();
    std::int64_t const took = now - last_look;
    last_look = now;
    if (took > 2 * look_every)
        period = std::max<std::uint32_t>(1, static_cast<std::uint32_t>(period * look_every / took));
    else if (took < look_every / 2)
        period = std::min(longest_period, period * 2);
    dispatches_left = yields_left = yields_counted = static_cast<std::int32_t>(period);

    sched.service(timers, now);
    if (!sched.zero_present.load(relaxed) && index != 0) sched.service(sched.at(0).timers, now);
    if (!no_mail()) drain_mail();
    if (!ready.empty() || !fresh.empty()) sched.wake_for_work(*this);
    // In turn: what waits outside, and the oldest of our own.
    if (choose.below(2) == 0)
        if (task* const t = sched.injected.pop(); t != nullptr) return t;
    bool lost = false;
    if (task* const t = fresh.steal(lost); t != nullptr) return t;
    return sched.injected.pop();
}

void worker::pass_point() noexcept {
    points_left = points_per_look;
    if (blocking || current() == nullptr || seam::now() - last_look < look_every) return;
    yields_left = 0;  // so the yield goes by the loop, which looks around
    this_fiber::yield();
}

task* worker::next() noexcept {
    if (blocking) {
        if (!no_mail()) drain_mail();
        // Neither keeps the other waiting.
        task* t = choose.below(2) == 0 ? pinned.pop() : nullptr;
        if (t == nullptr) t = sched.blocking_tasks.pop();
        return t != nullptr ? t : pinned.pop();
    }
    if (--dispatches_left < 0)
        if (task* const t = look_around(); t != nullptr) return t;
    if (called.load(relaxed) != 0) answer();
    if (std::exchange(prefer_fresh, false))
        if (task* const t = fresh.take(mine); t != nullptr) return t;
    // Pinned and free fibers in turn.
    if (!pinned.empty() && (dispatches_left % 2 == 0 || ready.empty())) return pinned.pop();
    if (task* const t = ready.pop(mine); t != nullptr) return t;
    if (task* const t = pinned.pop(); t != nullptr) return t;
    if (task* const t = fresh.take(mine); t != nullptr) return t;
    return take_injected();
}

// A few from outside at once. The oldest is returned; of the others, fibers are ready, and fresh tasks lie in the deque
// so that the oldest is the next.
task* worker::take_injected() noexcept {
    task_list some = sched.injected.pop(injection_batch);
    task* const first = some.pop();
    task* newest_fresh = nullptr;
    while (task* const t = some.pop()) {
        if (t->own != nullptr) {
            push_ready(t);
        } else {
            t->link = newest_fresh;
            newest_fresh = t;
        }
    }
    while (newest_fresh != nullptr) {
        task* const t = std::exchange(newest_fresh, newest_fresh->link);
        if (!fresh.push(t)) sched.injected.push(t);
        odd |= has_fresh;
    }
    // As after a theft.
    if (!ready.empty() || !fresh.empty()) sched.wake_for_work(*this);
    return first;
}

void worker::put_back(task* t) noexcept {
    if (t->pinned != any_worker)
        push_pinned(t);
    else if (t->kind == task_kind::blocking)
        sched.blocking_tasks.push(t);
    else
        sched.injected.push(t);
    starve();
}

task* worker::next_by_search() noexcept {
    count_yields();
    if (leaving.load(relaxed)) {
        if (seat.searching) found();
        settle_tally();
        if (sched.work_visible()) sched.wake_for_work();  // the others have to do it now
        go_home();
        return nullptr;
    }
    task* t = next();
    if (t == nullptr) {
        settle_tally();
        t = blocking ? rest() : idle();
        if (t == nullptr) return nullptr;
    }
    idle_since = 0;
    unasked = false;
    if (seat.searching) found();
    note_pinned();
    if (blocking && !seam::fault_injected(seam::fault::blocking_worker_keeps_the_rest)) {
        // While it looked for work, or did not sleep after all, what came may have been left to it.
        if (sched.blocking_tasks.size() != 0) sched.pool_seats.wake();
        // It was perhaps the one that looked for waiting work, and is busy now: another has to look.
        if (sched.work_visible()) sched.wake_for_work();
    }
    return t;
}

void worker::settle_tally() noexcept {
    odd &= static_cast<unsigned char>(~has_tally);
    scope_core* const scope = std::exchange(tally.whom, ending()).scope();
    if (scope == nullptr || seam::fault_injected(seam::fault::scope_forgets_to_settle)) return;
    scope->settle(tally.ended);
}

// What this worker keeps goes to the pools, and its empty queues are small again.
void worker::flush() noexcept {
    mine.take_back();
    jobs.shrink(mine);
    fresh.shrink(mine);
    ready.shrink(mine);
    stacks.flush(2);
    records.flush();
    while (idle_memory != nullptr) end_memory(std::exchange(idle_memory, idle_memory->next));
    idle_memory_count = 0;
    idle_memory_bytes.store(0, relaxed);
    closures.flush();
    blocks.flush();
}

}  // namespace hocket::inline HOCKET_ABI::detail

// The loop: what a worker does next.
#include "fibers/sched/worker.hpp"

#include <algorithm>
#include <utility>

#include "fibers/sched/execute.hpp"
#include "fibers/sched/misuse.hpp"
#include "fibers/sched/scheduler.hpp"
#include "fibers/sched/switch.hpp"
#include "fibers/sched/task_memory.hpp"
#include "seam/clock.hpp"
#include "seam/pause.hpp"

namespace hocket::inline HOCKET_ABI::detail {

namespace {

// A look around (clock, timers, injection queue, oldest task) should come about this often, in nanoseconds, whatever
// a dispatch costs: the period, in dispatches, follows the load.
constexpr std::int64_t look_every = 50'000;
constexpr std::uint32_t longest_period = 256;

// How long a worker without work looks for some before it sleeps, in nanoseconds: about ten times what waking it
// would cost.
#ifdef HOCKET_EXPLORED
constexpr std::int64_t search_for = 0;
constexpr int pauses = 1;
#else
constexpr std::int64_t search_for = 50'000;
constexpr int pauses = 32;
#endif

// A blocking worker helps with ordinary work that it saw waiting at two looks in a row, so far apart.
constexpr std::int64_t help_after = 200'000;
// It goes on at once with the next when helping was worth it: the task took this long.
constexpr std::int64_t worth_helping = 20'000;
// Looks without anything waiting until it sleeps for good.
constexpr int looks = 16;

constexpr std::size_t injection_batch = 16;
constexpr unsigned idle_memories = 16;

}  // namespace

worker::worker(scheduler& s, unsigned i, bool b, std::uint64_t seed)
    : sched(s), index(i), blocking(b), fresh(b ? 2 : 256), timers(seam::now()), stacks(s.stacks), records(s.records),
      blocks(s.blocks), choose(seed) {}

worker::~worker() {
    if (stack* const s = spare.load(relaxed); s != nullptr) stacks.give(s);
    while (idle_memory != nullptr) delete std::exchange(idle_memory, idle_memory->next);
}

void worker::enter() noexcept {
    // shutdown() may come from a fiber of another runtime: home is then that fiber's stack, and its worker comes back
    // afterwards.
    worker* const outer = this_worker();
    home_view = outer != nullptr ? view_of(*outer->here) : view_of_this_thread();
    seam::set_current(this);
    exceptions = exceptions_of_this_thread();
    if (!hold_spare()) internal_error("worker %u has no stack to begin on", index);
    leave_home(*this);
    seam::set_current(outer);
}

bool worker::hold_spare() noexcept {
    if (spare.load(relaxed) != nullptr) return true;
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

// The ring is full: half of it goes where everybody finds it.
void worker::overflow(task* t) noexcept {
    for (std::size_t i = 0; i < ready.capacity / 2; ++i)
        if (task* const older = ready.pop(); older != nullptr) sched.injected.push(older);
    if (!ready.push(t)) sched.injected.push(t);
}

void worker::drain_mail() noexcept {
    task* t = mail.take_all();
    while (t != nullptr) {
        task* const next = t->link;
        pinned.push(t);
        t = next;
    }
}

void worker::service_timers(timer_wheel& wheel, std::int64_t now) noexcept {
    task* t = wheel.service(now);
    while (t != nullptr) {
        task* const next = t->link;
        sched.make_ready(t);
        t = next;
    }
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
    tick = 0;

    service_timers(timers, now);
    if (!sched.zero_present.load(relaxed) && index != 0) service_timers(sched.at(0).timers, now);
    if (!mail.empty()) drain_mail();
    if (ready.size() + fresh.size() != 0) sched.wake_for_work();
    // In turn: what waits outside, and the oldest of our own.
    if (choose.below(2) == 0)
        if (task* const t = sched.injected.pop(); t != nullptr) return t;
    bool lost = false;
    if (task* const t = fresh.steal(lost); t != nullptr) return t;
    return sched.injected.pop();
}

task* worker::next() noexcept {
    if (hand != nullptr) return std::exchange(hand, nullptr);
    if (blocking) return sched.blocking_tasks.pop();
    if (++tick >= period)
        if (task* const t = look_around(); t != nullptr) return t;
    if (!mail.empty()) drain_mail();
    if (std::exchange(prefer_fresh, false))
        if (task* const t = fresh.take(); t != nullptr) return t;
    // Pinned and free fibers in turn.
    if (!pinned.empty() && (tick % 2 == 0 || ready.size() == 0)) return pinned.pop();
    if (task* const t = ready.pop(); t != nullptr) return t;
    if (task* const t = pinned.pop(); t != nullptr) return t;
    if (task* const t = fresh.take(); t != nullptr) return t;
    task_list some = sched.injected.pop(injection_batch);
    task* const first = some.pop();
    while (task* const t = some.pop()) push_ready(t);
    return first;
}

task* worker::steal() noexcept {
    unsigned const n = sched.ordinary();
    unsigned const first = choose.below(n);
    for (unsigned i = 0; i < n; ++i) {
        worker& victim = sched.at((first + i) % n);
        if (&victim == this) continue;
        bool lost = true;
        while (std::exchange(lost, false))
            if (task* const t = victim.fresh.steal(lost); t != nullptr) {
                ++steals;
                return t;
            }
        if (blocking) {  // a blocking worker's own queues are looked at by nobody else: one at a time
            if (task* const t = victim.ready.steal(); t != nullptr) {
                ++steals;
                return t;
            }
        } else if (std::size_t const got = ready.steal_half(victim.ready); got != 0) {
            steals += got;
            return ready.pop();
        }
    }
    return nullptr;
}

// Everything a worker without work of its own can look at.
task* worker::search() noexcept {
    std::int64_t const now = seam::now();
    service_timers(timers, now);
    if (!sched.zero_present.load(relaxed) && index != 0) service_timers(sched.at(0).timers, now);
    if (!mail.empty()) drain_mail();
    if (task* const t = pinned.pop(); t != nullptr) return t;
    if (task* const t = ready.pop(); t != nullptr) return t;
    if (task* const t = sched.injected.pop(); t != nullptr) return t;
    return steal();
}

// Searches for a while, then sleeps. [carrier]
void worker::idle() noexcept {
    sched.seats.start_search(seat);
    auto next_timer = [this] {
        std::int64_t const mine = timers.next_service();
        return sched.zero_present.load(relaxed) ? mine : std::min(mine, sched.at(0).timers.next_service());
    };
    std::int64_t const begun = seam::now();
    // With a timer so near that it would be waited for awake, sleep: a worker with nothing but timers must not spin.
    std::int64_t const until = next_timer() < begun + search_for ? begun : begun + search_for;
    do {
        if (task* const t = search(); t != nullptr) {
            hand = t;
            return;
        }
        if (leaving.load(relaxed)) return;
        for (int i = 0; i < pauses; ++i) seam::pause();
    } while (seam::now() < until);

    ++sleeps;
    std::int64_t const deadline = next_timer();
    sched.seats.sleep(seat, deadline, [&] {
        sched.check_drained();
        return leaving.load(relaxed) || !mail.empty() || sched.work_visible() || next_timer() < deadline;
    });
    tick = period;  // the clock has moved on: look around first
}

// A blocking worker without a blocking task: helps with ordinary work that nobody else gets round to. [carrier]
void worker::rest() noexcept {
    auto something = [this] { return leaving.load(relaxed) || sched.blocking_tasks.size() != 0; };
    std::int64_t const now = seam::now();
    bool const waiting = sched.work_visible();
    // Helping goes on without a pause only where it was worth it.
    if (std::exchange(helping, false)) saw_waiting = now - help_began >= worth_helping;
    if (waiting && saw_waiting) {
        task* t = sched.injected.pop();
        if (t == nullptr) t = steal();
        if (t != nullptr) {
            hand = t;
            helping = true;
            help_began = now;
            return;
        }
    }
    saw_waiting = waiting;
    if (waiting) looks_left = looks;
    if (looks_left > 0) {
        --looks_left;
        sched.pool_seats.sleep(seat, now + help_after, something);
        return;
    }
    sched.deep_sleepers.fetch_add(1, seq_cst);
    ++sleeps;
    sched.pool_seats.sleep(seat, seam::forever, [&] {
        sched.check_drained();
        return something() || sched.work_visible();
    });
    sched.deep_sleepers.fetch_sub(1, seq_cst);
    looks_left = looks;
    saw_waiting = false;
}

// No stack is to be had: fresh tasks wait, suspended ones go on. [carrier]
void worker::starve() noexcept {
    if (sched.stacks_ran_out.exchange(1, relaxed) == 0)
        sched.log(log_level::warning, "no stack can be had, fresh tasks wait: " + sched.stacks.shortage());
    drain_mail();
    for (std::size_t n = ready.size() + 1; n != 0; --n) {
        task* const t = ready.pop();
        if (t == nullptr) break;
        if (t->own != nullptr) {
            hand = t;
            return;
        }
        sched.injected.push(t);
    }
    task_list fresh_ones;
    while (task* const t = pinned.pop()) {
        if (t->own != nullptr && hand == nullptr)
            hand = t;
        else
            fresh_ones.push(t);
    }
    pinned = fresh_ones;
    if (hand != nullptr) return;
    service_timers(timers, seam::now());
    if (ready.size() != 0 || hold_spare()) return;
    seats().sleep(seat, seam::now() + 1'000'000, [this] { return leaving.load(relaxed); });
}

parking& worker::seats() noexcept { return blocking ? sched.pool_seats : sched.seats; }

// Ends a search: others may have left work to it. [carrier]
void worker::found() noexcept {
    if (!seats().found(seat)) return;
    if (blocking && sched.blocking_tasks.size() != 0) sched.pool_seats.wake();
    if (sched.work_visible()) sched.wake_for_work();
}

void worker::turn() noexcept {
    if (leaving.load(relaxed) && hand == nullptr) {
        if (seat.searching) found();
        if (sched.work_visible()) sched.wake_for_work();  // the others have to do it now
        go_home();
        return;
    }
    task* const t = next();
    if (t == nullptr) {
        if (blocking)
            rest();
        else
            idle();
        return;
    }
    if (seat.searching) found();
    // It was perhaps the one blocking worker that looked for waiting work, and is busy now: another has to look.
    if (blocking && sched.work_visible()) sched.wake_for_work();
    if (t->own != nullptr) {
        resume(*t);
        return;
    }
    if (!hold_spare()) {
        // Back to where everybody finds it.
        if (t->pinned != any_worker)
            pinned.push(t);
        else if (t->kind == task_kind::blocking)
            sched.blocking_tasks.push(t);
        else
            sched.injected.push(t);
        starve();
        return;
    }
    t->step(task_state::fresh, task_state::running);
    current = t;
    execute(*t);
    // I2: this thread, this worker, may be another now. Nothing follows.
}

task_memory* worker::take_memory() {
    if (task_memory* const m = idle_memory; m != nullptr) {
        idle_memory = m->next;
        --idle_memory_count;
        idle_memory_bytes.store(idle_memory_bytes.load(relaxed) - m->memory.reserved(), relaxed);
        return m;
    }
    return new task_memory(sched.blocks, sched.options.arena_limit);
}

void worker::give_memory(task_memory* m) noexcept {
    if (idle_memory_count == idle_memories) {
        delete m;
        return;
    }
    m->next = idle_memory;
    idle_memory = m;
    ++idle_memory_count;
    idle_memory_bytes.store(idle_memory_bytes.load(relaxed) + m->memory.reserved(), relaxed);
}

}  // namespace hocket::inline HOCKET_ABI::detail

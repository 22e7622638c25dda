// The loop: what a worker does next.
#include "fibers/sched/worker.hpp"

#include <algorithm>
#include <hocket/detail/fault.hpp>
#include <hocket/scope.hpp>
#include <utility>

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

// Rounds of a search, of some 0.5 us each, from one offer of the core to other threads to the next.
constexpr unsigned rounds_per_yield = 8;

// A theft was worth it when what came of it kept the thief busy for so long: it costs him and the robbed some 3 us
// together. After one that was not he rests before the next, twice as long each time, within these.
constexpr std::int64_t worth_stealing = 10'000;
constexpr std::int64_t shortest_rest = 20'000;
constexpr std::int64_t longest_rest = 1'000'000;

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
    : sched(s), index(i), blocking(b), fresh(b ? 2 : 256), timers(seam::now()), stacks(s.stacks), records(s.records), closures(s.closures),
      blocks(s.blocks), choose(seed) {
    special = blocking || s.options.observer.suspend != nullptr;
}

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
}

// Takes the mail in. The word is cleared before anybody's business is looked at, so what comes meanwhile sets it again.
void worker::answer() noexcept {
    if (!special) called.exchange(0, seq_cst);
    if (!mail.empty()) drain_mail();
    if (special || !pinned.empty() || leaving.load(seq_cst)) called.store(1, relaxed);
}

void worker::service_timers(timer_wheel& wheel, std::int64_t now) noexcept {
    task* t = wheel.service(now);
    while (t != nullptr) {
        task* const next = t->link;
        // It has slept for long: what it will return through is in no cache.
        auto* const frames = static_cast<std::byte const*>(t->saved.token);
        for (std::size_t line = 0; line < 8 * 64; line += 64) __builtin_prefetch(frames + line);
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
    dispatches_left = static_cast<std::int32_t>(period);

    service_timers(timers, now);
    if (!sched.zero_present.load(relaxed) && index != 0) service_timers(sched.at(0).timers, now);
    if (!mail.empty()) drain_mail();
    if (!ready.empty() || !fresh.empty()) sched.wake_for_work(*this);
    // In turn: what waits outside, and the oldest of our own.
    if (choose.below(2) == 0)
        if (task* const t = sched.injected.pop(); t != nullptr) return t;
    bool lost = false;
    if (task* const t = fresh.steal(lost); t != nullptr) return t;
    return sched.injected.pop();
}

task* worker::next() noexcept {
    if (blocking) return sched.blocking_tasks.pop();
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
    return first;
}

// From one worker: the oldest job, the oldest fresh task, or half of its ready fibers.
task* worker::rob(worker& victim) noexcept {
    if (victim.jobs.empty() && victim.fresh.empty() && victim.ready.empty()) return nullptr;
    visit_as_thief const inside(victim.mine);
    if (!inside) return nullptr;
    bool lost = true;
    if (!victim.jobs.empty())
        if (task* const t = sched.job_record(*this); t != nullptr) {
            job* j = nullptr;
            while (j == nullptr && std::exchange(lost, false)) j = victim.jobs.steal(lost);
            if (j != nullptr) {
                sched.give_job(*t, *j);
                ++steals;
                return t;
            }
            sched.unmake_here(*this, t);
        }
    lost = true;
    while (std::exchange(lost, false))
        if (task* const t = victim.fresh.steal(lost); t != nullptr) {
            ++steals;
            return t;
        }
    if (blocking) {  // a blocking worker's own queues are looked at by nobody else: one at a time
        task* const t = victim.ready.steal();
        if (t != nullptr) ++steals;
        return t;
    }
    std::size_t const got = ready.steal_half(victim.ready);
    if (got == 0) return nullptr;
    steals += got;
    return ready.pop(mine);
}

task* worker::steal() noexcept {
    // Blocking workers too: of an ordinary task that one of them helps with, the jobs are there.
    unsigned const n = sched.total();
    unsigned const first = choose.below(n);
    for (unsigned i = 0; i < n; ++i) {
        worker& victim = sched.at((first + i) % n);
        if (&victim == this) continue;
        if (task* const t = rob(victim); t != nullptr) return t;
    }
    return nullptr;
}

// Everything a worker without work of its own can look at, but what others have.
task* worker::search(std::int64_t now) noexcept {
    service_timers(timers, now);
    if (!sched.zero_present.load(relaxed) && index != 0) service_timers(sched.at(0).timers, now);
    if (!mail.empty()) drain_mail();
    if (task* const t = pinned.pop(); t != nullptr) return t;
    if (task* const t = ready.pop(mine); t != nullptr) return t;
    return sched.injected.pop();
}

// What came of the last theft has been done: whether to rest before the next.
void worker::judge_theft(std::int64_t now) noexcept {
    if (stole_at == 0) return;
    bool const worth_it = now - stole_at >= worth_stealing;
    rest_for = worth_it ? 0 : std::clamp(2 * rest_for, shortest_rest, longest_rest);
    rest_until = now + rest_for;
    stole_at = 0;
}

// Searches for a while, then sleeps. [carrier]
task* worker::idle() noexcept {
    auto next_timer = [this] {
        std::int64_t const mine = timers.next_service();
        return sched.zero_present.load(relaxed) ? mine : std::min(mine, sched.at(0).timers.next_service());
    };
    auto wanted = [this] { return leaving.load(relaxed) || !mail.empty(); };
    std::int64_t now = seam::now();
    judge_theft(now);
    bool const rests = now < rest_until;
    if (!rests) sched.seats.start_search(seat);
    // With a timer so near that it would be waited for awake, sleep: a worker with nothing but timers must not spin,
    // nor must one that rests.
    std::int64_t const until = rests || next_timer() < now + search_for ? now : now + search_for;
    unsigned round = 0;
    do {
        task* t = search(now);
        if (t == nullptr && !rests && (t = steal()) != nullptr) stole_at = now;
        if (t != nullptr) return t;
        if (leaving.load(relaxed)) return nullptr;
        for (int i = 0; i < pauses && !wanted(); ++i) seam::pause();
        // Whoever has just been woken may have been put on this very core.
        if (until != now && round++ % rounds_per_yield == 0) seam::yield_thread();
        now = seam::now();
    } while (now < until);

    ++sleeps;
    std::int64_t const timer = next_timer();
    std::int64_t const deadline = rests ? std::min(timer, rest_until) : timer;
    auto something = [&] {
        sched.check_drained();
        return wanted() || next_timer() < timer || (rests ? sched.injected.size() != 0 : sched.work_visible());
    };
    sched.seats.sleep(seat, deadline, [this] { sched.tell_hunger(); }, something, rests);
    dispatches_left = 0;  // the clock has moved on: look around first
    return nullptr;
}

// A blocking worker without a blocking task: helps with ordinary work that nobody else gets round to. [carrier]
task* worker::rest() noexcept {
    auto something = [this] { return leaving.load(relaxed) || sched.blocking_tasks.size() != 0; };
    std::int64_t const now = seam::now();
    bool const waiting = sched.work_visible();
    // Helping goes on without a pause only where it was worth it.
    if (std::exchange(helping, false)) saw_waiting = now - help_began >= worth_helping;
    if (waiting && saw_waiting) {
        task* t = sched.injected.pop();
        if (t == nullptr) t = steal();
        if (t != nullptr) {
            helping = true;
            help_began = now;
            return t;
        }
    }
    saw_waiting = waiting;
    if (waiting) looks_left = looks;
    if (looks_left > 0) {
        --looks_left;
        sched.pool_seats.sleep(seat, now + help_after, [] {}, something);
        return nullptr;
    }
    sched.deep_sleepers.fetch_add(1, seq_cst);
    ++sleeps;
    sched.pool_seats.sleep(
        seat, seam::forever, [this] { sched.tell_hunger(); },
        [&] {
            sched.check_drained();
            return something() || sched.work_visible();
        });
    sched.deep_sleepers.fetch_sub(1, seq_cst);
    looks_left = looks;
    saw_waiting = false;
    return nullptr;
}

// No stack is to be had: fresh tasks wait, suspended ones go on. [carrier]
void worker::starve() noexcept {
    if (sched.stacks_ran_out.exchange(1, relaxed) == 0)
        sched.log(log_level::warning, "no stack can be had, fresh tasks wait: " + sched.stacks.shortage());
    drain_mail();
    if ((hand = ready.pop(mine)) != nullptr) return;
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
    seats().sleep(seat, seam::now() + 1'000'000, [] {}, [this] { return leaving.load(relaxed); });
}

parking& worker::seats() noexcept { return blocking ? sched.pool_seats : sched.seats; }

// Ends a search: others may have left work to it. [carrier]
void worker::found() noexcept {
    if (!seats().found(seat)) return;
    if (blocking && sched.blocking_tasks.size() != 0) sched.pool_seats.wake();
    if (sched.work_visible()) sched.wake_for_work();
    if (sched.injected.size() != 0 && sched.seats.resting() != 0) sched.seats.wake_resting();
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
    suspensions += std::exchange(yields, 0);
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
    if (seat.searching) found();
    // It was perhaps the one blocking worker that looked for waiting work, and is busy now: another has to look.
    if (blocking && sched.work_visible()) sched.wake_for_work();
    return t;
}

void worker::settle_tally() noexcept {
    odd &= static_cast<unsigned char>(~has_tally);
    scope_core* const scope = std::exchange(tally.whom, ending()).scope();
    if (scope == nullptr || seam::fault_injected(seam::fault::scope_forgets_to_settle)) return;
    scope->settle(tally.ended);
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

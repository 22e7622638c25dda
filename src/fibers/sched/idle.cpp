// What a worker does when nothing is at hand: it robs others, searches, rests, sleeps.
#include <algorithm>
#include <hocket/detail/fault.hpp>
#include <utility>

#include "fibers/sched/scheduler.hpp"
#include "fibers/sched/worker.hpp"
#include "seam/clock.hpp"
#include "seam/pause.hpp"

namespace hocket::inline HOCKET_ABI::detail {

namespace {

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

// A blocking worker helps with ordinary work when it has seen some waiting at two looks in a row. From look to look it is so
// long, twice as long each time within these; it goes on at once when helping was worth it: the task took so long.
constexpr std::int64_t help_after = 200'000;
constexpr std::int64_t longest_help_after = 3'200'000;
constexpr std::int64_t worth_helping = 20'000;
// How long an ordinary worker leaves a round of the trimmer to the blocking ones that sleep.
constexpr std::int64_t give_way = 8 * trimmer::interval;

// Looks without anything waiting until it sleeps for good.
constexpr int looks = 16;

}  // namespace

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
    // Whoever looked before it came here and goes to sleep now has said so.
    if (got > 1 && !seam::fault_injected(seam::fault::thief_keeps_the_rest)) sched.wake_for_work(*this);
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
    sched.service(timers, now);
    if (!sched.zero_present.load(relaxed) && index != 0) sched.service(sched.at(0).timers, now);
    if (!no_mail()) drain_mail();
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
    auto wanted = [this] { return leaving.load(relaxed) || !no_mail(); };
    std::int64_t now = seam::now();
    judge_theft(now);
    bool const rests = now < rest_until;
    // With a timer so near that it would be waited for awake, sleep: a worker with nothing but timers must not spin,
    // nor must one that rests, or that slept until its time had come.
    std::int64_t const until = rests || unasked || next_timer() < now + search_for ? now : now + search_for;
    unsigned round = 0;
    do {
        task* t = search(now);
        if (t == nullptr && !rests && (t = steal()) != nullptr) stole_at = seam::now();  // a dear theft is not worth more
        if (t != nullptr) return t;
        if (leaving.load(relaxed)) return nullptr;
        bool came = false;
        for (int i = 0; i < pauses && !came; ++i) {
            seam::pause();
            came = wanted();
        }
        if (came) {
            drain_mail();
            if ((t = pinned.pop()) != nullptr) return t;
        } else if (!rests) {
            sched.seats.start_search(seat);  // not before: the count is everybody's, and who is soon busy again does without
        }
        // Whoever has just been woken may have been put on this very core.
        if (until != now && ++round % rounds_per_yield == 0) seam::yield_thread();
        now = seam::now();
    } while (now < until);

    if (rests && seat.searching) found();  // called to search, and does not: what was left to him is others' business
    ++sleeps;
    std::int64_t const to_tidy = tidy(now);
    std::int64_t const timer = next_timer();
    std::int64_t const deadline = std::min({timer, to_tidy, rests ? rest_until : seam::forever});
    bool stayed = false;
    auto something = [&] {
        sched.check_drained();
        stayed = wanted() || next_timer() < timer || (rests ? sched.injected.size() != 0 : sched.work_visible());
        return stayed;
    };
    bool const woken = sched.seats.sleep(seat, deadline, [this] { sched.tell_hunger(); }, something, rests);
    // As long as he counted others may have left work to him: when he takes it he has to see to the rest.
    stayed = stayed && !seam::fault_injected(seam::fault::called_forgets_what_was_left);
    if ((stayed || !woken) && !rests && !seam::fault_injected(seam::fault::searcher_forgets_what_was_left))
        sched.seats.start_search(seat);
    sched.watchman.stir();
    unasked = !woken && seam::now() >= deadline;
    dispatches_left = 0;  // the clock has moved on: look around soon
    if (!woken || leaving.load(relaxed)) return nullptr;
    // What only he can do comes at once.
    if (!no_mail()) drain_mail();
    task* const t = pinned.pop();
    return t != nullptr ? t : sched.injected.pop();
}

// A blocking worker without a blocking task: helps with ordinary work that nobody else gets round to. [carrier]
task* worker::rest() noexcept {
    auto something = [this] { return leaving.load(relaxed) || !no_mail() || sched.blocking_tasks.size() != 0; };
    std::int64_t const now = seam::now();
    bool const waiting = sched.work_visible();
    // Helping goes on without a pause only where it was worth it.
    if (std::exchange(helping, false)) {
        saw_waiting = now - help_began >= worth_helping;
        if (saw_waiting) help_pause = 0;
    }
    if (waiting && saw_waiting) {
        task* t = sched.injected.pop();
        if (t == nullptr) t = steal();
        if (t != nullptr) {
            helping = true;
            help_began = seam::now();  // what it took to get it does not make it worth more
            return t;
        }
    }
    saw_waiting = waiting;
    if (waiting) looks_left = looks;
    if (looks_left > 0) {
        --looks_left;
        help_pause = std::clamp(2 * help_pause, help_after, longest_help_after);
        sched.pool_seats.nap(seat, now + help_pause, something);
        return nullptr;
    }
    help_pause = 0;
    std::int64_t const to_tidy = tidy(now);
    sched.deep_sleepers.fetch_add(1, seq_cst);
    ++sleeps;
    bool const woken = sched.pool_seats.sleep(
        seat, to_tidy, [this] { sched.tell_hunger(); },
        [&] {
            sched.check_drained();
            return something() || sched.work_visible();
        });
    sched.deep_sleepers.fetch_sub(1, seq_cst);
    if (woken) looks_left = looks;  // else it was time to tidy up
    saw_waiting = false;
    return nullptr;
}

bool worker::has_better_to_do() const noexcept {
    if (leaving.load(relaxed) || !no_mail()) return true;
    if (blocking) return sched.blocking_tasks.size() != 0;
    return sched.work_visible() || timers.next_service() <= seam::now();
}

// Before a sleep: gives memory back, when it is time for that. Until when to sleep at most. [carrier]
std::int64_t worker::tidy(std::int64_t now) noexcept {
#ifdef HOCKET_EXPLORED
    if (now >= 0) return seam::forever;  // a sleep that ends by itself would hide from the explorer that nobody woke it
#endif
    if (std::exchange(idle_since, idle_since == 0 ? now : idle_since) == 0) tidied = false;
    std::int64_t const flush_at = idle_since + trimmer::interval;
    if (!tidied && now >= flush_at) {
        flush();
        tidied = true;
    }
    // A blocking worker that sleeps has to be told that a round will be due.
    if (sched.trim.note(now) && !blocking) sched.pool_seats.wake();
    auto round_at = [this] {
        std::int64_t const due = sched.trim.due();
        // An ordinary worker gives them the time to come.
        return blocking || due == seam::forever || sched.pool_seats.sleepers() == 0 ? due : due + give_way;
    };
    if (now >= round_at()) sched.trim.run(*this);
    return std::min(tidied ? seam::forever : flush_at, round_at());
}

// No stack is to be had: fresh tasks wait, suspended ones go on. [carrier]
void worker::starve() noexcept {
    if (sched.stacks_ran_out.exchange(1, relaxed) == 0)
        sched.log(log_level::warning, "no stack can be had, fresh tasks wait: " + sched.stacks.shortage());
    drain_mail();
    if ((hand = ready.pop(mine)) != nullptr) return;
    if ((hand = (blocking ? sched.blocking_tasks : sched.injected).pop_begun()) != nullptr) return;
    task_list fresh_ones;
    while (task* const t = pinned.pop()) {
        if (t->own != nullptr && hand == nullptr)
            hand = t;
        else
            fresh_ones.push(t);
    }
    pinned = fresh_ones;
    note_pinned();
    if (hand != nullptr) return;
    sched.service(timers, seam::now());
    if (ready.size() != 0 || hold_spare()) return;
    seats().sleep(seat, seam::now() + 1'000'000, [] {}, [this] { return leaving.load(relaxed); });
    if (seat.searching) found();
    if (!blocking) sched.watchman.stir();
}

parking& worker::seats() noexcept { return blocking ? sched.pool_seats : sched.seats; }

// Ends a search: others may have left work to it. [carrier]
void worker::found() noexcept {
    if (!seats().found(seat)) return;
    if (sched.work_visible()) sched.wake_for_work();
    if (sched.injected.size() != 0 && sched.seats.resting() != 0) sched.seats.wake_resting();
}

}  // namespace hocket::inline HOCKET_ABI::detail

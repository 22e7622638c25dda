// Rounds: see the head of trimmer.hpp.
#include "fibers/sched/trimmer.hpp"

#include <algorithm>

#include "fibers/sched/scheduler.hpp"
#include "fibers/sched/worker.hpp"
#include "seam/clock.hpp"

namespace hocket::inline HOCKET_ABI::detail {

namespace {

// While there is other work the pause after a round is so many times as long as the round, and a round gives back the
// memory of no more than so many stacks, some 2 ms.
constexpr std::int64_t pause_for_work = 10;
constexpr unsigned stacks_a_round = 2048;

// What due() says while a round is on: nobody has to get up for it.
constexpr std::int64_t under_way = seam::forever / 2;

// Stacks between two looks whether there is something better to do: some 10 us.
constexpr unsigned stacks_at_once = 8;

// A record that a round is to leave alone.
bool parked(task_state s) noexcept { return s == task_state::suspended || s == task_state::resting; }

}  // namespace

std::uint64_t trimmer::activity() const noexcept {
    std::uint64_t n = sched_.spawned() + sched_.completed();
    for (unsigned i = 0; i < sched_.total(); ++i) n += sched_.at(i).suspensions.read();
    return n;
}

bool trimmer::note(std::int64_t now) noexcept {
    if (due_.load(relaxed) != seam::forever || activity() == seen_.load(relaxed)) return false;
    std::int64_t none = seam::forever;
    return due_.compare_exchange_strong(none, now + interval, relaxed, relaxed);
}

void trimmer::run(worker& w) noexcept {
    if (running_.exchange(1, acquire) != 0) return;  // pairs with the release below
    std::int64_t const began = seam::now();
    if (began >= due_.load(relaxed)) {
        due_.store(under_way, relaxed);
        std::uint64_t const sum = activity();
        bool const active = sum != seen_.load(relaxed);
        seen_.store(sum, relaxed);
        rounds_left_ = active ? last_rounds : rounds_left_ - 1;

        bool const finished = round(w, active ? stacks_a_round : -1u);
        std::int64_t const now = seam::now();
        std::int64_t const pause = active ? std::max(interval, pause_for_work * (now - began)) : interval;
        due_.store(finished && rounds_left_ <= 0 ? seam::forever : now + pause, relaxed);
    }
    running_.store(0, release);
}

bool trimmer::round(worker& w, unsigned most) noexcept {
    sched_.stacks.note_surplus();
    unsigned released = 0;
    while (auto const n = static_cast<unsigned>(sched_.stacks.release_surplus(&retire))) {
        released += n;
        if (released >= most || w.has_better_to_do()) return false;
    }
    sched_.own_stacks.for_each([](stack_pool& pool) {
        pool.note_surplus();
        while (pool.release_surplus(&retire) != 0) {}
    });
    sched_.records.trim();
    sched_.closures.trim();
    sched_.blocks.trim();
    return look_at_fibers(w, most - std::min(most, released));
}

// Every parked fiber; false when there was something better to do before the end.
bool trimmer::look_at_fibers(worker& w, unsigned most) noexcept {
    sched_.parked.begin();
    unsigned released = 0;
    bool finished = true;
    sched_.records.for_each([&](void* record) {
        auto& t = *static_cast<task*>(record);
        if (!finished || !parked(t.state.load(relaxed)) || !look_at(t)) return;
        if (++released >= most || (released % stacks_at_once == 0 && w.has_better_to_do())) finished = false;
    });
    sched_.parked.end();
    return finished;
}

// One of them: whether its pages were given back.
bool trimmer::look_at(task& t) noexcept {
    task_state seen = task_state::suspended;
    if (t.state.compare_exchange_strong(seen, task_state::resting, relaxed, relaxed)) return false;
    if (seen != task_state::resting) return false;
    hold const held(sched_.parked.guard);
    // acquire: pairs with the release in fall_asleep(), of which the other states are successors
    if (t.state.load(acquire) != task_state::resting) return false;
    trimmed_.store(trimmed_.load(relaxed) + 1, relaxed);
    stack_pool::release_below(*t.own, t.saved.token);
    seen = task_state::resting;
    t.state.compare_exchange_strong(seen, task_state::trimmed, relaxed, relaxed);
    return true;
}

}  // namespace hocket::inline HOCKET_ABI::detail

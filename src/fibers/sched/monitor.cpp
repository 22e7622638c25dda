// Looking, servicing and warning: see the head of monitor.hpp.
#include "fibers/sched/monitor.hpp"

#include <bit>
#include <string>

#include "fibers/sched/describe.hpp"
#include "fibers/sched/scheduler.hpp"
#include "fibers/sched/worker.hpp"
#include "seam/clock.hpp"

namespace hocket::inline HOCKET_ABI::detail {

void monitor::begin(atomic<bool>& mine, atomic<bool> const& other) noexcept {
    mine.store(true, seq_cst);
    if (other.load(seq_cst) && !begun_.exchange(true, relaxed)) start();
}

void monitor::start() noexcept {
#ifndef HOCKET_EXPLORED
    if (sched_.options.observer.suspend != nullptr) return;
    try {
        sights_ = std::make_unique<sight[]>(sched_.ordinary());
        thread_.start_apart("hocket-m", [](void* self) { static_cast<monitor*>(self)->watch(); }, this, cores_);
    } catch (std::exception const&) {
        sched_.log(log_level::warning,
                   "no thread can be had to look after those who wait behind a task that holds its worker");
    }
#endif
}

void monitor::stop() noexcept {
    if (!thread_.started()) return;
    stopping_.store(1, seq_cst);
    seam::futex_wake(stopping_, 1);
    wake();
    thread_.join();
}

void monitor::wake() noexcept {
    if (asleep_.exchange(0, seq_cst) != 0) seam::futex_wake(asleep_, 1);
}

// Worker 0 without a thread is as good as asleep.
bool monitor::all_asleep() const noexcept {
    for (unsigned i = 0; i < sched_.ordinary(); ++i) {
        if (i == 0 && !sched_.zero_present.load(relaxed)) continue;
        if (sched_.at(i).seat.asleep.load(relaxed) == 0) return false;
    }
    return true;
}

void monitor::watch() noexcept {
    sched_.fp.put();  // its starter may have an FP control state of its own
    int quiet = 0;
    while (stopping_.load(seq_cst) == 0) {
        std::int64_t const now = seam::now();
        look(now);
        quiet = all_asleep() ? quiet + 1 : 0;
        if (quiet < patience) {
            seam::futex_wait(stopping_, 0, now + period);
            continue;
        }
        asleep_.store(1, seq_cst);
        seam::heavy_fence();
        if (all_asleep())
            while (asleep_.load(seq_cst) != 0 && stopping_.load(seq_cst) == 0) seam::futex_wait(asleep_, 1);
        asleep_.store(0, relaxed);
        quiet = 0;
    }
}

// Of a record that somebody else has got, from a slab that he has made perhaps: the pool's lock tells of that.
std::uint64_t monitor::id_of(task const& t) const noexcept {
    static_cast<void>(sched_.records.existing());
    return t.id;
}

void monitor::look(std::int64_t now) noexcept {
    for (unsigned i = 0; i < sched_.ordinary(); ++i) {
        worker& w = sched_.at(i);
        if (w.timers.next_service() < now - overdue) sched_.service(w.timers, now);
        task const* const t = w.current();
        bool const waits = t != nullptr && (w.has_pinned.load(relaxed) || !w.no_mail());
        std::uint64_t const id = waits ? id_of(*t) : 0;
        std::uint64_t const suspensions = w.suspensions.read();
        sight& s = sights_[i];
        if (id == 0 || id != s.id || suspensions != s.suspensions) {
            s = {id, suspensions, now, false};
        } else if (!s.told && now - s.since >= too_long) {
            s.told = true;
            if (std::has_single_bit(++warnings_)) warn(w, *t, now - s.since);
        }
    }
}

// What it is told of the task is right if that still runs, which it does, but for bad luck.
void monitor::warn(worker const& w, task const& t, std::int64_t held) noexcept {
    try {
        sched_.log(log_level::warning, "task " + describe(sched_, t) + " has held worker " + std::to_string(w.index) +
                                           " for " + std::to_string(held / 1'000'000) +
                                           " ms, and what only this worker can run waits");
    } catch (std::bad_alloc const&) {
        // Nobody can be told.
    }
}

}  // namespace hocket::inline HOCKET_ABI::detail

#include "slice.hpp"

#include <algorithm>
#include <array>
#include <thread>

#include "figures.hpp"
#include "thread.hpp"
#include "unable.hpp"

namespace hocket::bench {

constexpr std::size_t warm_up = sample_rate / block_frames / 3;  // blocks

constexpr std::int64_t begin_of(std::size_t k) noexcept {  // after the start
    return static_cast<std::int64_t>(k) * block_frames * 1'000'000'000 / sample_rate;
}

slice::slice(audio::engine& e, slice_options const& o) {
    auto const recorded = static_cast<std::size_t>(o.seconds * sample_rate / block_frames);
    std::size_t const all = warm_up + recorded;
    std::vector<block> blocks(all, block{});
    std::vector<std::int64_t> canary(all + 1, 0);  // one more: it tells of the last block's end
    std::atomic<int> refused{0}, ready{0};
    std::atomic<std::int64_t> start{0};
    int const last = CPU_COUNT(&cores_at_start) - 1;

    // Whether the thread may go on: sets it up, then waits until all are.
    auto const set_up = [&](int priority) {
        if (o.bound) bind_to(last);
        if (priority != 0 && !become_realtime(priority)) refused.fetch_add(1, std::memory_order_relaxed);
        ready.fetch_add(1, std::memory_order_release);  // pairs with the acquire below
        // acquire: pairs with the release below
        while (start.load(std::memory_order_acquire) == 0) sleep_until_ns(now_ns() + 1'000'000);
        return start.load(std::memory_order_relaxed) > 0;
    };
    auto const watch = [&] {
        if (!set_up(90)) return;
        std::int64_t const from = start.load(std::memory_order_relaxed) - canary_lead_ns;
        for (std::size_t k = 0; k <= all; ++k) {
            sleep_until_ns(from + begin_of(k));
            canary[k] = now_ns() - (from + begin_of(k));
        }
    };
    auto const play = [&] {
        if (!set_up(o.realtime ? 70 : 0)) return;
        e.set_audio_class(o.realtime ? audio::audio_class::realtime : audio::audio_class::ordinary);
        std::array<float, block_frames> samples{};
        std::array<float*, 1> const out{samples.data()};
        std::int64_t const from = start.load(std::memory_order_relaxed);
        for (std::size_t k = 0; k < all; ++k) {
            block& b = blocks[k];
            b.due = from + begin_of(k);
            sleep_until_ns(b.due);
            b.woken = now_ns();
            e.process({}, out, block_frames);
            b.ended = now_ns();
        }
    };

    int const threads = o.realtime ? 2 : 1;
    std::thread canary_thread, audio_thread;
    auto const go = [&](std::int64_t when) {
        start.store(when, std::memory_order_release);  // pairs with the acquire in set_up()
        if (canary_thread.joinable()) canary_thread.join();
        if (audio_thread.joinable()) audio_thread.join();
    };
    try {
        if (o.realtime) canary_thread = std::thread(watch);
        audio_thread = std::thread(play);
    } catch (...) {
        go(-1);
        throw;
    }
    // acquire: pairs with the release in set_up()
    while (ready.load(std::memory_order_acquire) < threads) sleep_until_ns(now_ns() + 1'000'000);
    bool const permitted = refused.load(std::memory_order_relaxed) == 0;
    go(permitted ? now_ns() + 20'000'000 : -1);
    if (!permitted) throw unable("the system permits no thread in SCHED_FIFO");

    for (std::size_t k = 0; k < all; ++k) blocks[k].canary = canary[k];
    blocks_.assign(blocks.begin() + warm_up, blocks.end());
    canary_after_ = canary[all];
}

std::int64_t slice::overshoot(block const& b) noexcept { return b.ended - (b.due + begin_of(1)); }

std::size_t slice::missed() const noexcept {
    return static_cast<std::size_t>(std::ranges::count_if(blocks_, [](block const& b) { return overshoot(b) > 0; }));
}

std::size_t slice::missed_alone() const noexcept {
    std::size_t alone = 0;
    for (std::size_t k = 0; k < blocks_.size(); ++k) {
        std::int64_t const late = overshoot(blocks_[k]);
        std::int64_t const next = k + 1 < blocks_.size() ? blocks_[k + 1].canary : canary_after_;
        if (late > 0 && blocks_[k].canary < begin_of(1) / 2 && next < late) ++alone;
    }
    return alone;
}

template <class Value>
double slice::quantile(double q, Value value) const {
    std::vector<double> values;
    values.reserve(blocks_.size());
    for (block const& b : blocks_) values.push_back(static_cast<double>(value(b)) / 1000);
    return quantile_of(std::move(values), q);
}

double slice::lateness(double q) const {
    return quantile(q, [](block const& b) { return b.woken - b.due; });
}
double slice::excess(double q) const {
    return quantile(q, [](block const& b) { return b.woken - b.due - b.canary; });
}
double slice::end_excess(double q) const {
    return quantile(q, [](block const& b) { return b.ended - b.due - b.canary; });
}
double slice::distance(double q) const {
    return quantile(q, [](block const& b) { return b.woken - b.due - b.canary + canary_lead_ns; });
}

}  // namespace hocket::bench

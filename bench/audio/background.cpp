#include "background.hpp"

#include <algorithm>
#include <string>

#include "slice.hpp"

namespace hocket::bench {

constexpr unsigned chore_count = 64, long_chores = 16;
constexpr std::int64_t long_ns = 200'000;

void compute(std::uint64_t turns) noexcept {
    std::uint64_t x = turns | 1;
    for (std::uint64_t i = 0; i < turns; ++i) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
    }
    std::atomic_ref<std::uint64_t>(x).store(x, std::memory_order_relaxed);  // so that it is computed at all
}

std::uint64_t turns_in(std::int64_t ns) noexcept {
    constexpr std::uint64_t trial = 50'000;
    std::int64_t best = INT64_MAX;
    for (std::int64_t const end = now_ns() + 100'000'000; now_ns() < end;) {
        std::int64_t const begin = now_ns();
        compute(trial);
        best = std::min(best, now_ns() - begin);
    }
    return trial * static_cast<std::uint64_t>(ns) / static_cast<std::uint64_t>(best);
}

chores::chores() {
    audio::patch p("chores");
    static std::uint64_t const turns = turns_in(long_ns);
    // A runner has every other module: both have eight of the long ones.
    for (unsigned i = 0; i < chore_count; ++i)
        p.add<chore>("chore " + std::to_string(i + 1), i < long_chores ? turns : std::uint64_t{0});
    p.map_output({1, 0}, 0);
    engine.load(p);
    for (unsigned i = 0; i < chore_count; ++i) all_.push_back(&engine.at<chore>(i + 1));
    engine.prepare(sample_rate, block_frames);
}

void chores::start() {
    for (chore* const c : all_) c->start();
}

void chores::stop() {
    for (chore* const c : all_) c->stop();
}

void chores::work() noexcept {
    for (chore* const c : all_) c->work();
}

std::uint64_t chores::turns_done() const noexcept {
    std::uint64_t sum = 0;
    for (chore const* const c : all_) sum += c->turns_done();
    return sum;
}

spinners::spinners() : threads_(static_cast<std::size_t>(CPU_COUNT(&cores_at_start))) {
    for (std::size_t i = 0; i < threads_.size(); ++i)
        threads_[i].emplace([i](std::atomic<bool> const& stopping) {
            bind_to(static_cast<int>(i));
            while (!stopping.load(std::memory_order_relaxed)) compute(1000);
        });
}

}  // namespace hocket::bench

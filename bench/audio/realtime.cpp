// How late a real-time audio thread is, with 64 AsyncThreads at work and an ordinary thread spinning on each core,
// against the same engine paused, with the same threads spinning. A paused engine does nothing in a block either:
// where the end of the block counts, the comparison is with the same modules whose actions have been stopped.
#include "background.hpp"
#include "measures.hpp"
#include "slice.hpp"

namespace hocket::bench {

namespace {

enum : std::size_t { distance99, distance999, p99, p999, end99, end999, idle99, alone, missed, raw, cores, count };

std::vector<row> rows() {
    using enum row::bar_of;
    series const working{"64 at work"}, paused{"paused"}, stopped{"64 stopped"};
    std::vector<row> r(count);
    r[distance99] = {"A1", "from the canary's wake-up to ours, p99", "us", working, paused, ratio_at_most, 1.25};
    r[distance999] = {"A1", "from the canary's wake-up to ours, p99.9", "us", working, paused, ratio_at_most, 1.5};
    r[p99] = {"A1", "the same less the 30 us, p99", "us", working, paused, ratio_at_most, 1.25};
    r[p999] = {"A1", "the same less the 30 us, p99.9", "us", working, paused, ratio_at_most, 1.5};
    r[end99] = {"A1", "excess of the block's end, p99", "us", working, stopped, ratio_at_most, 1.25};
    r[end999] = {"A1", "excess of the block's end, p99.9", "us", working, stopped, ratio_at_most, 1.5};
    r[idle99] = {"A1", "the wake-up's, less the 30 us, p99", "us", working, stopped};
    r[alone] = {"A1", "missed blocks that the canary does not share", "of 45,000", working, paused, value_at_most, 1,
                true};
    r[missed] = {"A1", "missed blocks, all", "of 45,000", working, paused, none, 0, true};
    r[raw] = {"A1", "lateness of the wake-up as it is, p99.9", "us", working, paused};
    r[cores] = {"A1", "work of the long actions", "cores", working};
    return r;
}

void take(measure_options const& o, std::vector<row>& r) {
    std::uint64_t const second = turns_in(1'000'000'000);
    chores work;
    spinners const beside;
    auto const slice_of = [&](char const* what) {
        o.progress(std::string("realtime, ") + what);
        return slice(work.engine, {.seconds = o.seconds});
    };
    // The rounds together are so many times 45,000 blocks.
    auto const part = [&](std::size_t n, slice const& s) {
        return static_cast<double>(n) * 45'000 / static_cast<double>(s.blocks()) / o.rounds;
    };
    for (unsigned round = 1; round <= o.rounds; ++round) {
        work.start();
        std::int64_t const begin = now_ns();
        std::uint64_t const before = work.turns_done();
        slice const working = slice_of("at work");
        double const done = static_cast<double>(work.turns_done() - before) / static_cast<double>(second);
        r[cores].ours.rounds.push_back(done / (static_cast<double>(now_ns() - begin) / 1e9));

        work.engine.pause();
        slice const paused = slice_of("paused");
        work.engine.resume();

        work.stop();
        slice const stopped = slice_of("stopped");

        auto const put = [&](std::size_t which, slice const& other, auto value) {
            r[which].ours.rounds.push_back(value(working));
            r[which].beside->rounds.push_back(value(other));
        };
        put(distance99, paused, [](slice const& s) { return s.distance(0.99); });
        put(distance999, paused, [](slice const& s) { return s.distance(0.999); });
        put(p99, paused, [](slice const& s) { return s.excess(0.99); });
        put(p999, paused, [](slice const& s) { return s.excess(0.999); });
        put(end99, stopped, [](slice const& s) { return s.end_excess(0.99); });
        put(end999, stopped, [](slice const& s) { return s.end_excess(0.999); });
        put(idle99, stopped, [](slice const& s) { return s.excess(0.99); });
        put(alone, paused, [&](slice const& s) { return part(s.missed_alone(), s); });
        put(missed, paused, [&](slice const& s) { return part(s.missed(), s); });
        put(raw, paused, [](slice const& s) { return s.lateness(0.999); });
    }
}

}  // namespace

measure const realtime{"realtime", "a real-time audio thread beside 64 AsyncThreads and a spinner on each core", rows,
                       take};

}  // namespace hocket::bench

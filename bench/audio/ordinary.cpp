// How many blocks an ordinary audio thread misses, and how much the background gets done, against one ordinary thread
// that calls all actions one after another, sleeps for 1 ms, and begins again. How many it misses with nobody at work
// tells what of that is the machine's.
#include <optional>

#include "background.hpp"
#include "measures.hpp"
#include "slice.hpp"

namespace hocket::bench {

namespace {

enum : std::size_t { missed, cores, missed_bound, cores_bound, alone, alone_bound, count };

std::vector<row> rows() {
    using enum row::bar_of;
    series const runners{"runners"}, poller{"1 ms poller"}, nobody{"nobody"};
    std::vector<row> r(count);
    r[missed] = {"A2", "missed blocks, threads where the system puts them", "%", runners, poller, ratio_at_most, 0.1};
    r[cores] = {"A2", "work of the long actions meanwhile", "cores", runners, poller, ratio_at_least, 1.5};
    r[missed_bound] = {"A2", "missed blocks, audio and poller on one core", "%", runners, poller, ratio_at_most, 0.1};
    r[cores_bound] = {"A2", "work of the long actions meanwhile", "cores", runners, poller, ratio_at_least, 1.5};
    r[alone] = {"A2", "missed blocks, threads where the system puts them", "%", runners, nobody};
    r[alone_bound] = {"A2", "missed blocks, audio on one core", "%", runners, nobody};
    return r;
}

class poller {
public:
    poller(chores& work, bool bound)
        : thread_([&work, bound](std::atomic<bool> const& stopping) {
              if (bound) bind_to(CPU_COUNT(&cores_at_start) - 1);
              while (!stopping.load(std::memory_order_relaxed)) {
                  work.work();
                  std::this_thread::sleep_for(std::chrono::milliseconds(1));
              }
          }) {}

private:
    helper thread_;
};

enum class worker { runners, poller, nobody };

struct result {
    double missed = 0;  // %
    double cores = 0;
};

result run(chores& work, worker who, bool bound, double seconds) {
    static std::uint64_t const second = turns_in(1'000'000'000);
    std::optional<poller> rival;
    if (who == worker::poller) rival.emplace(work, bound);
    if (who == worker::runners) work.start();
    std::int64_t const begin = now_ns();
    std::uint64_t const before = work.turns_done();
    slice const s(work.engine, {.seconds = seconds, .realtime = false, .bound = bound});
    double const done = static_cast<double>(work.turns_done() - before) / static_cast<double>(second);
    double const length = static_cast<double>(now_ns() - begin) / 1e9;
    if (who == worker::runners) work.stop();
    return {100.0 * static_cast<double>(s.missed()) / static_cast<double>(s.blocks()), done / length};
}

void take(measure_options const& o, std::vector<row>& r) {
    chores work;
    for (unsigned round = 1; round <= o.rounds; ++round)
        for (bool const bound : {false, true}) {
            o.progress("ordinary, round " + std::to_string(round) + (bound ? ", bound" : ""));
            result const ours = run(work, worker::runners, bound, o.seconds);
            result const poller = run(work, worker::poller, bound, o.seconds);
            result const nobody = run(work, worker::nobody, bound, o.seconds);
            auto const put = [&](std::size_t which, double mine, double other) {
                r[which].ours.rounds.push_back(mine);
                r[which].beside->rounds.push_back(other);
            };
            put(bound ? missed_bound : missed, ours.missed, poller.missed);
            put(bound ? cores_bound : cores, ours.cores, poller.cores);
            put(bound ? alone_bound : alone, ours.missed, nobody.missed);
        }
}

}  // namespace

measure const ordinary{"ordinary", "an ordinary audio thread beside 64 AsyncThreads", rows, take};

}  // namespace hocket::bench

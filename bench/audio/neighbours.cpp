// How often the neighbours of an action that spins for 50 ms, again and again, are called; against the same without it.
#include <chrono>

#include "background.hpp"
#include "measures.hpp"
#include "slice.hpp"

namespace hocket::bench {

namespace {

constexpr unsigned neighbour_count = 15;
constexpr std::chrono::milliseconds hog_length{50};

enum : std::size_t { p99, p50, p999, worst, hog, count };

std::vector<row> rows() {
    using enum row::bar_of;
    series const with{"beside it"}, without{"without it"};
    std::vector<row> r(count);
    r[p99] = {"A4", "call period of the neighbour worst off, p99", "ms", with, without, value_at_most, 5};
    r[p50] = {"A4", "call period of the neighbour worst off, p50", "ms", with, without};
    r[p999] = {"A4", "call period of the neighbour worst off, p99.9", "ms", with, without};
    r[worst] = {"A4", "longest call period of all", "ms", with, without};
    r[hog] = {"A4", "calls of the 50 ms action, each second", "", with};
    return r;
}

class module_with_action : public audio::module {
public:
    void update() override {}
    void set_samplerate(float) override {}
    void set_param(int, float) override {}
    void set_input(int, float) override {}
    float get_output(int) const override { return 0; }
};

class hog_module final : public module_with_action {
public:
    void start() { thread_.start(); }
    void stop() {
        thread_.stop();
        thread_.quiesce();
    }
    std::uint64_t calls() const noexcept { return thread_.calls(); }

private:
    audio::async_thread thread_{this, [] {
                                    auto const end = std::chrono::steady_clock::now() + hog_length;
                                    while (std::chrono::steady_clock::now() < end) {
                                    }
                                }};
};

// Writes down when its action was called.
class neighbour final : public module_with_action {
public:
    explicit neighbour(std::size_t most) { calls_.reserve(most); }

    void start() {
        calls_.clear();
        thread_.start();
    }
    void stop() {
        thread_.stop();
        thread_.quiesce();
    }
    // In ms, when it has been stopped at `end`; what lasts to the end counts too.
    std::vector<double> periods(std::chrono::steady_clock::time_point begin,
                                std::chrono::steady_clock::time_point end) const {
        std::vector<double> result;
        auto last = begin;
        auto const period = [&](auto when) {
            result.push_back(std::chrono::duration<double, std::milli>(when - last).count());
            last = when;
        };
        for (auto const call : calls_)
            if (call >= begin && call < end) period(call);
        period(end);
        return result;
    }

private:
    std::vector<std::chrono::steady_clock::time_point> calls_;  // the action's
    audio::async_thread thread_{this, [this] {
                                    if (calls_.size() < calls_.capacity())
                                        calls_.push_back(std::chrono::steady_clock::now());
                                }};
};

void take(measure_options const& o, std::vector<row>& r) {
    audio::patch p("neighbours");
    unsigned const hog_number = p.add<hog_module>("hog");
    // No more than 2,000 calls a second: the delay between two is 0.5 ms.
    auto const most = static_cast<std::size_t>((o.seconds + 2) * audio::engine::tick_rate);
    std::vector<unsigned> numbers;
    for (unsigned i = 0; i < neighbour_count; ++i)
        numbers.push_back(p.add<neighbour>("neighbour " + std::to_string(i + 1), most));
    audio::engine engine;
    engine.load(p);
    engine.prepare(sample_rate, block_frames);
    auto& occupant = engine.at<hog_module>(hog_number);
    for (unsigned round = 1; round <= o.rounds; ++round)
        for (bool const with : {true, false}) {
            o.progress("neighbours, round " + std::to_string(round) + (with ? "" : ", without"));
            for (unsigned const n : numbers) engine.at<neighbour>(n).start();
            if (with) occupant.start();
            std::this_thread::sleep_for(std::chrono::milliseconds(100));
            std::uint64_t const calls = occupant.calls();
            auto const begin = std::chrono::steady_clock::now();
            slice const s(engine, {.seconds = o.seconds, .bound = false});
            auto const end = std::chrono::steady_clock::now();
            auto const called = static_cast<double>(occupant.calls() - calls);
            for (unsigned const n : numbers) engine.at<neighbour>(n).stop();
            occupant.stop();

            double of50 = 0, of99 = 0, of999 = 0, of1 = 0;
            for (unsigned const n : numbers) {
                auto const periods = engine.at<neighbour>(n).periods(begin, end);
                of50 = std::max(of50, quantile_of(periods, 0.5));
                of99 = std::max(of99, quantile_of(periods, 0.99));
                of999 = std::max(of999, quantile_of(periods, 0.999));
                of1 = std::max(of1, quantile_of(periods, 1));
            }
            auto const put = [&](std::size_t which, double v) {
                (with ? r[which].ours : *r[which].beside).rounds.push_back(v);
            };
            put(p50, of50);
            put(p99, of99);
            put(p999, of999);
            put(worst, of1);
            if (with) put(hog, called / std::chrono::duration<double>(end - begin).count());
        }
}

}  // namespace

measure const neighbours{"neighbours", "the neighbours of a 50 ms action", rows, take};

}  // namespace hocket::bench

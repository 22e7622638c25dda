// Each driver from the session's point of view.
#include "drivers.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <hocket/audio/freewheel_driver.hpp>
#include <hocket/audio/jack_driver.hpp>
#include <hocket/audio/portaudio_driver.hpp>
#include <hocket/audio/timer_driver.hpp>
#include <stdexcept>
#include <string>
#include <thread>

#include "session.hpp"

namespace play {

namespace audio = hocket::audio;
using namespace std::chrono_literals;

static std::optional<clock_figures> run_freewheel(session& s) {
    audio::freewheel_driver driver(s.engine(), {.sample_rate = s.sample_rate(), .block = s.block()});
    // Whole blocks, and soon enough back for the rings and for who looks at the line.
    static_assert(most_frames + 2048 <= deck::least_room);
    std::uint64_t const part = (2048 / s.block() + 1) * s.block();
    for (std::uint64_t left = s.frames(); s.turn(0) && left > 0;) {
        std::uint64_t const now = std::min(left, part);
        driver.render(now, s.port());
        left -= now;
    }
    return std::nullopt;
}

static std::optional<clock_figures> run_timer(session& s) {
    audio::timer_driver driver(s.engine(), {.sample_rate = s.sample_rate(), .block = s.block()});
    if (s.await_files()) {
        driver.start(s.port(), s.frames());
        while (driver.running() && s.turn(driver.stats().late)) std::this_thread::sleep_for(20ms);
        driver.stop();
    }
    audio::timer_stats const t = driver.stats();
    return clock_figures{
        .realtime = t.realtime, .blocks = t.blocks, .late = t.late, .worst_ns = t.worst_ns, .block = s.block()};
}

// Sees when all has been played to a device, which goes on for ever.
class counted_port final : public audio::port {
public:
    explicit counted_port(audio::port& to) : to_(to) {}
    void play(std::span<float const* const> outputs, unsigned frames) noexcept override {
        to_.play(outputs, frames);
        played_.fetch_add(frames, std::memory_order_relaxed);
    }
    std::uint64_t played() const noexcept { return played_.load(std::memory_order_relaxed); }

private:
    audio::port& to_;
    std::atomic<std::uint64_t> played_{0};
};

template <class Driver>
static clock_figures run_device(session& s, Driver& driver, std::string const& device) {
    if (driver.sample_rate() != s.sample_rate())
        throw std::runtime_error(device + " has " + std::to_string(driver.sample_rate()) + " Hz, and the music " +
                                 std::to_string(s.sample_rate()) + " Hz: nothing here resamples");
    counted_port port(s.port());
    if (s.await_files()) {
        driver.start(port);
        while (driver.running() && port.played() < s.frames() && s.turn(driver.stats().late))
            std::this_thread::sleep_for(20ms);
        driver.stop();
    }
    if (std::string const why = driver.failure(); !why.empty()) throw std::runtime_error(why);
    auto const t = driver.stats();
    return {.realtime = t.realtime,
            .blocks = t.blocks,
            .late = t.late,
            .worst_ns = t.worst_ns,
            .xruns = t.xruns,
            .block = s.block()};
}

static std::optional<clock_figures> run_jack(session& s) {
    audio::jack_driver driver(s.engine(), {.client = "hocket-play", .server = s.server()});
    auto figures = run_device(s, driver, "the JACK server");
    figures.block = driver.block();
    return figures;
}

static std::optional<clock_figures> run_portaudio(session& s) {
    // Which server its JACK looks for is in the environment.
    char const* const api = s.server().empty() ? "" : "JACK Audio Connection Kit";
    audio::portaudio_driver driver(s.engine(), {.host_api = api, .block = s.block()});
    return run_device(s, driver, "'" + driver.device() + "'");
}

static constexpr std::array table{
    driver{"freewheel", "as fast as possible, reproducible", false, run_freewheel},
    driver{"timer", "in real time, by the system's clock", false, run_timer},
    driver{"jack", "on a JACK server", true, run_jack},
    driver{"portaudio", "on a sound device", true, run_portaudio},
};

std::span<driver const> drivers() noexcept { return table; }

driver const* find_driver(std::string_view name) noexcept {
    auto const* const found = std::find_if(table.begin(), table.end(), [&](driver const& d) { return d.name == name; });
    return found == table.end() ? nullptr : found;
}

}  // namespace play

// Each driver from the session's point of view.
#include "drivers.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <hocket/audio/freewheel_driver.hpp>
#include <hocket/audio/timer_driver.hpp>
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
    return clock_figures{.realtime = t.realtime, .blocks = t.blocks, .late = t.late, .worst_ns = t.worst_ns};
}

static constexpr std::array table{
    driver{"freewheel", "as fast as possible, reproducible", run_freewheel},
    driver{"timer", "in real time, by the system's clock", run_timer},
};

std::span<driver const> drivers() noexcept { return table; }

driver const* find_driver(std::string_view name) noexcept {
    auto const* const found = std::find_if(table.begin(), table.end(), [&](driver const& d) { return d.name == name; });
    return found == table.end() ? nullptr : found;
}

}  // namespace play

// Running, settling, comparing.
#include "stress/stage.hpp"

#include <algorithm>
#include <atomic>
#include <hocket/hocket.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>

#include "stress/clock.hpp"

namespace hocket::stress {

// For what a task does after its last act that a scenario can see: a few microseconds, unless the machine is very busy.
// Half of the watchdog's patience, so that a leak is called a leak.
static std::int64_t settling_ns(settings const& s) {
    return static_cast<std::int64_t>(1e9 * std::min(10.0, s.hang_seconds / 2));
}

static std::atomic<bool> abandoned{false};

bool stage::abandoned_any() noexcept { return abandoned.load(std::memory_order_relaxed); }

stage::stage(trial& t, runtime_options options)
    : trial_(t), runtime_(std::make_unique<hocket::runtime>(std::move(options))) {
    trial_.shows(runtime_.get());
}

stage::~stage() {
    if (!runtime_) return;
    shut_down();
}

#ifdef HOCKET_BREAKABLE
// Breakages that have nothing to do with what a scenario does.
static void break_generally(std::string const& how) {
    if (how == "hang") {
        counting_semaphore<> never{0};
        never.acquire();
    }
    if (how == "leak") go({.name = "left behind"}, [] { this_fiber::sleep_for(std::chrono::hours(1)); });
    if (how == "crash") throw std::runtime_error("thrown on purpose");
    if (how == "shortage") throw std::bad_alloc();
}
#endif

void stage::run(std::function<void()> const& body) {
    generator choice = trial_.random(hash("stage"));
    if (choice.below(7) < 3) runtime_->start();
    std::int64_t const start = now_ns();
    runtime_->run([&] {
#ifdef HOCKET_BREAKABLE
        break_generally(trial_.asked().broken);
#endif
        body();
    });
    trial_.worked(now_ns() - start);
}

bool stage::idle() const {
    auto const s = runtime_->stats();
    // A worker keeps the carrier it stands on.
    return s.live == 0 && s.timers == 0 && s.arena_bytes == 0 && s.stacks_in_use <= s.workers + s.blocking_workers;
}

void stage::close() {
    std::int64_t const deadline = now_ns() + settling_ns(trial_.asked());
    while (!idle() && now_ns() < deadline) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    if (idle()) return close_draining();

    auto const s = runtime_->stats();
    std::ostringstream text;
    text << "the runtime kept " << s.live << " tasks, " << s.stacks_in_use << " stacks, " << s.timers << " timers, "
         << s.arena_bytes << " arena bytes";
    if (s.live != 0) {
        std::ostringstream lines;
        runtime_->dump(lines);
        text << ":\n" << lines.str().substr(0, 2000);
    }
    trial_.leaked(text.str());
    if (s.live == 0) return close_draining();

    trial_.shows(nullptr);
    abandoned.store(true, std::memory_order_relaxed);
    static_cast<void>(runtime_.release());
}

void stage::close_draining() {
    runtime_->shutdown();
    auto const s = runtime_->stats();
    if (s.live != 0 || s.timers != 0 || s.arena_bytes != 0 || s.stacks_in_use != 0 || s.spawned != s.completed) {
        std::ostringstream text;
        text << "after the shutdown there were " << s.live << " tasks, " << s.stacks_in_use << " stacks in use, "
             << s.timers << " timers, " << s.arena_bytes << " arena bytes; " << s.spawned << " spawned, " << s.completed
             << " completed";
        trial_.leaked(text.str());
    }
    shut_down();
}

void stage::shut_down() {
    runtime_->shutdown();  // the watchdog looks on: this may hang
    trial_.shows(nullptr);
    runtime_.reset();
}

void on_stage(trial& t, std::function<void()> const& body) {
    stage s(t);
    s.run(body);
    s.close();
}

}  // namespace hocket::stress

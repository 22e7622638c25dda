// Real time by the system's clock.
#include <sys/mman.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <hocket/audio/rt_section.hpp>
#include <hocket/audio/timer_driver.hpp>
#include <stdexcept>
#include <thread>

#include "audio/channel_buffers.hpp"
#include "audio/priority.hpp"

namespace hocket::inline HOCKET_ABI::audio {

static std::int64_t now_ns() noexcept {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

static void sleep_until_ns(std::int64_t when) noexcept {
    timespec const t{when / 1'000'000'000, when % 1'000'000'000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, nullptr) != 0) {
    }
}

// Beyond this lag the time base moves: catching up would take the core from everybody for as long again.
constexpr std::int64_t longest_lag_ns = 1'000'000'000;

class timer_driver::implementation {
public:
    implementation(engine& e, timer_options const& options)
        : engine_(e), options_(options), in_(e.panel_inputs(), options.block), out_(e.panel_outputs(), options.block) {}

    void play(port& to, std::uint64_t frames) noexcept {
        bool const realtime = options_.priority > 0 && detail::become_realtime(options_.priority);
        realtime_.store(realtime, std::memory_order_relaxed);
        engine_.set_audio_class(realtime ? audio_class::realtime : audio_class::ordinary);
        std::uint64_t const blocks = frames / options_.block + (frames % options_.block != 0);
        std::int64_t start = now_ns();
        // In units of blocks, so that rounding does not add up.
        auto const begin_of = [&](std::uint64_t k) {
            __extension__ using wide = unsigned __int128;
            return start + static_cast<std::int64_t>(wide{k} * options_.block * 1'000'000'000 / options_.sample_rate);
        };
        for (std::uint64_t k = 0; k < blocks && !stopping_.load(std::memory_order_relaxed); ++k) {
            std::int64_t const due = begin_of(k);
            sleep_until_ns(due);
            {
                rt_section const section;  // all but the clock and the sleep
                for (float* const channel : in_.write()) std::fill_n(channel, options_.block, 0.0f);
                to.capture(in_.write(), options_.block);
                engine_.process(in_.read(), out_.write(), options_.block);
                to.play(out_.read(), options_.block);
            }
            std::int64_t const end = now_ns();
            if (end > begin_of(k + 1)) {
                late_.fetch_add(1, std::memory_order_relaxed);
                engine_.report_xrun();
            }
            worst_ns_.store(std::max(worst_ns_.load(std::memory_order_relaxed), end - due), std::memory_order_relaxed);
            blocks_.fetch_add(1, std::memory_order_relaxed);
            if (end - begin_of(k + 1) > longest_lag_ns) start += end - begin_of(k + 1);
        }
        running_.store(false, std::memory_order_release);  // pairs with the acquire in running()
    }

    void join() {
        if (thread_.joinable()) thread_.join();
    }

    engine& engine_;
    timer_options const options_;
    detail::channel_buffers in_;
    detail::channel_buffers out_;
    std::thread thread_;
    bool locked_ = false;
    std::atomic<bool> stopping_{false};
    std::atomic<bool> running_{false};
    std::atomic<bool> realtime_{false};
    std::atomic<std::uint64_t> blocks_{0};
    std::atomic<std::uint64_t> late_{0};
    std::atomic<std::int64_t> worst_ns_{0};
};

// Pages are locked when they are there: the address space that fibers' stacks have reserved is not filled.
static bool lock_memory() noexcept { return mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) == 0; }

timer_driver::timer_driver(engine& e, timer_options const& options) {
    if (options.priority < 0 || options.priority > 99)
        throw std::invalid_argument("timer_options::priority must be 0 to 99");
    bool const locked = options.lock_memory && lock_memory();
    self_ = std::make_unique<implementation>(e, options);
    self_->locked_ = locked;
    e.prepare(options.sample_rate, options.block, tick_source::wall_clock);
}

timer_driver::~timer_driver() {
    stop();
    self_->engine_.release();
}

void timer_driver::start(port& to, std::uint64_t frames) {
    if (self_->thread_.joinable()) {
        if (running()) throw std::logic_error("timer_driver::start: it is running");
        self_->join();
    }
    self_->stopping_.store(false, std::memory_order_relaxed);
    self_->running_.store(true, std::memory_order_relaxed);
    try {
        self_->thread_ = std::thread([s = self_.get(), &to, frames] { s->play(to, frames); });
    } catch (...) {
        self_->running_.store(false, std::memory_order_relaxed);
        throw;
    }
}

void timer_driver::wait() { self_->join(); }

void timer_driver::stop() {
    self_->stopping_.store(true, std::memory_order_relaxed);
    self_->join();
}

// acquire: pairs with the release at the end of play()
bool timer_driver::running() const noexcept { return self_->running_.load(std::memory_order_acquire); }

timer_stats timer_driver::stats() const noexcept {
    return {self_->blocks_.load(std::memory_order_relaxed), self_->late_.load(std::memory_order_relaxed),
            self_->worst_ns_.load(std::memory_order_relaxed), self_->realtime_.load(std::memory_order_relaxed), self_->locked_};
}

}  // namespace hocket::inline HOCKET_ABI::audio

// Looking ten times a second.
#include "stress/watchdog.hpp"

#include "stress/clock.hpp"

namespace hocket::stress {

watchdog::watchdog(double hang_seconds, std::size_t trials, std::function<void(trial&)> on_hang)
    : patience_ns_(static_cast<std::int64_t>(hang_seconds * 1e9)),
      trials_(trials),
      on_hang_(std::move(on_hang)),
      thread_([this] { body(); }) {}

watchdog::~watchdog() {
    {
        std::lock_guard const held(guard_);
        ending_ = true;
    }
    end_.notify_one();
    thread_.join();
}

void watchdog::watch(trial& t) {
    std::lock_guard const held(guard_);
    watched_ = &t;
    ++number_;
    began_ns_ = moved_ns_ = now_ns();
    progress_ = t.progress();
}

void watchdog::rest() {
    std::lock_guard const held(guard_);
    watched_ = nullptr;
    line_.clear();
}

void watchdog::body() {
    std::unique_lock held(guard_);
    while (!end_.wait_for(held, std::chrono::milliseconds(100), [this] { return ending_; }))
        if (watched_ != nullptr) look();
}

void watchdog::look() {
    std::int64_t const now = now_ns();
    std::uint64_t const progress = watched_->progress();
    if (progress != progress_) {
        progress_ = progress;
        moved_ns_ = now;
    }
    if (now - moved_ns_ > patience_ns_) {
        line_.clear();
        on_hang_(*watched_);
        moved_ns_ = now;
    }
    line_.draw(watched_->name(), number_, trials_, static_cast<double>(now - began_ns_) / 1e9, watched_->ops.sum());
}

}  // namespace hocket::stress

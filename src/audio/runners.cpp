// Ticks.
#include "audio/runners.hpp"

#include <algorithm>
#include <chrono>
#include <hocket/this_fiber.hpp>
#include <stdexcept>

#include "audio/async_group.hpp"
#include "audio/priority.hpp"

namespace hocket::inline HOCKET_ABI::audio::detail {

constexpr std::chrono::microseconds tick_period{500};

static runner_pool_options const& checked(runner_pool_options const& o) {
    if (o.max_concurrent < 1 || o.max_concurrent > 64)
        throw std::invalid_argument("runner_pool_options::max_concurrent is " + std::to_string(o.max_concurrent) +
                                    "; it must be 1 to 64");
    if (o.blocking_workers < 1) throw std::invalid_argument("runner_pool_options::blocking_workers must be at least 1");
    return o;
}

runners::runners(runner_pool_options const& options)
    : stack_size_(options.stack_size),
      groups_(checked(options).max_concurrent),
      runtime_({.workers = options.max_concurrent,
                .blocking_workers = options.blocking_workers,
                .context = options.context}) {
    try {
        runtime_.start();
        for (unsigned r = 0; r < groups_.size(); ++r) go("runner " + std::to_string(r), r, [this, r] { tick(r); });
    } catch (...) {
        close();
        throw;
    }
}

runners::~runners() { close(); }

void runners::close() noexcept {
    std::lock_guard const held(guard_);
    closing_ = true;
    work_.notify_all();
}

unsigned runners::next() noexcept {
    std::lock_guard const held(guard_);
    return next_++ % static_cast<unsigned>(groups_.size());
}

void runners::add(std::shared_ptr<async_group> group, unsigned runner) {
    std::lock_guard const held(guard_);
    groups_[runner].push_back(std::move(group));
}

void runners::remove(async_group const& group, unsigned runner) noexcept {
    std::lock_guard const held(guard_);
    std::erase_if(groups_[runner], [&](auto const& g) { return g.get() == &group; });
}

void runners::nudge() noexcept {
    std::lock_guard const held(guard_);
    work_.notify_all();
}

// The ticking task of one runner.
void runners::tick(unsigned runner) {
    bool background = false;
    std::unique_lock held(guard_);
    while (!closing_) {
        bool any = false;
        for (auto const& g : groups_[runner]) any |= g->tick();
        if (!any) {
            work_.wait(held);
            continue;
        }
        held.unlock();
        // Not before real time is asked for: a freewheeling engine waits for its runners.
        if (!background) background = become_background();
        this_fiber::yield();  // the actions just woken go first, so that the delay is counted from their end
        this_fiber::sleep_for(tick_period);
        held.lock();
    }
}

}  // namespace hocket::inline HOCKET_ABI::audio::detail

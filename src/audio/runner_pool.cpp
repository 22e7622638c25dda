// The face of the runners.
#include <hocket/audio/runner_pool.hpp>
#include <hocket/mutex.hpp>
#include <mutex>

#include "audio/runners.hpp"

namespace hocket::inline HOCKET_ABI::audio {

runner_pool::runner_pool(runner_pool_options const& options) : core_(std::make_unique<detail::runners>(options)) {}

runner_pool::~runner_pool() = default;

std::shared_ptr<runner_pool> runner_pool::shared() {
    static mutex guard;
    static std::weak_ptr<runner_pool> existing;
    std::lock_guard const held(guard);
    auto pool = existing.lock();
    if (!pool) existing = pool = std::make_shared<runner_pool>();
    return pool;
}

runner_pool_stats runner_pool::stats() const {
    return {.runners = core_->count(),
            .most_at_once = core_->permit().most(),
            .executing = core_->permit().holders(),
            .moves = core_->moves(),
            .balanced = core_->balanced(),
            .runtime = core_->stats()};
}

}  // namespace hocket::inline HOCKET_ABI::audio

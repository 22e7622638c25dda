// A mutex that need not be waited for for ever.
#pragma once

#include <hocket/detail/timed_lock.hpp>
#include <hocket/mutex.hpp>

namespace hocket::inline HOCKET_ABI {

// As std::timed_mutex, and else as hocket::mutex; try_lock_for() and its kin are those of timed_lock.hpp. Who gives up
// loses his place in the queue, and the mutex goes to the next.
class timed_mutex : private mutex, public detail::timed_lock<timed_mutex> {
public:
    using detail::timed_lock<timed_mutex>::lock;
    void lock() noexcept { mutex::lock(); }
    using mutex::try_lock;
    using mutex::unlock;

private:
    friend class detail::timed_lock<timed_mutex>;
    friend class recursive_timed_mutex;
    bool lock_within(detail::wait_limit const& limit) noexcept { return try_lock() || lock_slow(limit); }
};

}  // namespace hocket::inline HOCKET_ABI

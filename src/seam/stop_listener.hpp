// Calls f() when a stop is asked for, for as long as it lives; its destructor waits for a call that is under way on
// another thread.
#pragma once

#include <hocket/detail/config.hpp>
#include <stop_token>

#ifdef HOCKET_EXPLORED
#include <atomic>
#include <memory>
#include <utility>

#include "seam/explored/unwatched.hpp"
#include "seam/pause.hpp"
#endif

namespace hocket::inline HOCKET_ABI::detail::seam {

#ifndef HOCKET_EXPLORED

template <class F>
using stop_listener = std::stop_callback<F>;

#else

// All virtual threads stand on one OS thread: std's destructor takes every call for one of its own thread's, and does
// not wait. So this one does. What std writes to its callback after the call has nothing to order it before the
// destructor then: it lies on the heap, and goes from there unwatched.
template <class F>
class stop_listener {
public:
    stop_listener(std::stop_token const& token, F f)
        : f_(std::move(f)), callback_(std::make_unique<std::stop_callback<forward>>(token, forward{*this})) {}
    stop_listener(stop_listener const&) = delete;
    stop_listener& operator=(stop_listener const&) = delete;
    ~stop_listener() {
        while (calling_.load()) pause();
        explorer::unwatched const here;
        callback_.reset();
    }

private:
    struct forward {
        stop_listener& to;
        void operator()() const noexcept {
            to.calling_.store(true);
            to.f_();
            to.calling_.store(false);
        }
    };

    F f_;
    std::atomic<bool> calling_{false};  // std's: no scheduling point between std's look at its list and this
    std::unique_ptr<std::stop_callback<forward>> callback_;
};

#endif

}  // namespace hocket::inline HOCKET_ABI::detail::seam

// Doing something once, whoever comes first.
#pragma once

#include <functional>
#include <hocket/detail/atomic.hpp>
#include <hocket/detail/fault.hpp>
#include <hocket/mutex.hpp>
#include <mutex>
#include <utility>

namespace hocket::inline HOCKET_ABI {

// As std::once_flag.
class once_flag {
public:
    constexpr once_flag() noexcept = default;
    once_flag(once_flag const&) = delete;
    once_flag& operator=(once_flag const&) = delete;

private:
    template <class F, class... Args>
    friend void call_once(once_flag& flag, F&& f, Args&&... args);

    detail::atomic<std::uint32_t> done_{0};
    mutex calling_;  // held by who calls
};

// As std::call_once: calls f(args...) unless a call with this flag has returned before; who comes while it runs waits
// for it. When it throws, the caller gets the exception, and one who waits tries in his turn. Calling it with the same
// flag from within f waits for ever. [any thread]
template <class F, class... Args>
void call_once(once_flag& flag, F&& f, Args&&... args) {
    using detail::seam::fault;
    // acquire: pairs with the release below
    if (flag.done_.load(detail::acquire) != 0) return;
    std::lock_guard const held(flag.calling_);
    // relaxed: written under the mutex
    if (flag.done_.load(detail::relaxed) != 0 && !detail::seam::fault_injected(fault::once_calls_again)) return;
    std::invoke(std::forward<F>(f), std::forward<Args>(args)...);
    flag.done_.store(1, detail::release);
}

}  // namespace hocket::inline HOCKET_ABI

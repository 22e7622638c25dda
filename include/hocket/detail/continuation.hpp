// What follows a future: the future of what a task returns that waits for others first.
#pragma once

#include <exception>
#include <functional>
#include <hocket/detail/spawn.hpp>
#include <type_traits>
#include <utility>

namespace hocket::inline HOCKET_ABI::detail {

template <class F>
inline constexpr bool is_future = false;
template <class R>
inline constexpr bool is_future<future<R>> = true;
template <class R>
inline constexpr bool is_future<shared_future<R>> = true;

// What f() returns, when it is there.
template <class F>
decltype(auto) final_result(F& f) {
    if constexpr (is_future<std::invoke_result_t<F&>>)
        return f().get();
    else
        return f();
}

// The future of what f() returns, called in a detached task; of a future, of what that will have. [fiber]
template <class F>
auto result_of_task(F f) {
    using result = std::conditional_t<is_future<std::invoke_result_t<F&>>,
                                      std::remove_cvref_t<decltype(final_result(std::declval<F&>()))>,
                                      std::invoke_result_t<F&>>;
    promise<result> told;
    future<result> later = told.get_future();
    spawn([told = std::move(told), f = std::move(f)]() mutable {
        try {
            if constexpr (std::is_void_v<result>) {
                final_result(f);
                told.set_value();
            } else {
                told.set_value(final_result(f));
            }
        } catch (...) {
            told.set_exception(std::current_exception());
        }
    });
    return later;
}

// f(before), when that is ready. [fiber]
template <class Future, class F>
auto continued(Future before, F&& f) {
    static_cast<void>(future_access::completion_of(before));
    return result_of_task([before = std::move(before), call = std::decay_t<F>(std::forward<F>(f))]() mutable -> decltype(auto) {
        before.wait();
        return std::invoke(std::move(call), std::move(before));
    });
}

}  // namespace hocket::inline HOCKET_ABI::detail

namespace hocket::inline HOCKET_ABI {

template <class R>
template <class F>
auto future<R>::then(F&& f) {
    return detail::continued(std::move(*this), std::forward<F>(f));
}

template <class R>
template <class F>
auto shared_future<R>::then(F&& f) const {
    return detail::continued(*this, std::forward<F>(f));
}

}  // namespace hocket::inline HOCKET_ABI

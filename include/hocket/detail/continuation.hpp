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

// What a future will have; of all else, itself.
template <class T>
struct final_of {
    using type = T;
};
template <class R>
struct final_of<future<R>> {
    using type = R;
};
template <class R>
struct final_of<shared_future<R>> {
    using type = R;
};

// The future of what f() returns, called in a detached task; of a future, of what that will have. [fiber]
template <class F>
auto result_of_task(F f) {
    using returned = std::invoke_result_t<F&>;
    using result = typename final_of<returned>::type;
    state_ptr<shared_state<result>> state(new shared_state<result>);
    spawn_into(state.get(), nullptr, task_kind::ordinary, nullptr, [f = std::move(f)]() mutable -> result {
        if constexpr (is_future<returned>)
            return f().get();
        else
            return f();
    });
    return make_future<result>(std::move(state));
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

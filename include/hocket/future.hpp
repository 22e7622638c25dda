// Futures: a result that a task will have.
#pragma once

#include <chrono>
#include <concepts>
#include <functional>
#include <future>
#include <hocket/detail/shared_state.hpp>
#include <hocket/detail/spawn.hpp>
#include <hocket/detail/wait_limit.hpp>
#include <hocket/this_fiber.hpp>
#include <memory>
#include <type_traits>

namespace hocket::inline HOCKET_ABI {

using std::future_errc;
using std::future_error;
using std::future_status;

template <class R>
class promise;
template <class R>
class future;

namespace detail {
template <class R>
future<R> make_future(state_ptr<shared_state<R>> state) noexcept;
}

// As std::future: get() and wait() suspend a fiber and block a thread. The future of async() waits in its destructor.
template <class R>
class future {
public:
    future() noexcept = default;
    future(future&&) noexcept = default;
    future& operator=(future&& other) noexcept {
        finish();
        state_ = std::move(other.state_);
        return *this;
    }
    ~future() { finish(); }

    bool valid() const noexcept { return static_cast<bool>(state_); }

    // Waits for the result and returns it, or throws what the task threw. The future is then no longer valid. Throws
    // future_error(no_state) when it was not valid before. [any thread]
    R get() {
        require();
        auto state = std::move(state_);
        state->done.wait_until(INT64_MAX);
        return state->take();
    }

    // Waits for the result. [any thread]
    void wait() const {
        require();
        state_->done.wait_until(INT64_MAX);
    }
    template <class Rep, class Period>
    future_status wait_for(std::chrono::duration<Rep, Period> d) const {
        return wait_ns(detail::from_now(d));
    }
    template <class Clock, class Duration>
    future_status wait_until(std::chrono::time_point<Clock, Duration> t) const {
        require();
        auto const attempt = [this](detail::wait_limit const& limit) { return state_->done.wait_until(limit.deadline); };
        return detail::attempt_until(t, attempt) ? future_status::ready : future_status::timeout;
    }

private:
    friend class promise<R>;
    friend future detail::make_future<R>(detail::state_ptr<detail::shared_state<R>>) noexcept;
    using state = detail::state_ptr<detail::shared_state<R>>;

    explicit future(state s) noexcept : state_(std::move(s)) {}

    future_status wait_ns(std::int64_t deadline) const {
        require();
        return state_->done.wait_until(deadline) ? future_status::ready : future_status::timeout;
    }
    void require() const {
        if (!state_) throw future_error(future_errc::no_state);
    }
    void finish() noexcept {
        if (state_ && state_->wait_on_drop) state_->done.wait_until(INT64_MAX);
        state_ = state();
    }

    state state_;
};

// As std::promise.
template <class R>
class promise {
public:
    // Throws std::bad_alloc. [any thread]
    promise() : state_(new detail::shared_state<R>) {}
    promise(promise&&) noexcept = default;
    promise& operator=(promise&& other) noexcept {
        abandon();
        state_ = std::move(other.state_);
        return *this;
    }
    // A future that was promised something and will not get it throws future_error(broken_promise).
    ~promise() { abandon(); }

    // Throws future_error: no_state, future_already_retrieved. [any thread]
    future<R> get_future() {
        require();
        if (std::exchange(state_->retrieved, true)) throw future_error(future_errc::future_already_retrieved);
        return future<R>(state_);
    }

    // Stores the result and wakes who waits. Throws future_error: no_state, promise_already_satisfied. [any thread]
    template <class... V>
        requires(std::is_void_v<R> ? sizeof...(V) == 0 : sizeof...(V) == 1)
    void set_value(V&&... v) {
        require_unset();
        if constexpr (std::is_void_v<R>)
            state_->value.emplace();
        else if constexpr (std::is_reference_v<R>)
            state_->value.emplace(std::addressof(v)...);
        else
            state_->value.emplace(std::forward<V>(v)...);
        tell();
    }
    // [any thread]
    void set_exception(std::exception_ptr e) {
        require_unset();
        state_->failure = std::move(e);
        tell();
    }

private:
    void require() const {
        if (!state_) throw future_error(future_errc::no_state);
    }
    void require_unset() const {
        require();
        if (state_->done.is_set()) throw future_error(future_errc::promise_already_satisfied);
    }
    // Who waits may drop both the future and this promise at once: the state is kept until set() has left it.
    void tell() noexcept {
        auto const keep = state_;
        keep->done.set();
    }
    void abandon() noexcept {
        if (!state_ || state_->done.is_set()) return;
        state_->failure = std::make_exception_ptr(future_error(future_errc::broken_promise));
        tell();
    }

    detail::state_ptr<detail::shared_state<R>> state_;
};

namespace detail {
template <class R>
future<R> make_future(state_ptr<shared_state<R>> state) noexcept {
    return future<R>(std::move(state));
}
}  // namespace detail

template <class Signature>
class packaged_task;

// As std::packaged_task.
template <class R, class... Args>
class packaged_task<R(Args...)> {
public:
    packaged_task() noexcept = default;
    template <class F>
        requires std::invocable<std::decay_t<F>&, Args...> && (!std::same_as<std::decay_t<F>, packaged_task>)
    explicit packaged_task(F&& f) : promise_(std::in_place), function_(std::forward<F>(f)) {}

    bool valid() const noexcept { return promise_.has_value(); }
    future<R> get_future() { return require().get_future(); }
    // Calls the function and stores its result. Throws future_error. [any thread]
    void operator()(Args... args) {
        promise<R>& p = require();
        try {
            if constexpr (std::is_void_v<R>) {
                function_(std::forward<Args>(args)...);
                p.set_value();
            } else {
                p.set_value(function_(std::forward<Args>(args)...));
            }
        } catch (...) {
            p.set_exception(std::current_exception());
        }
    }

private:
    promise<R>& require() {
        if (!promise_) throw future_error(future_errc::no_state);
        return *promise_;
    }
    std::optional<promise<R>> promise_;
    std::function<R(Args...)> function_;
};

// Spawns f(args...), decay-copied, and returns the future of its result; the future's destructor waits for it, as with
// std::async. Throws as go() does. [fiber]
template <class F, class... Args>
    requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
[[nodiscard]] HOCKET_ALWAYS_INLINE auto async(launch const& how, F&& f, Args&&... args) {
    using result = std::invoke_result_t<std::decay_t<F>, std::decay_t<Args>...>;
    detail::state_ptr<detail::shared_state<result>> state(new detail::shared_state<result>);
    state->wait_on_drop = true;
    detail::spawn_into(state.get(), nullptr, detail::task_kind::ordinary, &how, std::forward<F>(f),
                       std::forward<Args>(args)...);
    return detail::make_future<result>(std::move(state));
}
template <class F, class... Args>
    requires std::invocable<std::decay_t<F>, std::decay_t<Args>...>
[[nodiscard]] HOCKET_ALWAYS_INLINE auto async(F&& f, Args&&... args) {
    return async(launch{}, std::forward<F>(f), std::forward<Args>(args)...);
}

}  // namespace hocket::inline HOCKET_ABI

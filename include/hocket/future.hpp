// Futures: a result that a task will have.
#pragma once

#include <chrono>
#include <concepts>
#include <future>
#include <hocket/detail/callable.hpp>
#include <hocket/detail/shared_state.hpp>
#include <hocket/detail/spawn.hpp>
#include <hocket/detail/wait_limit.hpp>
#include <hocket/this_fiber.hpp>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace hocket::inline HOCKET_ABI {

using std::future_errc;
using std::future_error;
using std::future_status;

template <class R>
class promise;
template <class R>
class future;
template <class R>
class shared_future;

namespace detail {
struct future_access;
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
    // future_error(no_state) when it was not valid before; cancelled, and is still valid. [any thread]
    R get() {
        require();
        state_->done.wait_until(INT64_MAX);
        auto const state = std::move(state_);
        return state->take();
    }

    // Calls f(future) in a task of its own when this one is ready, with it, and returns the future of the result; of a
    // result that is itself a future, the future of what that will have. This one is then no longer valid. As in the
    // Concurrency TS. Throws future_error(no_state), and as go() does. [fiber]
    template <class F>
    auto then(F&& f);

    // Hands what it waits for over to a future that can be copied. Throws std::bad_alloc. [any thread]
    shared_future<R> share() { return shared_future<R>(std::move(*this)); }

    // Waits for the result. These throw cancelled. [any thread]
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
        bool const ready = detail::attempt_until(
            t, [this](detail::wait_limit const& limit) { return state_->done.wait_until(limit.deadline); });
        return ready ? future_status::ready : future_status::timeout;
    }

private:
    friend class promise<R>;
    friend class shared_future<R>;
    friend detail::future_access;
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
        if (state_ && state_->wait_on_drop) state_->done.wait_regardless();
        state_ = state();
    }

    state state_;
};

// As std::shared_future: get() leaves the result where it is, and gives it to everybody who asks. Copies may be used
// from several fibers and threads. The last copy of one that came from async() waits in its destructor.
template <class R>
class shared_future {
public:
    shared_future() noexcept = default;
    // Throws std::bad_alloc. [any thread]
    shared_future(future<R>&& of)
        : future_(of.valid() ? std::make_shared<future<R> const>(std::move(of)) : nullptr) {}

    bool valid() const noexcept { return future_ != nullptr; }

    // Waits for the result and returns a reference to it, or throws what the task threw. Throws future_error(no_state)
    // when it is not valid. [any thread]
    decltype(auto) get() const {
        auto& state = *required().state_.get();
        state.done.wait_until(INT64_MAX);
        if (state.failure) std::rethrow_exception(state.failure);
        if constexpr (std::is_reference_v<R>)
            return static_cast<R>(**state.value);
        else if constexpr (!std::is_void_v<R>)
            return static_cast<R const&>(*state.value);
    }

    // See future: f gets a copy of this one, which stays. [fiber]
    template <class F>
    auto then(F&& f) const;

    // See future. [any thread]
    void wait() const { required().wait(); }
    template <class Rep, class Period>
    future_status wait_for(std::chrono::duration<Rep, Period> d) const {
        return required().wait_for(d);
    }
    template <class Clock, class Duration>
    future_status wait_until(std::chrono::time_point<Clock, Duration> t) const {
        return required().wait_until(t);
    }

private:
    friend detail::future_access;

    future<R> const& required() const {
        if (!future_) throw future_error(future_errc::no_state);
        return *future_;
    }
    std::shared_ptr<future<R> const> future_;
};

// As std::promise.
template <class R>
class promise {
public:
    // Throws std::bad_alloc. [any thread]
    promise() : state_(new detail::shared_state<R>) {}
    promise(promise&&) noexcept = default;
    promise& operator=(promise&& other) noexcept {
        promise(std::move(other)).swap(*this);
        return *this;
    }
    // A future that was promised something and will not get it throws future_error(broken_promise).
    ~promise() { abandon(); }
    void swap(promise& other) noexcept { std::swap(state_, other.state_); }

    // Throws future_error: no_state, future_already_retrieved. [any thread]
    future<R> get_future() {
        require();
        if (std::exchange(state_->retrieved, true)) throw future_error(future_errc::future_already_retrieved);
        return future<R>(state_);
    }

    // Stores the result and wakes who waits. By one at a time. Throws future_error: no_state,
    // promise_already_satisfied. [any thread]
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
    // The same with an exception, which get() will throw. [any thread]
    void set_exception(std::exception_ptr e) {
        require_unset();
        state_->failure = std::move(e);
        tell();
    }

private:
    template <class Signature>
    friend class packaged_task;

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

// What a future waits for. Throws future_error(no_state).
struct future_access {
    template <class R>
    static completion* completion_of(future<R> const& f) {
        f.require();
        return &f.state_->done;
    }
    template <class R>
    static completion* completion_of(shared_future<R> const& f) {
        return completion_of(f.required());
    }
};

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
    // `f` need not be copyable. Throws std::bad_alloc. [any thread]
    template <class F>
        requires std::invocable<std::decay_t<F>&, Args...> && (!std::same_as<std::decay_t<F>, packaged_task>)
    explicit packaged_task(F&& f)
        : function_(std::make_unique<detail::callable_of<std::decay_t<F>, R(Args...)>>(std::forward<F>(f))),
          promise_(std::in_place) {}
    packaged_task(packaged_task&&) noexcept = default;
    packaged_task& operator=(packaged_task&&) noexcept = default;
    void swap(packaged_task& other) noexcept {
        std::swap(function_, other.function_);
        std::swap(promise_, other.promise_);
    }

    bool valid() const noexcept { return function_ != nullptr; }
    // Throws future_error: no_state, future_already_retrieved. [any thread]
    future<R> get_future() { return require().get_future(); }
    // Calls the function and stores what it returns or throws. Throws future_error: no_state, promise_already_satisfied
    // when it was called before. [any thread]
    void operator()(Args... args) {
        promise<R>& p = require();
        p.require_unset();
        try {
            if constexpr (std::is_void_v<R>) {
                function_->call(std::forward<Args>(args)...);
                p.set_value();
            } else {
                p.set_value(function_->call(std::forward<Args>(args)...));
            }
        } catch (...) {
            p.set_exception(std::current_exception());
        }
    }
    // The same function once more, for a new future. Throws future_error(no_state), std::bad_alloc. [any thread]
    void reset() {
        require();
        promise_.emplace();
    }

private:
    promise<R>& require() {
        if (!valid()) throw future_error(future_errc::no_state);
        return *promise_;
    }

    std::unique_ptr<detail::callable<R(Args...)>> function_;
    std::optional<promise<R>> promise_;
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

#include <hocket/detail/continuation.hpp>

// A task that is owned: joined, asked to stop, identified.
#pragma once

#include <functional>
#include <optional>
#include <hocket/detail/shared_state.hpp>
#include <hocket/detail/spawn.hpp>
#include <hocket/launch.hpp>
#include <hocket/this_fiber.hpp>
#include <stop_token>
#include <system_error>
#include <type_traits>
#include <utility>

namespace hocket::inline HOCKET_ABI {

namespace detail {
// What a fiber object and its task share.
class HOCKET_API fiber_state final : public shared_state<void> {
public:
    std::stop_token stop_token() override;

    // From now on a stop asked of the runtime is asked of this fiber too. Called by one thread at a time. [any thread]
    void follow(std::stop_token of_runtime);

    std::stop_source stop;
    fiber_id id;  // written before the task is submitted

private:
    struct forward {
        std::stop_source& to;
        void operator()() const noexcept { to.request_stop(); }
    };
    std::optional<std::stop_callback<forward>> link_;
};
}  // namespace detail

// As std::jthread: f(stop_token, args...) if it can be called so, else f(args...), runs as a task of the calling
// fiber's runtime; destruction asks it to stop and joins. An exception that leaves f ends the program, as with
// std::jthread, unless runtime_options::on_unhandled takes it.
class fiber {
public:
    using id = fiber_id;

    fiber() noexcept = default;
    // Throws as go() does. [fiber]
    template <class F, class... Args>
        requires(!std::same_as<std::decay_t<F>, fiber> && !std::same_as<std::decay_t<F>, launch>)
    HOCKET_ALWAYS_INLINE explicit fiber(F&& f, Args&&... args) : state_(new detail::fiber_state) {
        start(nullptr, std::forward<F>(f), std::forward<Args>(args)...);
    }
    template <class F, class... Args>
    HOCKET_ALWAYS_INLINE explicit fiber(launch const& how, F&& f, Args&&... args) : state_(new detail::fiber_state) {
        start(&how, std::forward<F>(f), std::forward<Args>(args)...);
    }
    fiber(fiber&&) noexcept = default;
    fiber& operator=(fiber&& other) noexcept {
        finish();
        state_ = std::move(other.state_);
        return *this;
    }
    ~fiber() { finish(); }

    bool joinable() const noexcept { return static_cast<bool>(state_); }

    // Waits until the task has completed and all it owned is gone. Throws std::system_error: invalid_argument when
    // there is nothing to join, resource_deadlock_would_occur when it is the caller itself; cancelled, and is still
    // joinable. [any thread]
    void join() {
        if (!state_) fail(std::errc::invalid_argument, "hocket::fiber::join");
        if (state_->id == this_fiber::get_id()) fail(std::errc::resource_deadlock_would_occur, "hocket::fiber::join");
        state_->done.wait_until(INT64_MAX);
        state_ = {};
    }
    // Lets the task go on by itself. Throws std::system_error(invalid_argument) when there is none. [any thread]
    void detach() {
        if (!state_) fail(std::errc::invalid_argument, "hocket::fiber::detach");
        state_ = {};
    }

    id get_id() const noexcept { return state_ ? state_->id : id(); }
    std::stop_source get_stop_source() noexcept { return state_ ? state_->stop : std::stop_source(std::nostopstate); }
    std::stop_token get_stop_token() const noexcept { return state_ ? state_->stop.get_token() : std::stop_token(); }
    bool request_stop() noexcept { return state_ && state_->stop.request_stop(); }
    void swap(fiber& other) noexcept { std::swap(state_, other.state_); }

    // How many threads the machine can run at once; 0 when that is not known. [any thread]
    HOCKET_API static unsigned hardware_concurrency() noexcept;

private:
    template <class F, class... Args>
    HOCKET_ALWAYS_INLINE void start(launch const* how, F&& f, Args&&... args) {
        constexpr bool wants_token = std::invocable<std::decay_t<F>, std::stop_token, std::decay_t<Args>...>;
        static_assert(wants_token || std::invocable<std::decay_t<F>, std::decay_t<Args>...>);
        using closure_type =
            std::conditional_t<wants_token, detail::closure<std::decay_t<F>, std::stop_token, std::decay_t<Args>...>,
                               detail::closure<std::decay_t<F>, std::decay_t<Args>...>>;
        static constexpr detail::task_type type = closure_type::type();
        detail::new_task task(nullptr, detail::task_kind::ordinary, how, type);
        using arguments = decltype(closure_type::arguments);
        if constexpr (wants_token)
            ::new (task.storage()) closure_type{
                std::forward<F>(f), arguments(task.follow_runtime(*state_.get()), std::forward<Args>(args)...)};
        else
            ::new (task.storage()) closure_type{std::forward<F>(f), arguments(std::forward<Args>(args)...)};
        state_->id = task.id();
        state_->retain();
        task.submit(detail::ending(state_.get()));
    }
    [[noreturn]] static void fail(std::errc why, char const* where) {
        throw std::system_error(std::make_error_code(why), where);
    }
    void finish() noexcept {
        if (!state_) return;
        state_->stop.request_stop();
        state_->done.wait_regardless();
        state_ = {};
    }

    detail::state_ptr<detail::fiber_state> state_;
};

}  // namespace hocket::inline HOCKET_ABI

// What a promise and its future share: a result that is set once, and those who wait for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <hocket/detail/atomic.hpp>
#include <hocket/detail/wait_queue.hpp>
#include <memory>
#include <new>
#include <optional>
#include <stop_token>
#include <type_traits>
#include <utility>
#include <variant>

namespace hocket::inline HOCKET_ABI::detail {

enum class wait_reason : std::uint8_t;

// Something that happens once. Setting it twice is the caller's error.
class HOCKET_API completion {
public:
    completion() noexcept = default;
    completion(completion const&) = delete;
    completion& operator=(completion const&) = delete;

    // acquire: pairs with the release in set()
    bool is_set() const noexcept { return set_.load(acquire) != 0; }
    // Marks it as happened and wakes all who wait. The object may die as soon as a waiter has seen it set, unless it
    // sees it only through wait_until(). [any thread]
    void set() noexcept;
    // Waits until it has happened, or until the deadline (nanoseconds of steady_clock; INT64_MAX for none): whether
    // it has. Throws cancelled. [any thread]
    bool wait_until(std::int64_t deadline);
    // The same without a deadline, and whatever is cancelled: for who must not leave before it has happened. [any thread]
    void wait_regardless() noexcept;
    // Waits until one of `n` has happened: the number of the first that has, or static_cast<std::size_t>(-1) when n is 0.
    // Throws std::bad_alloc, cancelled. [any thread]
    static std::size_t wait_any(completion* const* all, std::size_t n);

private:
    bool wait_for_it(wait_reason why, std::int64_t deadline);

    atomic<std::uint32_t> set_{0};
    wait_queue waiters_;
};

// Counted by those who refer to it; frees itself with the last.
class HOCKET_API shared_state_base {
public:
    shared_state_base() noexcept = default;
    shared_state_base(shared_state_base const&) = delete;
    shared_state_base& operator=(shared_state_base const&) = delete;

    void retain() noexcept { references_.fetch_add(1, relaxed); }
    void drop() noexcept {
        // acq_rel: the last owner sees what the others wrote before their drop
        if (references_.fetch_sub(1, acq_rel) == 1) delete this;
    }

    // The stop token of the task that publishes this state; one without a state when it has none of its own.
    virtual std::stop_token stop_token();

    completion done;
    std::exception_ptr failure;  // written before done is set
    bool wait_on_drop = false;   // the future of async() waits in its destructor
    bool retrieved = false;      // get_future() was called

protected:
    virtual ~shared_state_base();

private:
    atomic<std::uint32_t> references_{1};
};

template <class R>
class shared_state : public shared_state_base {
public:
    // Calls f and stores what it returned or threw; done is left for the caller to set. [any thread]
    template <class F>
    void fulfil(F&& f) noexcept {
        try {
            if constexpr (std::is_void_v<R>) {
                std::forward<F>(f)();
                value.emplace();
            } else if constexpr (std::is_reference_v<R>) {
                auto&& r = std::forward<F>(f)();
                value.emplace(std::addressof(r));
            } else {
                value.emplace(std::forward<F>(f)());
            }
        } catch (...) {
            failure = std::current_exception();
        }
    }

    // The result, moved out, or the failure, thrown. done is set.
    R take() {
        // Out of the state: the thread that drops it last then has no part in the exception's life.
        if (failure) std::rethrow_exception(std::exchange(failure, nullptr));
        if constexpr (std::is_reference_v<R>)
            return static_cast<R>(**value);
        else if constexpr (!std::is_void_v<R>)
            return std::move(*value);
    }

    using stored = std::conditional_t<
        std::is_void_v<R>, std::monostate,
        std::conditional_t<std::is_reference_v<R>, std::remove_reference_t<R>*, R>>;
    std::optional<stored> value;  // written before done is set
};

// A counted pointer to one.
template <class State>
class state_ptr {
public:
    state_ptr() noexcept = default;
    explicit state_ptr(State* adopted) noexcept : state_(adopted) {}
    state_ptr(state_ptr const& other) noexcept : state_(other.state_) {
        if (state_ != nullptr) state_->retain();
    }
    state_ptr(state_ptr&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
    state_ptr& operator=(state_ptr other) noexcept {
        std::swap(state_, other.state_);
        return *this;
    }
    ~state_ptr() {
        if (state_ != nullptr) state_->drop();
    }
    State* operator->() const noexcept { return state_; }
    State* get() const noexcept { return state_; }
    explicit operator bool() const noexcept { return state_ != nullptr; }

private:
    State* state_ = nullptr;
};

}  // namespace hocket::inline HOCKET_ABI::detail

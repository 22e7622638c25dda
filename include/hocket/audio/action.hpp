// What an AsyncThread calls: a callable kept inline, so that handing one over never allocates.
#pragma once

#include <cstddef>
#include <functional>
#include <hocket/detail/config.hpp>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace hocket::inline HOCKET_ABI::audio {

// Holds any callable void() of up to four pointers, or nothing. Moves, does not copy.
class action {
public:
    // Bytes of captures: `this` and a shared_ptr, or a std::function, fit.
    static constexpr std::size_t capacity = 4 * sizeof(void*);

    // Nothing. [any thread]
    action() noexcept = default;

    // Takes f over; nothing when f is a null function pointer or an empty std::function. [any thread]
    template <class F>
        requires(!std::same_as<std::decay_t<F>, action> && std::invocable<std::decay_t<F>&>)
    action(F&& f) noexcept(std::is_nothrow_constructible_v<std::decay_t<F>, F>) {
        using function = std::decay_t<F>;
        static_assert(sizeof(function) <= capacity && alignof(function) <= alignof(std::max_align_t),
                      "an AsyncThread's action holds at most four pointers: capture `this`, or a pointer to the rest");
        static_assert(std::is_nothrow_move_constructible_v<function>, "an action moves where nothing may throw");
        if constexpr (requires { static_cast<bool>(f == nullptr); })
            if (f == nullptr) return;
        ::new (storage_) function(std::forward<F>(f));
        type_ = &type_of<function>;
    }

    action(action&& other) noexcept : type_(std::exchange(other.type_, nullptr)) {
        if (type_ != nullptr) type_->relocate(storage_, other.storage_);
    }
    action& operator=(action&& other) noexcept {
        if (this != &other) {
            reset();
            type_ = std::exchange(other.type_, nullptr);
            if (type_ != nullptr) type_->relocate(storage_, other.storage_);
        }
        return *this;
    }
    ~action() { reset(); }

    // Destroys what is held. [any thread]
    void reset() noexcept {
        if (auto const* type = std::exchange(type_, nullptr)) type->destroy(storage_);
    }

    explicit operator bool() const noexcept { return type_ != nullptr; }

    // Calls it; something is held. Throws what it throws. [any thread]
    void operator()() { type_->call(storage_); }

private:
    struct operations {
        void (*call)(void*);
        void (*relocate)(void* to, void* from) noexcept;  // move-constructs at `to`, destroys `from`
        void (*destroy)(void*) noexcept;
    };
    template <class F>
    static constexpr operations type_of{
        [](void* f) { static_cast<void>(std::invoke(*static_cast<F*>(f))); },
        [](void* to, void* from) noexcept {
            ::new (to) F(std::move(*static_cast<F*>(from)));
            static_cast<F*>(from)->~F();
        },
        [](void* f) noexcept { static_cast<F*>(f)->~F(); }};

    operations const* type_ = nullptr;
    alignas(std::max_align_t) std::byte storage_[capacity];
};

}  // namespace hocket::inline HOCKET_ABI::audio

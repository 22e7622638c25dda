// A channel: values handed from senders to receivers, in order.
#pragma once

#include <cstddef>
#include <hocket/detail/config.hpp>
#include <hocket/detail/wait_queue.hpp>
#include <iterator>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace hocket::inline HOCKET_ABI {

// The capacity of a channel that never makes a sender wait.
struct unbounded_t {
    explicit unbounded_t() = default;
};
inline constexpr unbounded_t unbounded{};

// What a try_ or timed operation came to.
enum class channel_status : unsigned char { success, would_block, closed };

namespace detail {

// How a channel handles values whose type its core does not know. No function may throw or suspend.
struct item_type {
    void (*relocate)(void* to, void* from) noexcept;  // move-constructs at `to`, destroys `from`
    void (*move)(void* to, void* from) noexcept;      // move-constructs at `to`; `from` stays, moved-from
    void (*destroy)(void* item) noexcept;
    std::size_t size;   // bytes
    std::size_t align;  // bytes
};

enum class wait_reason : std::uint8_t;

class HOCKET_API channel_core {
public:
    static constexpr std::size_t no_bound = SIZE_MAX;

    channel_core(item_type const& type, std::size_t capacity);
    channel_core(channel_core const&) = delete;
    channel_core& operator=(channel_core const&) = delete;
    ~channel_core();

    // Moves from *item only when it returns success. A deadline of 0 never waits; INT64_MAX waits for ever.
    channel_status send(void* item, std::int64_t deadline);
    // Move-constructs at `to` only when it returns success.
    channel_status receive(void* to, std::int64_t deadline) noexcept;
    void close() noexcept;
    bool closed() const noexcept;
    std::size_t size() const noexcept;

private:
    void* slot(std::size_t position) const noexcept;
    void grow();
    void grow_guarded();
    channel_status wait_in(wait_queue& queue, wait_reason why, void* item, std::int64_t deadline) noexcept;

    item_type const& type_;
    std::size_t const capacity_;
    mutable lock guard_;
    std::byte* items_ = nullptr;  // a ring of room_ items
    std::size_t room_ = 0;        // a power of two, or 0
    std::size_t head_ = 0;        // position of the oldest
    std::size_t count_ = 0;
    bool closed_ = false;
    wait_queue senders_;    // guarded by guard_, their own locks unused
    wait_queue receivers_;  // likewise
};

}  // namespace detail

// A channel of T for fibers and threads, any number on either side. capacity values are buffered; with 0 each send
// waits for its receiver; with `unbounded` no send waits. After close() buffered values are still received, then
// receivers get nothing and senders are refused. T is nothrow-move-constructible, and its move does not suspend.
// Destroying it while somebody waits is misuse and ends the program.
template <class T>
class channel {
    static_assert(std::is_nothrow_move_constructible_v<T>, "a channel moves its values under a lock");

public:
    using value_type = T;

    // Throws std::bad_alloc. [any thread]
    explicit channel(std::size_t capacity = 0) : core_(type, capacity) {}
    explicit channel(unbounded_t) : core_(type, detail::channel_core::no_bound) {}

    // Hands `value` over; waits while the buffer is full. False when the channel is closed: `value` is then as it
    // was. Throws std::bad_alloc when an unbounded buffer cannot grow. [any thread]
    [[nodiscard]] bool send(T&& value) {
        return core_.send(std::addressof(value), INT64_MAX) == channel_status::success;
    }
    [[nodiscard]] bool send(T const& value)
        requires std::copy_constructible<T>
    {
        T copy(value);
        return send(std::move(copy));
    }

    // The same without waiting: would_block when nobody can take it now. [any thread]
    [[nodiscard]] channel_status try_send(T&& value) { return core_.send(std::addressof(value), 0); }

    // The next value; waits for one. Empty when the channel is closed and drained. [any thread]
    [[nodiscard]] std::optional<T> recv() noexcept {
        landing_place place;
        if (core_.receive(place.bytes, INT64_MAX) != channel_status::success) return std::nullopt;
        return place.take();
    }

    // The same without waiting; would_block when there is none now. [any thread]
    [[nodiscard]] channel_status try_recv(std::optional<T>& to) noexcept {
        landing_place place;
        channel_status const s = core_.receive(place.bytes, 0);
        if (s == channel_status::success) to.emplace(std::move(*place.take()));
        return s;
    }

    // Refuses further sends and wakes all who wait. Closing twice does nothing. [any thread]
    void close() noexcept { core_.close(); }
    bool is_closed() const noexcept { return core_.closed(); }

    // Values buffered now. [any thread]
    std::size_t size() const noexcept { return core_.size(); }

    // Receives until the channel is closed and drained: for (T& value : ch). [any thread]
    class iterator {
    public:
        using value_type = T;
        using difference_type = std::ptrdiff_t;
        explicit iterator(channel& from) : from_(&from), value_(from.recv()) {}
        T& operator*() noexcept { return *value_; }
        iterator& operator++() {
            value_.reset();
            if (auto next = from_->recv()) value_.emplace(std::move(*next));
            return *this;
        }
        void operator++(int) { ++*this; }
        friend bool operator==(iterator const& i, std::default_sentinel_t) noexcept { return !i.value_.has_value(); }

    private:
        channel* from_;
        std::optional<T> value_;
    };
    iterator begin() { return iterator(*this); }
    std::default_sentinel_t end() noexcept { return {}; }

private:
    struct landing_place {
        alignas(T) std::byte bytes[sizeof(T)];
        std::optional<T> take() noexcept {
            T* const item = std::launder(reinterpret_cast<T*>(bytes));
            std::optional<T> result(std::move(*item));
            item->~T();
            return result;
        }
    };

    static constexpr detail::item_type type{
        [](void* to, void* from) noexcept {
            ::new (to) T(std::move(*static_cast<T*>(from)));
            static_cast<T*>(from)->~T();
        },
        [](void* to, void* from) noexcept { ::new (to) T(std::move(*static_cast<T*>(from))); },
        [](void* item) noexcept { static_cast<T*>(item)->~T(); }, sizeof(T), alignof(T)};

    detail::channel_core core_;
};

}  // namespace hocket::inline HOCKET_ABI

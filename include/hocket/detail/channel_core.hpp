// The untyped half of channel and select: what they forward to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <hocket/detail/config.hpp>
#include <hocket/detail/wait_limit.hpp>
#include <hocket/detail/wait_queue.hpp>
#include <new>
#include <optional>
#include <utility>

namespace hocket::inline HOCKET_ABI {

enum class channel_status : unsigned char;

namespace detail {

// How a channel handles values whose type its core does not know. No function may throw; those under a lock do not
// suspend.
struct item_type {
    void (*relocate)(void* to, void* from) noexcept;  // move-constructs at `to`, destroys `from`
    void (*move)(void* to, void* from) noexcept;      // move-constructs at `to`; `from` stays, moved-from
    void (*destroy)(void* item) noexcept;
    // Moves `item` into its own frame, calls then(what), which gives the lock back, and destroys it after that.
    void (*outlive)(void* item, void (*then)(void* what) noexcept, void* what) noexcept;
    std::size_t size;   // bytes
    std::size_t align;  // bytes
};

enum class wait_reason : std::uint8_t;

class HOCKET_API channel_core {
public:
    static constexpr std::size_t no_bound = SIZE_MAX;

    channel_core(item_type const& type, std::size_t capacity, bool sliding = false);
    channel_core(channel_core const&) = delete;
    channel_core& operator=(channel_core const&) = delete;
    ~channel_core();

    // Moves from *item only when it returns success. A deadline of 0 never waits: would_block.
    channel_status send(void* item, wait_limit limit);
    // Move-constructs at `to` only when it returns success.
    channel_status receive(void* to, wait_limit limit);
    bool close() noexcept;
    bool closed() const noexcept;
    std::size_t size() const noexcept;
    std::size_t capacity() const noexcept { return capacity_; }
    std::uint64_t dropped() const noexcept;

private:
    friend class selection;

    void* slot(std::size_t position) const noexcept;
    void append(void* item) noexcept;
    void grow();
    template <class Unlock>
    void slide(void* item, Unlock& unlock) noexcept;
    template <class Unlock>
    bool give(void* item, Unlock unlock);
    template <class Unlock>
    bool take(void* to, Unlock unlock) noexcept;
    channel_status wait_in(wait_list& queue, wait_reason why, void* item, wait_limit limit);

    // All that a send and a receive change, in one cache line.
    alignas(64) mutable lock guard_;
    bool const sliding_;
    bool closed_ = false;
    wait_list senders_;
    wait_list receivers_;
    std::size_t head_ = 0;  // position of the oldest
    std::size_t count_ = 0;
    std::uint64_t dropped_ = 0;

    // What they read.
    std::byte* items_ = nullptr;  // a ring of room_ items
    std::size_t room_ = 0;        // a power of two, or 0
    item_type const& type_;
    std::size_t const capacity_;
    std::uint64_t const id_;  // the order in which a select locks
};

// One case of a select, in the frame of who selects.
struct select_case {
    channel_core* on = nullptr;  // null: never ready
    void* item = nullptr;        // sends: what to move from; receives: where to move it
    bool sends = false;

    // The core's own.
    std::uint32_t tried = 0;   // which case is tried in this place
    std::uint32_t locked = 0;  // which case's channel is locked in this place
    alignas(void*) std::byte node[6 * sizeof(void*)];
};

struct select_outcome {
    std::size_t index;      // of the case that was carried out, or whose channel is closed
    channel_status status;  // success or closed; would_block, timeout or stopped: none was
};

// Carries out one of n cases, as channel_core::send() or receive() would.
HOCKET_API select_outcome select_among(select_case* cases, std::size_t n, wait_limit limit);

// Room for one received value.
template <class T>
struct landing_place {
    alignas(T) std::byte bytes[sizeof(T)];

    // Moves out the value that is there.
    std::optional<T> take() noexcept {
        T* const item = std::launder(reinterpret_cast<T*>(bytes));
        std::optional<T> result(std::move(*item));
        item->~T();
        return result;
    }
    void take(std::optional<T>& to) noexcept {
        T* const item = std::launder(reinterpret_cast<T*>(bytes));
        to.emplace(std::move(*item));
        item->~T();
    }
};

}  // namespace detail
}  // namespace hocket::inline HOCKET_ABI

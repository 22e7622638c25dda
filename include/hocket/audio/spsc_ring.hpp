// A ring of samples between one writer and one reader, neither of whom ever waits.
//
// States: `written_` and `read_` count elements since the beginning; written - read is what is in the ring.
// Protocol: the writer alone moves `written_`, the reader alone `read_`.
// Memory order: each releases its own count after touching the elements, and acquires the other's before.
#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <hocket/detail/config.hpp>
#include <span>
#include <type_traits>
#include <vector>

namespace hocket::inline HOCKET_ABI::audio {

template <class T>
class spsc_ring {
    static_assert(std::is_trivially_copyable_v<T>);

public:
    // Room for at least `capacity` elements, rounded up to a power of two. Throws std::bad_alloc. [control]
    explicit spsc_ring(std::size_t capacity) : items_(std::bit_ceil(std::max<std::size_t>(capacity, 1))) {}

    std::size_t capacity() const noexcept HOCKET_NONBLOCKING { return items_.size(); }

    // Elements in the ring: exact for a caller that is reader or writer when the other stands still. [audio]
    std::size_t size() const noexcept HOCKET_NONBLOCKING {
        // acquire: pairs with the releases in read() and write(); read_ first, so that the difference is at least 0
        std::size_t const read = read_.load(std::memory_order_acquire);
        return written_.load(std::memory_order_acquire) - read;
    }

    // Writes all of `from`, or nothing and returns false when there is no room. [audio, the writer]
    bool write(std::span<T const> from) noexcept HOCKET_NONBLOCKING {
        std::size_t const at = written_.load(std::memory_order_relaxed);
        // acquire: pairs with the release in read(), so that what is overwritten has been read
        if (items_.size() - (at - read_.load(std::memory_order_acquire)) < from.size()) return false;
        std::size_t const begin = at & (items_.size() - 1);
        std::size_t const first = std::min(from.size(), items_.size() - begin);
        std::copy_n(from.data(), first, items_.data() + begin);
        std::copy_n(from.data() + first, from.size() - first, items_.data());
        written_.store(at + from.size(), std::memory_order_release);  // pairs with the acquire in read()
        return true;
    }

    // Reads as many as `to` holds, or nothing and returns false when there are fewer. [audio, the reader]
    bool read(std::span<T> to) noexcept HOCKET_NONBLOCKING {
        std::size_t const at = read_.load(std::memory_order_relaxed);
        // acquire: pairs with the release in write()
        if (written_.load(std::memory_order_acquire) - at < to.size()) return false;
        std::size_t const begin = at & (items_.size() - 1);
        std::size_t const first = std::min(to.size(), items_.size() - begin);
        std::copy_n(items_.data() + begin, first, to.data());
        std::copy_n(items_.data(), to.size() - first, to.data() + first);
        read_.store(at + to.size(), std::memory_order_release);  // pairs with the acquire in write()
        return true;
    }

private:
    std::vector<T> items_;
    alignas(64) std::atomic<std::size_t> written_{0};
    alignas(64) std::atomic<std::size_t> read_{0};
};

}  // namespace hocket::inline HOCKET_ABI::audio

// A task's own memory: allocation bumps a pointer, reset gives everything back at once.
//
// An arena holds blocks taken from a block pool. It touches no memory before its first allocation. Objects made with
// make() are destroyed, newest first, at reset, rewind or destruction. An arena is used by one task at a time: nothing
// in it is locked. What outlives the task must not live in the task's arena.
#pragma once

#include <cstddef>
#include <cstdint>
#include <hocket/detail/config.hpp>
#include <memory_resource>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

namespace hocket::inline HOCKET_ABI {

namespace detail {
class block_pool;
struct arena_block;
struct arena_finalizer;
}  // namespace detail

class HOCKET_API arena final : public std::pmr::memory_resource {
public:
    // A place to rewind to. Valid until the arena is rewound past it or reset.
    class mark_type;

    // An arena of its own, over the process-wide block pool. `limit` is the largest sum of block sizes in bytes it may
    // hold, SIZE_MAX for none. Allocates nothing. [any thread]
    explicit arena(std::size_t limit = SIZE_MAX) noexcept;
    // The same over a given pool, which outlives it.
    arena(detail::block_pool& pool, std::size_t limit) noexcept;
    arena(arena const&) = delete;
    arena& operator=(arena const&) = delete;
    // Resets, and gives every block back.
    ~arena() override;

    // `bytes` of memory aligned to `align` (a power of two, at most 4096). Throws std::bad_alloc when the limit would be
    // passed or the system has no memory; nothing else is lost then. [the task that owns the arena]
    void* allocate(std::size_t bytes, std::size_t align = alignof(std::max_align_t));

    // A T constructed in the arena; its destructor runs at reset, in reverse order of construction. If the constructor
    // throws, the memory is given back and the exception passes on. [the task that owns the arena]
    template <class T, class... Args>
    T& make(Args&&... args);

    // `count` value-initialised elements; T is trivially destructible. [the task that owns the arena]
    template <class T>
    std::span<T> make_span(std::size_t count);

    // Remembers the present state. [the task that owns the arena]
    mark_type mark() const noexcept;

    // Destroys what was made since `m`, newest first, and takes the memory back. [the task that owns the arena]
    void rewind(mark_type const& m) noexcept;

    // Destroys everything made, newest first, and takes all memory back; keeps what steady use needs (blocks up to a
    // high-water mark) and gives the rest to the pool. [the task that owns the arena]
    void reset() noexcept;

    // Bytes handed out since the last reset, padding included; bytes of the blocks now held. [the task that owns it]
    std::size_t used() const noexcept;
    std::size_t reserved() const noexcept;

private:
    void* do_allocate(std::size_t bytes, std::size_t align) override;
    // A no-op, but for the block handed out last, which is taken back.
    void do_deallocate(void* p, std::size_t bytes, std::size_t align) override;
    bool do_is_equal(std::pmr::memory_resource const& other) const noexcept override;
};

}  // namespace hocket::inline HOCKET_ABI

// A task's own memory: allocation bumps a pointer, reset gives everything back at once.
//
// An arena holds blocks taken from a block pool. It touches no memory before its first allocation. Objects made with
// make() are destroyed, newest first, at reset, rewind or destruction. An arena is used by one task at a time: nothing
// in it is locked. What outlives the task must not live in the task's arena.
//
// Blocks are chained, newest first, and double in size from 1 KiB to 64 KiB; a request above 32 KiB that does not fit
// gets a large block of its own, hung on the block that was current, so that the rest of that one is still used. A
// reset after a cycle that took several blocks gives them all back and remembers how much was used: the next cycle
// starts with one block that holds it all, and from then on a reset moves one pointer. The memory of that high-water
// mark fades over some 30 smaller cycles.
//
// Under AddressSanitizer 8 poisoned bytes stand behind every allocation, and all that is not handed out is poisoned.
// Under valgrind's memcheck all that is not handed out is closed, and what is handed out undefined until it is written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <hocket/detail/config.hpp>
#include <hocket/detail/poison.hpp>
#include <memory>
#include <memory_resource>
#include <new>
#include <span>
#include <type_traits>
#include <utility>

namespace hocket::inline HOCKET_ABI {

namespace detail {
class block_pool;
struct arena_block;

// Ends one object that make() made; stands right before it.
struct arena_finalizer {
    arena_finalizer* older;
    void (*destroy)(arena_finalizer*) noexcept;
};

// An object with a finalizer.
template <class T>
struct arena_made {
    arena_finalizer finalizer;
    alignas(T) std::byte storage[sizeof(T)];

    static void destroy(arena_finalizer* f) noexcept {
        // finalizer is the first member of a standard-layout struct: they have one address.
        std::launder(reinterpret_cast<T*>(reinterpret_cast<arena_made*>(f)->storage))->~T();
    }
};
}  // namespace detail

class HOCKET_API arena final : public std::pmr::memory_resource {
public:
    // A place to rewind to. Valid until the arena is rewound past it or reset.
    class mark_type;
    // Rewinds at the end of a scope.
    class scoped_mark;

    // An arena of its own, over the process-wide block pool. `limit` is the largest sum of block sizes in bytes it may
    // hold, SIZE_MAX for none. Allocates nothing. [any thread]
    explicit arena(std::size_t limit = SIZE_MAX) noexcept;
    // The same over a given pool, which outlives it.
    arena(detail::block_pool& pool, std::size_t limit) noexcept;
    arena(arena const&) = delete;
    arena& operator=(arena const&) = delete;
    // Resets, and gives every block back.
    ~arena() override;

    // `bytes` of memory aligned to `align` (a power of two, at most 4096). Throws std::bad_alloc when the limit would
    // be passed or the system has no memory; nothing else is lost then. [the task that owns the arena]
    HOCKET_ALWAYS_INLINE void* allocate(std::size_t bytes, std::size_t align = alignof(std::max_align_t)) {
        if constexpr (redzone != 0) align = align < 8 ? 8 : align;
        std::size_t const pad = -reinterpret_cast<std::uintptr_t>(cursor_) & (align - 1);
        std::byte* const p = cursor_ + pad;
        // Not negative, as a block ends where such an alignment is met. One comparison for what is too much, and for
        // nothing: every allocation has an address of its own.
        std::size_t const room = static_cast<std::size_t>(end_ - p);
        if (align > end_align || bytes - 1 >= room) [[unlikely]] return allocate_slow(bytes, align);
        if constexpr (redzone != 0)
            if (spaced(bytes) > room) [[unlikely]] return allocate_slow(bytes, align);
        cursor_ = p + spaced(bytes);
        detail::unpoison(p, bytes);
        return p;
    }

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
#ifdef HOCKET_ASAN
    static constexpr std::size_t redzone = 8;
#else
    static constexpr std::size_t redzone = 0;
#endif

    // Every block ends at a multiple of it.
    static constexpr std::size_t end_align = 1024;

    // What `bytes` take up, redzone included.
    static constexpr std::size_t spaced(std::size_t bytes) noexcept {
        return redzone == 0 ? bytes : ((bytes + 7) & ~std::size_t{7}) + redzone;
    }

    // Takes back what a failed construction leaves; last in the arena as a rule, so that the memory is used again.
    struct undo {
        arena& owner;
        void* p;
        std::size_t bytes;
        std::size_t align;
        ~undo() {
            if (p != nullptr) owner.do_deallocate(p, bytes, align);
        }
    };

    template <class T, class... Args>
    static T* construct(void* p, Args&&... args) {
        if constexpr (std::is_constructible_v<T, Args...>)
            return ::new (p) T(std::forward<Args>(args)...);
        else  // an aggregate, to a compiler that has no parenthesised initialisation of those
            return ::new (p) T{std::forward<Args>(args)...};
    }

    void* allocate_slow(std::size_t bytes, std::size_t align);
    std::byte* carve(std::size_t bytes, std::size_t align) noexcept;
    std::byte* cursor() const noexcept;
    void put_cursor(std::byte* p) noexcept;
    void push(std::size_t size, std::size_t needed, std::size_t request);
    void* push_large(std::size_t bytes, std::size_t align, std::size_t needed);
    void pop() noexcept;
    void drop_large(detail::arena_block* from, std::uint64_t down_to) noexcept;
    void finalize(detail::arena_finalizer* down_to) noexcept;
    void start_over() noexcept;

    void* do_allocate(std::size_t bytes, std::size_t align) override;
    // A no-op, but for the block handed out last, which is taken back, and for large blocks.
    void do_deallocate(void* p, std::size_t bytes, std::size_t align) override;
    bool do_is_equal(std::pmr::memory_resource const& other) const noexcept override;

    // Next free byte of the current block, and its end. Under memcheck both null, and the block has the cursor.
    std::byte* cursor_ = nullptr;
    std::byte* end_ = nullptr;
    detail::arena_block* current_ = nullptr;
    detail::arena_finalizer* finalizers_ = nullptr;  // newest first
    detail::block_pool* pool_;
    std::size_t limit_;     // bytes
    std::size_t peak_ = 0;  // bytes used by a cycle, high-water mark; 0 while the first cycle lasts
};
static_assert(sizeof(arena) <= 64, "every task that uses memory has one");

class arena::mark_type {
    friend class arena;
    detail::arena_block* block_ = nullptr;
    std::byte* cursor_ = nullptr;
    detail::arena_finalizer* finalizers_ = nullptr;
    std::uint64_t large_ = 0;  // large blocks with a higher number are younger
};

class arena::scoped_mark {
public:
    // Both: [the task that owns the arena]
    explicit scoped_mark(arena& a) noexcept : arena_(a), mark_(a.mark()) {}
    scoped_mark(scoped_mark const&) = delete;
    scoped_mark& operator=(scoped_mark const&) = delete;
    ~scoped_mark() { arena_.rewind(mark_); }

private:
    arena& arena_;
    mark_type mark_;
};

template <class T, class... Args>
T& arena::make(Args&&... args) {
    if constexpr (std::is_trivially_destructible_v<T>) {
        undo guard{*this, allocate(sizeof(T), alignof(T)), sizeof(T), alignof(T)};
        T* const made = construct<T>(guard.p, std::forward<Args>(args)...);
        guard.p = nullptr;
        return *made;
    } else {
        using slot = detail::arena_made<T>;
        undo guard{*this, allocate(sizeof(slot), alignof(slot)), sizeof(slot), alignof(slot)};
        auto* const s = ::new (guard.p) slot;
        T* const made = construct<T>(s->storage, std::forward<Args>(args)...);
        guard.p = nullptr;
        // Only now: what the constructor itself made here is older than its owner.
        s->finalizer = {finalizers_, &slot::destroy};
        finalizers_ = &s->finalizer;
        return *made;
    }
}

template <class T>
std::span<T> arena::make_span(std::size_t count) {
    static_assert(std::is_trivially_destructible_v<T>, "nothing would destroy the elements of a span");
    if (count > PTRDIFF_MAX / sizeof(T)) throw std::bad_array_new_length();
    undo guard{*this, allocate(count * sizeof(T), alignof(T)), count * sizeof(T), alignof(T)};
    T* const first = static_cast<T*>(guard.p);
    std::uninitialized_value_construct_n(first, count);
    guard.p = nullptr;
    return {first, count};
}

}  // namespace hocket::inline HOCKET_ABI

// What an arena does when its current block is not enough, and how it takes everything back.
#include <hocket/arena.hpp>

#include <stdio.h>

#include <algorithm>

#include "alloc/block_pool.hpp"

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#else
#define VALGRIND_GET_VBITS(p, bits, bytes) 0
#define VALGRIND_MAKE_MEM_NOACCESS(p, bytes) static_cast<void>(0)
#define VALGRIND_MAKE_MEM_UNDEFINED(p, bytes) static_cast<void>(0)
#endif

namespace hocket::inline HOCKET_ABI {

namespace detail {

// The first bytes of a block. Sums are over the block and all that are older; what large blocks hold counts for the
// block that they hang on.
struct arena_block {
    arena_block* older;
    arena_block* large;      // hung on this one, newest first; of a large block: the next on the same hook
    std::size_t size;        // bytes of the block
    std::size_t used;        // bytes handed out in older blocks
    std::size_t used_large;  // bytes handed out in large blocks hung on this one (of a large block: in it)
    std::size_t reserved;    // sum of the sizes
    std::uint64_t number;    // of a large block: its own; else the last that one hung here was given
    std::byte* cursor;       // next free byte, under memcheck
};

}  // namespace detail

namespace {

using detail::arena_block;
using detail::block_pool;

constexpr std::size_t header = (sizeof(arena_block) + 15) / 16 * 16;

// Requests above this (header included) get a large block.
constexpr std::size_t largest_small = block_pool::largest_class / 2;
// The largest block that a new cycle starts with.
constexpr std::size_t largest_first = 16 * 1024 * 1024;

std::byte* begin_of(arena_block* b) noexcept { return reinterpret_cast<std::byte*>(b) + header; }
std::byte* end_of(arena_block* b) noexcept { return reinterpret_cast<std::byte*>(b) + b->size; }

// The block that a cycle needs which uses as much as the busiest one of late: a quarter more, for alignment.
std::size_t size_for_peak(std::size_t peak) noexcept {
    return block_pool::size_for(std::min(peak + peak / 4 + header, largest_first));
}

// Whether memcheck runs us: of valgrind's tools it alone knows which bits are defined. Then the inline way of allocate()
// sees no block, so that every allocation comes to allocate_slow() and is marked there. Elsewhere that costs nothing.
bool const watched = [] {
    [[maybe_unused]] unsigned char byte = 0, bits = 0;  // without valgrind the request is a constant
    return VALGRIND_GET_VBITS(&byte, &bits, 1) == 1;
}();

// Nothing in [p, end) is handed out.
void blank(std::byte* p, std::byte* end) noexcept {
    auto const bytes = static_cast<std::size_t>(end - p);
    if (watched) [[unlikely]] static_cast<void>(VALGRIND_MAKE_MEM_NOACCESS(p, bytes));
    detail::poison(p, bytes);
}

// `bytes` at p are handed out.
void open(std::byte* p, std::size_t bytes) noexcept {
    if (watched) [[unlikely]] static_cast<void>(VALGRIND_MAKE_MEM_UNDEFINED(p, bytes));
    detail::unpoison(p, bytes);
}

// Gives a block back, in which nothing is handed out any more.
void give_back(block_pool& pool, arena_block* b) noexcept {
    if (watched) [[unlikely]] blank(begin_of(b), end_of(b));  // the pool poisons it by itself
    pool.give(b, b->size);
}

class exhausted final : public std::bad_alloc {
public:
    static exhausted limit(std::size_t limit, std::size_t request, std::size_t held) noexcept {
        exhausted e;
        snprintf(e.text_, sizeof e.text_,
                 "hocket: %zu bytes asked of an arena that holds %zu; its limit is %zu (runtime_options::arena_limit)",
                 request, held, limit);
        return e;
    }
    static exhausted memory(std::size_t request, std::size_t held) noexcept {
        exhausted e;
        snprintf(e.text_, sizeof e.text_, "hocket: no memory for %zu bytes in an arena that holds %zu", request, held);
        return e;
    }
    char const* what() const noexcept override { return text_; }

private:
    char text_[176];
};

}  // namespace

arena::arena(std::size_t limit) noexcept : arena(block_pool::common(), limit) {}

arena::arena(detail::block_pool& pool, std::size_t limit) noexcept : pool_(&pool), limit_(limit) {}

arena::~arena() {
    finalize(nullptr);
    while (current_ != nullptr) pop();
}

void* arena::allocate_slow(std::size_t bytes, std::size_t align) {
    bytes += bytes == 0;
    if (current_ != nullptr)
        if (std::byte* const p = carve(bytes, align); p != nullptr) return p;
    std::size_t const held = reserved();
    if (bytes > SIZE_MAX / 8 || align > SIZE_MAX / 8) throw exhausted::memory(bytes, held);

    // Enough wherever the block begins; blocks from 4 KiB on begin on a page.
    std::size_t const needed = header + align - 1 + spaced(bytes);
    std::size_t const next = current_ == nullptr ? size_for_peak(peak_)
                                                 : std::min(2 * current_->size, block_pool::largest_class);
    if (needed <= next) {
        push(next, needed, bytes);
    } else if (needed <= largest_small) {
        push(block_pool::size_for(needed), needed, bytes);
    } else {
        bool const first = current_ == nullptr;
        if (first) push(block_pool::smallest, block_pool::smallest, bytes);
        try {
            return push_large(bytes, align, needed);
        } catch (...) {
            if (first) pop();
            throw;
        }
    }
    return carve(bytes, align);
}

// What allocate() does inline, for all that it leaves to allocate_slow(). Null where the current block has no room.
std::byte* arena::carve(std::size_t bytes, std::size_t align) noexcept {
    std::byte* const from = cursor();
    auto const room = static_cast<std::size_t>(end_of(current_) - from);
    std::size_t const pad = -reinterpret_cast<std::uintptr_t>(from) & (align - 1);
    // The first comparison is for sizes so large that the sum would wrap.
    if (bytes > room || pad + spaced(bytes) > room) return nullptr;
    std::byte* const p = from + pad;
    put_cursor(p + spaced(bytes));
    open(p, bytes);
    return p;
}

// Makes a block of `size` the current one, or, where limit or memory forbid that, the smallest that holds `needed`.
void arena::push(std::size_t size, std::size_t needed, std::size_t request) {
    std::size_t const held = reserved();
    std::size_t const left = limit_ - std::min(limit_, held);
    if (size > left) size = block_pool::size_for(needed);
    if (size > left) throw exhausted::limit(limit_, request, held);
    detail::block b = pool_->take(size);
    if (b.memory == nullptr) b = pool_->take(needed);
    if (b.memory == nullptr) throw exhausted::memory(request, held);

    current_ = ::new (b.memory) arena_block{current_, nullptr, b.size, used(), 0, held + b.size, 0, nullptr};
    put_cursor(begin_of(current_));
    blank(begin_of(current_), end_of(current_));
}

// Hangs a large block on the current one and hands out `bytes` of it.
void* arena::push_large(std::size_t bytes, std::size_t align, std::size_t needed) {
    std::size_t const held = reserved();
    std::size_t const size = block_pool::size_for(needed);
    if (size > limit_ - std::min(limit_, held)) throw exhausted::limit(limit_, bytes, held);
    detail::block const b = pool_->take(size);
    if (b.memory == nullptr) throw exhausted::memory(bytes, held);

    std::uint64_t const number = ++current_->number;
    auto* const l =
        ::new (b.memory) arena_block{nullptr, current_->large, b.size, 0, spaced(bytes), 0, number, nullptr};
    current_->large = l;
    current_->used_large += l->used_large;
    current_->reserved += l->size;

    std::byte* const begin = begin_of(l);
    std::byte* const p = begin + (-reinterpret_cast<std::uintptr_t>(begin) & (align - 1));
    blank(begin, end_of(l));
    open(p, bytes);
    return p;
}

// The next free byte of the current block; null when there is none.
std::byte* arena::cursor() const noexcept {
    if (watched && current_ != nullptr) [[unlikely]] return current_->cursor;
    return cursor_;
}

void arena::put_cursor(std::byte* p) noexcept {
    if (watched) [[unlikely]] {
        current_->cursor = p;
        cursor_ = end_ = nullptr;
    } else {
        cursor_ = p;
        end_ = end_of(current_);
    }
}

// Gives back the large blocks of the current block that are younger than number `down_to`, from the hook `from` on.
void arena::drop_large(arena_block* from, std::uint64_t down_to) noexcept {
    while (from->large != nullptr && from->large->number > down_to) {
        arena_block* const l = from->large;
        from->large = l->large;
        current_->used_large -= l->used_large;
        current_->reserved -= l->size;
        give_back(*pool_, l);
    }
}

// Gives the current block back; the one before it is the current one again, full.
void arena::pop() noexcept {
    drop_large(current_, 0);
    arena_block* const b = current_;
    current_ = b->older;
    cursor_ = end_ = nullptr;
    if (current_ != nullptr) put_cursor(end_of(current_));
    give_back(*pool_, b);
}

void arena::finalize(detail::arena_finalizer* down_to) noexcept {
    while (finalizers_ != down_to) {
        detail::arena_finalizer* const f = finalizers_;
        finalizers_ = f->older;
        f->destroy(f);
    }
}

// Takes back all of the only block, on which nothing hangs.
void arena::start_over() noexcept {
    current_->number = 0;
    std::byte* const begin = begin_of(current_);
    blank(begin, cursor());
    put_cursor(begin);
}

arena::mark_type arena::mark() const noexcept {
    mark_type m;
    m.block_ = current_;
    m.cursor_ = cursor();
    m.finalizers_ = finalizers_;
    m.large_ = current_ == nullptr ? 0 : current_->number;
    return m;
}

void arena::rewind(mark_type const& m) noexcept {
    finalize(m.finalizers_);
    if (current_ == m.block_) {
        if (current_ == nullptr) return;
        drop_large(current_, m.large_);
        if (cursor() > m.cursor_) {  // not where deallocate() went back behind the mark
            blank(m.cursor_, cursor());
            put_cursor(m.cursor_);
        }
        return;
    }
    peak_ = std::max(peak_, used());
    if (m.block_ == nullptr) {
        // The mark is older than the first block: that one is kept.
        while (current_->older != nullptr) pop();
        drop_large(current_, 0);
        start_over();
        return;
    }
    while (current_ != m.block_) pop();
    drop_large(current_, m.large_);
    blank(m.cursor_, end_of(current_));
    put_cursor(m.cursor_);
}

void arena::reset() noexcept {
    if (finalizers_ != nullptr) finalize(nullptr);
    if (current_ == nullptr) return;
    peak_ = std::max(used(), peak_ - peak_ / 16);
    bool const one = current_->older == nullptr && current_->large == nullptr;
    bool const fits = current_->size == block_pool::smallest || current_->size / 8 <= peak_;
    if (one && fits) return start_over();
    while (current_ != nullptr) pop();
}

std::size_t arena::used() const noexcept {
    if (current_ == nullptr) return 0;
    return current_->used + current_->used_large + static_cast<std::size_t>(cursor() - begin_of(current_));
}

std::size_t arena::reserved() const noexcept { return current_ == nullptr ? 0 : current_->reserved; }

void* arena::do_allocate(std::size_t bytes, std::size_t align) { return allocate(bytes, align); }

void arena::do_deallocate(void* p, std::size_t bytes, std::size_t) {
    bytes += bytes == 0;
    auto* const at = static_cast<std::byte*>(p);
    if (at + spaced(bytes) == cursor()) {
        put_cursor(at);
        blank(at, at + spaced(bytes));
        return;
    }
    blank(at, at + bytes);
    if (bytes < largest_small / 2 || current_ == nullptr) return;
    // A growing container frees the large block before the newest: looking at a few of the current hook is enough.
    arena_block* hook = current_;
    for (int i = 0; i < 4 && hook->large != nullptr; ++i, hook = hook->large) {
        arena_block* const l = hook->large;
        if (at < begin_of(l) || at >= end_of(l)) continue;
        hook->large = l->large;
        current_->used_large -= l->used_large;
        current_->reserved -= l->size;
        give_back(*pool_, l);
        return;
    }
}

bool arena::do_is_equal(std::pmr::memory_resource const& other) const noexcept { return this == &other; }

}  // namespace hocket::inline HOCKET_ABI

// Cuts chunks into blocks and keeps the free ones.
#include "alloc/block_pool.hpp"

#include <algorithm>
#include <bit>
#include <hocket/detail/poison.hpp>
#include <new>

#include "alloc/pages.hpp"
#include "alloc/roots.hpp"

namespace hocket::inline HOCKET_ABI::detail {

namespace {

constexpr std::size_t chunk_bytes = 1024 * 1024;
// Large blocks above this are not kept.
constexpr std::size_t largest_kept = 16 * 1024 * 1024;
constexpr int large_shift = std::countr_zero(block_pool::largest_class);

// One writer: a load and a store, no locked instruction.
void add(atomic<std::size_t>& count, std::size_t bytes) noexcept { count.store(count.load(relaxed) + bytes, relaxed); }

}  // namespace

// The first bytes of a chunk.
struct block_pool::chunk {
    chunk* older;
};

block_pool::~block_pool() {
    for (link*& first : large_) {
        while (first != nullptr) {
            link* const l = first;
            first = l->next;
            // The class is the list's index; see large_class_of().
            auto const c = static_cast<std::size_t>(&first - large_);
            std::size_t const size = (5 + c % 4) << (large_shift - 2 + c / 4);
            forget_root(l, size);
            unpoison(l, size);
            pages::unmap(l, size);
        }
    }
    while (chunks_ != nullptr) {
        chunk* const c = chunks_;
        chunks_ = c->older;
        forget_root(c, chunk_bytes);
        unpoison(c, chunk_bytes);
        pages::unmap(c, chunk_bytes);
    }
}

block_pool& block_pool::common() noexcept {
    alignas(block_pool) static std::byte storage[sizeof(block_pool)];
    static block_pool* const pool = ::new (static_cast<void*>(storage)) block_pool;
    return *pool;
}

std::size_t block_pool::size_for(std::size_t bytes) noexcept {
    if (bytes <= smallest) return smallest;
    if (bytes <= largest_class) return std::bit_ceil(bytes);
    if (bytes > SIZE_MAX / 4) return SIZE_MAX;
    // Four sizes a doubling: at most a quarter more than was asked for, and that is not touched.
    std::size_t const step = std::max(std::bit_floor(bytes - 1) / 4, pages::size());
    return (bytes + step - 1) / step * step;
}

std::size_t block_pool::class_of(std::size_t size) noexcept {
    return static_cast<std::size_t>(std::bit_width((size - 1) / smallest));
}

std::size_t block_pool::large_class_of(std::size_t size) noexcept {
    int const shift = std::bit_width(size - 1) - 1;  // size is in (2^shift, 2^(shift+1)], its quarters are 5, 6, 7, 8
    return static_cast<std::size_t>(shift - large_shift) * 4 + (size >> (shift - 2)) - 5;
}

block_cache* block_pool::cache() const noexcept {
    cache_finder const finder = finder_.load(acquire);  // acquire: pairs with the release in use()
    if (finder == nullptr) return nullptr;
    block_cache* const found = finder();
    return found != nullptr && &found->pool() == this ? found : nullptr;
}

block block_pool::take(std::size_t bytes) noexcept {
    if (block_cache* const c = cache(); c != nullptr) return c->take(bytes);
    std::size_t const size = size_for(bytes);
    if (size > largest_class) return take_large(size);
    list const one = take_some(class_of(size), 1);
    if (one.first == nullptr) return {};
    unpoison(one.first, size);
    out_.fetch_add(size, relaxed);
    return {one.first, size};
}

void block_pool::give(void* memory, std::size_t size) noexcept {
    if (block_cache* const c = cache(); c != nullptr) return c->give(memory, size);
    if (size > largest_class) return give_large(memory, size);
    auto* const l = ::new (memory) link{nullptr};
    poison(l + 1, size - sizeof(link));
    give_some(class_of(size), l, l, 1);
    out_.fetch_sub(size, relaxed);
}

void* block_pool::cut(std::size_t c) noexcept {
    std::size_t const size = smallest << c;
    std::size_t const align = std::min<std::size_t>(size, 4096);
    std::size_t const pad = -reinterpret_cast<std::uintptr_t>(uncut_) & (align - 1);
    if (static_cast<std::size_t>(uncut_end_ - uncut_) < pad + size) {
        // What is left of the old chunk was never touched, and so costs nothing.
        void* const p = pages::map(chunk_bytes);
        if (p == nullptr) return nullptr;
        note_root(p, chunk_bytes);
        chunks_ = ::new (p) chunk{chunks_};
        mapped_ += chunk_bytes;
        uncut_ = static_cast<std::byte*>(p) + smallest;
        uncut_end_ = static_cast<std::byte*>(p) + chunk_bytes;
        poison(uncut_, static_cast<std::size_t>(uncut_end_ - uncut_));
        return cut(c);
    }
    std::byte* const p = uncut_ + pad;
    uncut_ = p + size;
    return p;
}

block_pool::list block_pool::take_some(std::size_t c, std::uint32_t n) noexcept {
    hold const held(guard_);
    list& l = free_[c];
    list taken;
    if (l.first != nullptr) {
        link* last = l.first;
        for (taken = {last, 1}; taken.count < n && last->next != nullptr; ++taken.count) last = last->next;
        l.first = last->next;
        l.count -= taken.count;
        last->next = nullptr;
        return taken;
    }
    while (taken.count < n) {
        void* const p = cut(c);
        if (p == nullptr) break;
        unpoison(p, sizeof(link));
        taken = {::new (p) link{taken.first}, taken.count + 1};
    }
    return taken;
}

void block_pool::give_some(std::size_t c, link* first, link* last, std::uint32_t n) noexcept {
    hold const held(guard_);
    last->next = free_[c].first;
    free_[c].first = first;
    free_[c].count += n;
}

block block_pool::take_large(std::size_t size) noexcept {
    if (size == SIZE_MAX) return {};
    if (size <= largest_kept) {
        hold const held(guard_);
        link*& first = large_[large_class_of(size)];
        if (first != nullptr) {
            void* const p = first;
            first = first->next;
            large_idle_ -= size;
            out_.fetch_add(size, relaxed);
            unpoison(p, size);
            return {p, size};
        }
    }
    void* const p = pages::map(size);
    if (p == nullptr) return {};
    note_root(p, size);
    out_.fetch_add(size, relaxed);
    hold const held(guard_);
    mapped_ += size;
    return {p, size};
}

void block_pool::give_large(void* memory, std::size_t size) noexcept {
    out_.fetch_sub(size, relaxed);
    {
        hold const held(guard_);
        if (size <= largest_kept && large_idle_ + size <= large_kept) {
            link*& first = large_[large_class_of(size)];
            first = ::new (memory) link{first};
            large_idle_ += size;
            poison(first + 1, size - sizeof(link));
            return;
        }
        mapped_ -= size;
    }
    forget_root(memory, size);
    unpoison(memory, size);
    pages::unmap(memory, size);
}

std::size_t block_pool::outstanding() const noexcept {
    hold const held(guard_);
    std::size_t sum = out_.load(relaxed);
    for (block_cache const* c = caches_; c != nullptr; c = c->next_) sum += c->out_.load(relaxed);
    return sum;
}

std::size_t block_pool::mapped() const noexcept {
    hold const held(guard_);
    return mapped_;
}

block_cache::block_cache(block_pool& pool) noexcept : pool_(pool) {
    hold const held(pool_.guard_);
    next_ = pool_.caches_;
    pool_.caches_ = this;
}

block_cache::~block_cache() {
    for (std::size_t c = 0; c < block_pool::classes; ++c) {
        auto const [first, count] = free_[c];
        if (first == nullptr) continue;
        block_pool::link* last = first;
        while (last->next != nullptr) last = last->next;
        pool_.give_some(c, first, last, count);
    }
    hold const held(pool_.guard_);
    pool_.out_.fetch_add(out_.load(relaxed), relaxed);
    block_cache** at = &pool_.caches_;
    while (*at != this) at = &(*at)->next_;
    *at = next_;
}

block block_cache::take(std::size_t bytes) noexcept {
    std::size_t const size = block_pool::size_for(bytes);
    if (size > block_pool::largest_class) return pool_.take_large(size);
    std::size_t const c = block_pool::class_of(size);
    block_pool::list& l = free_[c];
    if (l.first == nullptr) l = pool_.take_some(c, room(c) / 2);
    block_pool::link* const p = l.first;
    if (p == nullptr) return {};
    l = {p->next, l.count - 1};
    add(out_, size);
    unpoison(p, size);
    return {p, size};
}

void block_cache::give(void* memory, std::size_t size) noexcept {
    if (size > block_pool::largest_class) return pool_.give_large(memory, size);
    std::size_t const c = block_pool::class_of(size);
    block_pool::list& l = free_[c];
    if (l.count == room(c)) {
        // The newer half stays: it is warm.
        std::uint32_t const kept = room(c) / 2;
        block_pool::link* last_kept = l.first;
        for (std::uint32_t i = 1; i < kept; ++i) last_kept = last_kept->next;
        block_pool::link* const first = last_kept->next;
        block_pool::link* last = first;
        while (last->next != nullptr) last = last->next;
        last_kept->next = nullptr;
        pool_.give_some(c, first, last, l.count - kept);
        l.count = kept;
    }
    l = {::new (memory) block_pool::link{l.first}, l.count + 1};
    add(out_, -size);
    poison(l.first + 1, size - sizeof(block_pool::link));
}

}  // namespace hocket::inline HOCKET_ABI::detail

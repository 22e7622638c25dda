// Cuts chunks into blocks and keeps the free ones.
#include "alloc/block_pool.hpp"

#include <algorithm>
#include <bit>
#include <hocket/detail/poison.hpp>
#include <new>
#include <utility>

#include "alloc/pages.hpp"
#include "alloc/roots.hpp"

#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#else
#define VALGRIND_MAKE_MEM_DEFINED(p, bytes) static_cast<void>(0)
#endif

namespace hocket::inline HOCKET_ABI::detail {

namespace {

// A chunk is as large as all before it, within these: its first page stays, whatever is given back.
constexpr std::size_t smallest_chunk = 1024 * 1024;
constexpr std::size_t largest_chunk = 16 * 1024 * 1024;
// Large blocks above this are not kept.
constexpr std::size_t largest_kept = 16 * 1024 * 1024;
// So few surplus bytes are not worth a trim.
constexpr std::size_t least_surplus = 128 * 1024;
constexpr int large_shift = std::countr_zero(block_pool::largest_class);

// One writer: a load and a store, no locked instruction.
void add(atomic<std::size_t>& count, std::size_t bytes) noexcept { count.store(count.load(relaxed) + bytes, relaxed); }

}  // namespace

// The first bytes of a chunk.
struct block_pool::chunk {
    chunk* older;
    std::size_t bytes;
};

block_pool::~block_pool() {
    for (std::size_t c = 0; c < large_classes; ++c) end_large(large_[c], size_of_large(c));
    while (chunks_ != nullptr) {
        chunk* const c = chunks_;
        chunks_ = c->older;
        std::size_t const bytes = c->bytes;
        forget_root(c, bytes);
        unpoison(c, bytes);
        pages::unmap(c, bytes);
    }
}

// Unmaps large blocks of one size.
void block_pool::end_large(link* first, std::size_t size) noexcept {
    while (first != nullptr) {
        link* const l = std::exchange(first, first->next);
        forget_root(l, size);
        unpoison(l, size);
        pages::unmap(l, size);
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

std::size_t block_pool::size_of_large(std::size_t c) noexcept { return (5 + c % 4) << (large_shift - 2 + c / 4); }

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

// What has to be left away at `p` before a block of `size`.
static std::size_t padding(std::byte const* p, std::size_t size) noexcept {
    return -reinterpret_cast<std::uintptr_t>(p) & (std::min<std::size_t>(size, 4096) - 1);
}

void* block_pool::cut(std::size_t c) noexcept {
    std::size_t const size = smallest << c;
    if (static_cast<std::size_t>(uncut_end_ - uncut_) < padding(uncut_, size) + size && !next_run(size)) return nullptr;
    // What is left away is free blocks of the smallest class: else its page could never be given back.
    while (padding(uncut_, size) != 0) {
        unpoison(uncut_, sizeof(link));
        free_[0] = {::new (static_cast<void*>(uncut_)) link{free_[0].first}, free_[0].count + 1};
        free_bytes_ += smallest;
        uncut_ += smallest;
    }
    return std::exchange(uncut_, uncut_ + size);
}

// Makes a run that holds a block of `size` the one to be cut: the last that does, else a new chunk.
bool block_pool::next_run(std::size_t size) noexcept {
    run const rest{uncut_, uncut_end_};
    for (std::size_t i = runs_.size(); i-- != 0;) {
        run& r = runs_[i];
        if (static_cast<std::size_t>(r.end - r.first) < padding(r.first, size) + size) continue;
        uncut_ = r.first;
        uncut_end_ = r.end;
        r = rest.first != rest.end ? rest : runs_.back();
        if (rest.first == rest.end) runs_.pop_back();
        return true;
    }
    std::size_t bytes = std::clamp(in_chunks_, smallest_chunk, largest_chunk);
    void* p;
    while ((p = pages::map(bytes)) == nullptr)
        if ((bytes /= 2) < smallest_chunk) return false;
    note_root(p, bytes);
    chunks_ = ::new (p) chunk{chunks_, bytes};
    in_chunks_ += bytes;
    mapped_ += bytes;
    uncut_ = static_cast<std::byte*>(p) + smallest;
    uncut_end_ = static_cast<std::byte*>(p) + bytes;
    poison(uncut_, static_cast<std::size_t>(uncut_end_ - uncut_));
    // Without room for it the rest of the old run is lost; it was never touched, and so costs nothing.
    if (rest.first != rest.end && runs_.size() < runs_.capacity()) runs_.push_back(rest);
    return true;
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
        free_bytes_ -= taken.count * (smallest << c);
        least_ = std::min(least_, free_bytes_);
        return taken;
    }
    least_ = std::min(least_, free_bytes_);
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
    free_bytes_ += n * (smallest << c);
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
            least_large_ = std::min(least_large_, large_idle_);
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

void block_pool::trim() noexcept {
    trim_large();

    // All free blocks come out: their addresses, which are multiples of 1 KiB, with their class in the low bits ...
    static_assert(classes < smallest);
    std::size_t bytes;
    std::uintptr_t* out;
    list lists[classes];
    {
        hold const held(guard_);
        bool const worth_it = least_ >= mixed_ + least_surplus;
        least_ = free_bytes_;
        if (!worth_it) return;
        std::size_t blocks = 0;
        for (list const& l : free_) blocks += l.count;
        try {
            runs_.reserve(runs_.size() + blocks);
        } catch (std::bad_alloc const&) {
            return;
        }
        bytes = pages::round_up(blocks * sizeof(std::uintptr_t));
        out = static_cast<std::uintptr_t*>(pages::map(bytes));
        if (out == nullptr) return;
        std::swap(lists, free_);
        free_bytes_ = 0;
        least_ = 0;
    }
    std::size_t n = 0;
    for (std::size_t c = 0; c < classes; ++c)
        for (link* l = lists[c].first; l != nullptr; l = l->next) out[n++] = reinterpret_cast<std::uintptr_t>(l) | c;
    // ... are sorted ...
    std::sort(out, out + n);
    // ... and go back: what fills pages side by side as a run without memory, the rest as it was.
    std::size_t mixed = 0;
    auto const address = [&](std::size_t i) { return out[i] & ~(std::uintptr_t{smallest} - 1); };
    auto const size = [&](std::size_t i) { return smallest << (out[i] & (smallest - 1)); };
    for (std::size_t i = 0; i < n;) {
        std::size_t last = i;
        while (last + 1 < n && address(last + 1) == address(last) + size(last)) ++last;
        std::uintptr_t const first_page = pages::round_up(address(i));
        std::uintptr_t const end_page = (address(last) + size(last)) & ~(std::uintptr_t{pages::size()} - 1);
        bool const run = first_page < end_page && give_run(reinterpret_cast<std::byte*>(first_page),
                                                           reinterpret_cast<std::byte*>(end_page));
        for (; i <= last; ++i) {
            if (run && address(i) >= first_page && address(i) < end_page) continue;
            auto* const l = reinterpret_cast<link*>(address(i));
            give_some(out[i] & (smallest - 1), l, l, 1);
            mixed += size(i);
        }
    }
    pages::unmap(out, bytes);

    hold const held(guard_);
    mixed_ = mixed;
    std::sort(runs_.begin(), runs_.end(), [](run const& a, run const& b) { return a.first < b.first; });
    std::size_t kept = 0;
    for (std::size_t i = 0; i < runs_.size(); ++i) {
        if (kept != 0 && runs_[kept - 1].end == runs_[i].first)
            runs_[kept - 1].end = runs_[i].end;
        else
            runs_[kept++] = runs_[i];
    }
    runs_.resize(kept);
    runs_.shrink_to_fit();
}

// Gives the kernel the memory of free pages; false, and nothing is done, when there is no room to remember them.
bool block_pool::give_run(std::byte* first, std::byte* end) noexcept {
    hold const held(guard_);
    if (runs_.size() == runs_.capacity()) return false;
    auto const bytes = static_cast<std::size_t>(end - first);
    pages::release(first, bytes);
    static_cast<void>(VALGRIND_MAKE_MEM_DEFINED(first, bytes));  // arenas have closed what was theirs; it is zero now
    poison(first, bytes);
    runs_.push_back({first, end});
    return true;
}

// Unmaps as many idle large blocks as nobody has needed since the last time, the largest first.
void block_pool::trim_large() noexcept {
    link* ended[large_classes] = {};
    {
        hold const held(guard_);
        std::size_t surplus = least_large_;
        for (std::size_t c = large_classes; c-- != 0;)
            while (large_[c] != nullptr && size_of_large(c) <= surplus) {
                link* const l = std::exchange(large_[c], large_[c]->next);
                ended[c] = ::new (static_cast<void*>(l)) link{ended[c]};
                surplus -= size_of_large(c);
                large_idle_ -= size_of_large(c);
                mapped_ -= size_of_large(c);
            }
        least_large_ = large_idle_;
    }
    for (std::size_t c = 0; c < large_classes; ++c) end_large(ended[c], size_of_large(c));
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
    flush();
    hold const held(pool_.guard_);
    pool_.out_.fetch_add(out_.load(relaxed), relaxed);
    block_cache** at = &pool_.caches_;
    while (*at != this) at = &(*at)->next_;
    *at = next_;
}

void block_cache::flush() noexcept {
    for (std::size_t c = 0; c < block_pool::classes; ++c) {
        auto const [first, count] = std::exchange(free_[c], {});
        if (first == nullptr) continue;
        block_pool::link* last = first;
        while (last->next != nullptr) last = last->next;
        pool_.give_some(c, first, last, count);
    }
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

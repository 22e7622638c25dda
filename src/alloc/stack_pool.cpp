// Reserves, carves, hands out and trims stacks.
#include "alloc/stack_pool.hpp"

#include <algorithm>
#include <hocket/detail/poison.hpp>
#include <new>

namespace hocket::inline HOCKET_ABI::detail {

namespace {

// Not one page: a frame of up to 16 KiB that grows past the end without probing still hits it.
constexpr std::size_t guard_bytes = 16 * 1024;
constexpr std::size_t colour_bytes = 64;

// An odd number of pages from stack to stack: with an even one the top pages of a thousand stacks fight for a quarter of
// the TLB's sets (an eighth of a yield's time).
std::size_t odd_pages(std::size_t bytes) noexcept { return bytes | pages::size(); }

// A slab: as many stacks as there are already, within these. The first is small for programs that need few; one guard
// costs 0.4 us and a page 1.1, so the largest keeps the lock for some 100 us.
constexpr std::size_t first_slab = 16;
constexpr std::size_t largest_slab = 64;

// A cache may keep one stack in so many of the pool's limit.
constexpr std::size_t cache_share = 256;

// With so many stacks in the pool nobody starves.
constexpr std::size_t enough = 2 * stack_cache::capacity;

}  // namespace

stack_pool::reservation::reservation(std::size_t stride, std::size_t count) {
    if (stride > SIZE_MAX / 4) throw std::bad_alloc();
    count = std::min(count, SIZE_MAX / 4 / stride);
    while ((first = static_cast<std::byte*>(pages::reserve(count * stride))) == nullptr) {
        if (count == 1) throw std::bad_alloc();
        count /= 2;
    }
    bytes = count * stride;
}

stack_pool::stack_pool(std::size_t stack_size, std::size_t max_stacks, pages::guard_method method)
    : stack_size_(pages::round_up(std::clamp(stack_size, smallest, SIZE_MAX / 4))),
      stride_(odd_pages(stack_size_ + pages::round_up(guard_bytes))),
      slots_(stride_, std::max<std::size_t>(max_stacks, 1)),
      limit_(slots_.bytes / stride_),
      method_(method),
      warm_(limit()),
      cold_(limit()) {}

stack_pool::~stack_pool() {
    for_each([](stack& s) { unpoison(s.base, s.size); });
}

stack* stack_pool::record(std::size_t index) const noexcept {
    std::byte* const end = slots_.first + (index + 1) * stride_;
    return reinterpret_cast<stack*>(end - index % colours * colour_bytes - sizeof(stack));
}

bool stack_pool::carve() noexcept {
    std::size_t const wanted = std::min(std::clamp(carved_, first_slab, largest_slab), limit() - carved_);
    std::byte* const first = slots_.first + carved_ * stride_;

    pages::outcome result = pages::commit(first, wanted * stride_);
    std::size_t made = 0;
    if (result == pages::outcome::done) {
        pages::guarded done = pages::guard(first, stride_ - stack_size_, stride_, wanted, method_);
        if (done.why == pages::outcome::not_supported) {
            method_ = pages::guard_method::protect;
            std::byte* const rest = first + done.count * stride_;
            auto const more = pages::guard(rest, stride_ - stack_size_, stride_, wanted - done.count, method_);
            done = {done.count + more.count, more.why};
        }
        made = done.count;
        result = done.why;
        // In a crowd the top pages, which hold the records, are put there for the whole slab at once.
        if (wanted == largest_slab)
            pages::populate(first + stride_ - pages::size(), pages::size(), stride_, made);
        if (made < wanted) pages::decommit(first + made * stride_, (wanted - made) * stride_);
    }
    carved_ += made;
    if (result == pages::outcome::no_mappings) {
        lack_.store(lack::mappings, relaxed);
        limit_.store(carved_, relaxed);  // it will not get better, and finding out is slow
    } else if (result != pages::outcome::done) {
        lack_.store(lack::memory, relaxed);
    }
    return made != 0;
}

// The stack of a slot, as it was at first.
stack* stack_pool::make(std::size_t index) noexcept {
    auto* const s = ::new (static_cast<void*>(record(index))) stack;
    s->base = base_of(index);
    s->size = static_cast<std::size_t>(reinterpret_cast<std::byte*>(s) - s->base);
    s->index = index;
    s->pool = this;
    return s;
}

stack* stack_pool::create() noexcept {
    std::size_t const index = made_.load(relaxed);
    if (index == carved_) {
        if (index >= limit()) {
            if (lack_.load(relaxed) != lack::mappings) lack_.store(lack::limit, relaxed);
            return nullptr;
        }
        if (!carve()) return nullptr;
    }
    stack* const s = make(index);
    made_.store(index + 1, release);  // release: whoever counts this stack sees its record
    return s;
}

stack* stack_pool::pop() noexcept {
    if (warm_.size() != 0) {
        stack* const s = record(warm_.take_lowest());
        least_ = std::min(least_, warm_.size());
        return s;
    }
    return cold_.size() != 0 ? make(cold_.take_lowest()) : nullptr;
}

void stack_pool::push(stack* const* some, std::size_t n) noexcept {
    for (std::size_t i = 0; i < n; ++i) warm_.insert(some[i]->index);
    out_ -= n;
    if (warm_.size() > enough) starved_.store(false, relaxed);
}

stack* stack_pool::take() noexcept {
    hold const held(guard_);
    stack* s = pop();
    if (s == nullptr) s = create();
    if (s != nullptr)
        ++out_;
    else
        starved_.store(true, relaxed);
    return s;
}

void stack_pool::give(stack* s) noexcept {
    unpoison(s->base, s->size);  // frames that were abandoned here leave their red zones behind
    hold const held(guard_);
    push(&s, 1);
}

void stack_pool::release_below(stack& s, void const* lowest_used) noexcept {
    auto const page = reinterpret_cast<std::uintptr_t>(lowest_used) & ~std::uintptr_t{pages::size() - 1};
    auto const base = reinterpret_cast<std::uintptr_t>(s.base);
    if (page > base) pages::release(s.base, page - base);
}

void stack_pool::note_surplus() noexcept {
    hold const held(guard_);
    surplus_ = least_;
    least_ = warm_.size();
}

std::size_t stack_pool::release_surplus(void (*retire)(stack&) noexcept) noexcept {
    // So few that nobody waits long for the lock. Neighbours go in one call, which costs more than their pages; the guards
    // between them stay.
    constexpr std::size_t at_once = 32;
    hold const held(guard_);
    surplus_ = std::min(surplus_, warm_.size());
    std::size_t const n = std::min(surplus_, at_once);
    surplus_ -= n;
    std::size_t above = 0;  // end of the run
    std::size_t below = 0;  // its lowest; empty while the two are equal
    auto const release = [&] {
        if (below != above) pages::release(base_of(below), base_of(above - 1) + stack_size_ - base_of(below));
    };
    for (std::size_t i = 0; i < n; ++i) {
        std::size_t const index = warm_.take_highest();
        retire(*record(index));
        cold_.insert(index);
        if (index + 1 != below) {
            release();
            above = index + 1;
        }
        below = index;
    }
    release();
    least_ = std::min(least_, warm_.size());
    return n;
}

bool stack_pool::is_cold(std::size_t index) const noexcept {
    hold const held(guard_);
    return cold_.contains(index);
}

std::size_t stack_pool::existing() const noexcept {
    hold const held(guard_);
    return made() - cold_.size();
}

std::size_t stack_pool::in_use() const noexcept {
    hold const held(guard_);
    std::size_t cached = 0;
    for (stack_cache const* c = caches_; c != nullptr; c = c->next_) cached += c->count_.load(relaxed);
    return out_ > cached ? out_ - cached : 0;
}

std::string stack_pool::shortage() const {
    std::string const limit = std::to_string(this->limit());
    switch (lack_.load(relaxed)) {
        case lack::none:
            break;
        case lack::limit:
            return "all " + limit + " stacks that may exist (runtime_options::max_stacks) are in use";
        case lack::mappings:
            return "all " + limit + " stacks that can exist are in use: " +
                   pages::describe(pages::outcome::no_mappings);
        case lack::memory:
            return "no stack could be made: " + pages::describe(pages::outcome::no_memory);
    }
    return {};
}

stack* stack_pool::of(void const* address) const noexcept {
    auto const offset = static_cast<std::size_t>(static_cast<std::byte const*>(address) - slots_.first);  // huge when below
    std::size_t const index = offset / stride_;
    return offset < slots_.bytes && index < made() ? record(index) : nullptr;
}

std::size_t stack_pool::touched(void const* address) const noexcept {
    auto const offset = static_cast<std::size_t>(static_cast<std::byte const*>(address) - slots_.first);
    return pages::touched(slots_.first + offset / stride_ * stride_ + (stride_ - stack_size_), stack_size_);
}

bool stack_pool::in_guard(void const* address) const noexcept {
    stack const* const s = of(address);
    return s != nullptr && static_cast<std::byte const*>(address) < s->base;
}

stack_cache::stack_cache(stack_pool& pool) noexcept
    : pool_(pool), room_(static_cast<std::uint32_t>(std::min<std::size_t>(capacity, pool.limit() / cache_share))) {
    hold const held(pool_.guard_);
    next_ = pool_.caches_;
    pool_.caches_ = this;
}

stack_cache::~stack_cache() {
    flush();
    hold const held(pool_.guard_);
    stack_cache** at = &pool_.caches_;
    while (*at != this) at = &(*at)->next_;
    *at = next_;
}

// Takes one, and a few more of those that are warm.
stack* stack_cache::refill() noexcept {
    stack* const s = pool_.take();
    if (s == nullptr || room_ < 2) return s;
    hold const held(pool_.guard_);
    std::uint32_t n = 0;
    for (; n < room_ / 2 && pool_.warm_.size() != 0; ++n) {
        stacks_[n] = pool_.pop();
        ++pool_.out_;
    }
    std::reverse(stacks_, stacks_ + n);
    count_.store(n, relaxed);
    return s;
}

void stack_cache::give(stack* s) noexcept {
    if (room_ == 0 || pool_.starved_.load(relaxed)) [[unlikely]] {
        flush();
        return pool_.give(s);
    }
    unpoison(s->base, s->size);
    if (count_.load(relaxed) == room_) flush(room_ / 2);
    std::uint32_t const n = count_.load(relaxed);
    stacks_[n] = s;
    count_.store(n + 1, relaxed);
}

void stack_cache::flush(std::uint32_t keep) noexcept {
    std::uint32_t const count = count_.load(relaxed);
    if (count <= keep) return;
    std::uint32_t const out = count - keep;
    hold const held(pool_.guard_);
    pool_.push(stacks_, out);
    std::copy(stacks_ + out, stacks_ + count, stacks_);
    count_.store(keep, relaxed);  // under the lock, so that in_use() counts none of them twice
}

}  // namespace hocket::inline HOCKET_ABI::detail

// The stacks of one size: guarded, reused, and all in one reserved mapping.
//
// Layout, from low to high: slot 0, slot 1 ...; a slot is its guard, then the stack, whose highest bytes are its
// record:
//
//   | guard 16 KiB | base ....................... | stack record | colour |
//
// The colour is 0 to 1984 bytes by the slot's number: tops of neighbouring stacks, and their records, fall into
// different cache sets. Record and outermost frames share the top page, so a parked fiber costs one page.
// States: a slot is uncarved (no guard yet), carved (guard set; its top page has memory where that came with a whole slab,
//   in a crowd; nothing else is touched), or holds a stack that exists: in use,
//   in a cache, warm (pooled here), or cold: pooled, and all its memory given back, record included. Slots are carved in
//   slabs, and first used one by one, in order.
// Protocol: guard_ covers the sets, carved_ and method_. A stack in use belongs to who took it, record included, but
//   for base, size, index and pool, which never change. A warm stack keeps context and sanitizer, and all bytes from
//   the context's page upwards: it may carry a parked context (context is not null), and whoever takes it finds that as
//   it was. Of warm stacks the one with the lowest address is given out first, so those that a burst has left behind lie
//   at the upper end, and are the first to be given back. When take() finds none, starved_ is set, and caches give to the
//   pool until that has some again: no stack lies idle in one worker's cache while another waits for it.
// Surplus: the fewest warm stacks there have been since note_surplus() was last called were needed by nobody meanwhile.
// Rejected: mprotect guards only (two mappings a stack: dies at 32,745 stacks); one mapping a stack (the same); a
//   table of records beside the stacks (a second cold cache line and page for every resume); huge pages (one deep
//   call costs 2 MiB); the last given is the first taken (the oldest are then all over the address space, and a list
//   of them has to be walked).
#pragma once

#include <cstddef>
#include <cstdint>
#include <hocket/detail/atomic.hpp>
#include <hocket/detail/config.hpp>
#include <string>

#include "alloc/pages.hpp"
#include "alloc/slot_set.hpp"
#include "seam/lock.hpp"

namespace hocket::inline HOCKET_ABI::detail {

class stack_cache;
class stack_pool;

// The record of a stack, at its top.
struct alignas(64) stack {
    std::byte* base = nullptr;   // lowest usable byte; the guard ends here
    std::size_t size = 0;        // usable bytes, from base to this record
    std::size_t index = 0;       // of its slot
    void* context = nullptr;     // for the core: the context parked here; null on a stack that was never used
    void* sanitizer = nullptr;   // for the core: the sanitizer's name for this stack
    stack_pool* pool = nullptr;  // where it goes back to

    // The initial stack pointer, 64-aligned; the first push goes below it.
    std::byte* top() const noexcept { return base + size; }

    // Whether `address` is in the usable part.
    bool contains(void const* address) const noexcept {
        auto* const a = static_cast<std::byte const*>(address);
        return a >= base && a < top();
    }
};
static_assert(sizeof(stack) == 64);

class stack_pool {
public:
    static constexpr std::size_t colours = 32;          // of one cache line each
    static constexpr std::size_t smallest = 16 * 1024;  // bytes of a stack

    // A pool of stacks of `stack_size` bytes, rounded up to pages (the record and the colour, at most 2 KiB together,
    // are taken from it), of which at most `max_stacks` exist at once. Only reserves address space; where that much
    // is not to be had the limit is lower. Throws std::bad_alloc when not even one stack fits. [any thread]
    stack_pool(std::size_t stack_size, std::size_t max_stacks, pages::guard_method method = pages::best_guard());
    stack_pool(stack_pool const&) = delete;
    stack_pool& operator=(stack_pool const&) = delete;
    // Unmaps every stack, in use or not. No cache of it is left.
    ~stack_pool();

    // A stack: a warm one, else a cold one, else one that is new. context tells whether a context is parked on it. Null when the limit is reached or there is no memory: shortage() says which. [any thread]
    stack* take() noexcept;

    // Takes a stack back. All it holds is kept, context and the bytes above it too. [any thread]
    void give(stack* s) noexcept;

    // Ends an interval: the warm stacks that nobody has needed in it are surplus from now on. [any thread]
    void note_surplus() noexcept;

    // Gives the memory of a few surplus stacks back, in some 10 us; `retire` is called for each before it is lost. How many:
    // 0 when there were none. [any thread]
    std::size_t release_surplus(void (*retire)(stack&) noexcept) noexcept;

    // Gives back the dirty pages of `s` below the page that holds `lowest_used`. Nobody runs on it. [any thread]
    static void release_below(stack& s, void const* lowest_used) noexcept;

    // How deep the stack at `address` (one of this pool's slots) has been, in whole pages, record and colour included: bytes
    // from its end to the deepest page touched and not given back since. Locks nothing. [any thread]
    std::size_t touched(void const* address) const noexcept;

    // Stacks that have memory, in use or pooled; those in use; how many may exist. [any thread]
    std::size_t existing() const noexcept;
    std::size_t in_use() const noexcept;
    std::size_t limit() const noexcept { return limit_.load(relaxed); }

    // Bytes of a stack with its record and colour: what was asked for, rounded up to pages.
    std::size_t stack_size() const noexcept { return stack_size_; }

    // Why take() last returned null: a sentence that names the limit; empty if it never did. [any thread]
    std::string shortage() const;

    // Whether `address` is in the guard of an existing stack. Locks nothing: for signal handlers. [any thread]
    bool in_guard(void const* address) const noexcept;

    // The existing stack whose slot (guard, frames or record) holds `address`, or null. Locks nothing. [any thread]
    stack* of(void const* address) const noexcept;

    // Calls f(stack&) for every stack that has memory, in order of address. Their owners may be changing them meanwhile;
    // they are not given back while this runs only if the caller sees to that. [any thread]
    template <class F>
    void for_each(F&& f) const {
        for (std::size_t i = 0, n = made(); i < n; ++i)
            if (!is_cold(i)) f(*record(i));
    }

private:
    friend class stack_cache;
    enum class lack : unsigned char { none, limit, mappings, memory };

    std::size_t made() const noexcept {
        return made_.load(acquire);  // acquire: pairs with the release in create()
    }
    bool is_cold(std::size_t index) const noexcept;
    stack* record(std::size_t index) const noexcept;
    std::byte* base_of(std::size_t index) const noexcept {
        return slots_.first + index * stride_ + (stride_ - stack_size_);
    }
    stack* make(std::size_t index) noexcept;
    bool carve() noexcept;                                         // guard_ held
    stack* create() noexcept;                                      // guard_ held
    stack* pop() noexcept;                                         // guard_ held
    void push(stack* const* some, std::size_t n) noexcept;         // guard_ held

    // Address space for as many slots as there may be.
    struct reservation {
        reservation(std::size_t stride, std::size_t count);  // throws std::bad_alloc
        reservation(reservation const&) = delete;
        reservation& operator=(reservation const&) = delete;
        ~reservation() { pages::unmap(first, bytes); }
        std::byte* first = nullptr;
        std::size_t bytes = 0;
    };

    std::size_t const stack_size_;
    std::size_t const stride_;  // bytes of a slot
    reservation const slots_;
    atomic<std::size_t> limit_;
    atomic<std::size_t> made_{0};  // slots that were ever used
    atomic<lack> lack_{lack::none};   // why take() last found none
    atomic<bool> starved_{false};

    mutable lock guard_;
    pages::guard_method method_;
    std::size_t carved_ = 0;
    slot_set warm_;
    slot_set cold_;
    std::size_t least_ = 0;    // the fewest that were warm since note_surplus()
    std::size_t surplus_ = 0;  // of the warm ones
    std::size_t out_ = 0;  // in use, or in a cache
    stack_cache* caches_ = nullptr;
};

// A worker's own few stacks in front of the pool: taken and given without a lock.
class stack_cache {
public:
    static constexpr std::uint32_t capacity = 64;  // where the pool's limit is in the thousands; below, less, or none

    // The pool outlives it. [any thread]
    explicit stack_cache(stack_pool& pool) noexcept;
    stack_cache(stack_cache const&) = delete;
    stack_cache& operator=(stack_cache const&) = delete;
    // Gives all back to the pool.
    ~stack_cache();

    // As stack_pool's. [worker that owns the cache]
    stack* take() noexcept {
        std::uint32_t const n = count_.load(relaxed);
        if (n == 0) [[unlikely]] return refill();
        count_.store(n - 1, relaxed);
        return stacks_[n - 1];
    }
    void give(stack* s) noexcept;

    // Gives all but the `keep` used last to the pool. [worker that owns the cache]
    void flush(std::uint32_t keep = 0) noexcept;

private:
    friend class stack_pool;

    stack* refill() noexcept;

    stack_pool& pool_;
    std::uint32_t const room_;
    atomic<std::uint32_t> count_{0};  // written by the owner, read by in_use()
    stack* stacks_[capacity];         // the last is the warmest
    stack_cache* next_ = nullptr;     // the pool's list, under its lock
};

}  // namespace hocket::inline HOCKET_ABI::detail

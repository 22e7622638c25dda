// Records of one fixed size: carved from slabs, reused, visitable, and never unmapped before the pool dies.
//
// States: a record is uncarved, taken, or free (here or in a cache). A carved record is zero-filled. While it is free
//   only its first 8 bytes are ours (the link); the rest keeps what its owner left, so that an owner who keeps a
//   state word at byte 8 or later can tell live from free in for_each(), and a stale pointer to a record always
//   points at a record.
// Protocol: guard_ covers all. Free records are held as full batches or loose, so that a cache exchanges a batch in
//   constant time and walks its links outside the lock. A full batch is a chain of `batch` records, linked through
//   them, or a blank page: `batch` records that lie in one page, all zero, without memory under them (bit 0 of its
//   entry is set). trim() makes blank pages; they lie below the chains, to be used last.
// Surplus: the fewest free records there have been since the last trim() were needed by nobody meanwhile.
// Rejected: one long free list (32 cache misses under the lock a refill); a lock-free list (ABA, and no gain behind
//   caches); giving whole slabs back (one record in use keeps 8,000).
#pragma once

#include <cstddef>
#include <cstdint>
#include <hocket/detail/atomic.hpp>
#include <hocket/detail/config.hpp>

#include "seam/lock.hpp"

namespace hocket::inline HOCKET_ABI::detail {

class slab_pool {
public:
    static constexpr std::uint32_t batch = 32;  // records exchanged with a cache at once

    // Records of `record_size` bytes, a multiple of 64, 64-aligned. Allocates nothing. [any thread]
    explicit slab_pool(std::size_t record_size = 128) noexcept;
    slab_pool(slab_pool const&) = delete;
    slab_pool& operator=(slab_pool const&) = delete;
    // Unmaps all records. No cache of it is left.
    ~slab_pool();

    // A record, zero-filled when it is new, else as it was given back but for its first 8 bytes; null when there is
    // no memory. For threads without a cache. [any thread]
    void* take() noexcept;
    void give(void* record) noexcept;

    // Ends an interval: of the records that nobody has needed in it, gives the memory of whole pages back. Sorts them, about
    // 0.1 us each; meanwhile who finds none free makes new ones. By one thread at a time. [any thread]
    void trim() noexcept;

    // Records carved so far; those that lie free in the pool (not in caches). [any thread]
    std::size_t existing() const noexcept;
    std::size_t idle() const noexcept;

    std::size_t record_size() const noexcept { return record_size_; }

    // Calls f(void* record) for every record carved so far, free or taken, while others take and give; those in blank pages
    // are left out, for a look would give them memory again. [any thread]
    template <class F>
    void for_each(F&& f) const {
        std::uint32_t carved = 0;
        for (slab const* s = newest(carved); s != nullptr; s = s->older, carved = s != nullptr ? s->records : 0)
            for (std::uint32_t i = 0; i < carved; ++i)
                if (!s->is_blank(page_number(s, at(s, i)))) f(static_cast<void*>(at(s, i)));
    }

private:
    friend class slab_cache;

    // The first bytes of a slab, as long as a record or two, so that those that follow do not straddle pages. Immutable
    // once it is in the list, but for `blank`.
    struct alignas(128) slab {
        slab* older;
        std::size_t bytes;
        std::uint32_t records;
        atomic<std::uint64_t> blank[4]{};  // a bit for each page; written under guard_

        bool is_blank(std::size_t page) const noexcept { return (blank[page / 64].load(relaxed) >> page % 64 & 1) != 0; }
        void turn(std::size_t page) noexcept {
            blank[page / 64].store(blank[page / 64].load(relaxed) ^ std::uint64_t{1} << page % 64, relaxed);
        }
    };
    struct link {
        link* next;
    };

    std::byte* at(slab const* s, std::uint32_t i) const noexcept {
        return reinterpret_cast<std::byte*>(const_cast<slab*>(s)) + sizeof(slab) + i * record_size_;
    }
    // Number of the page (of `batch` records) in the slab that `p` lies in.
    std::size_t page_number(slab const* s, std::byte const* p) const noexcept {
        return static_cast<std::size_t>(p - reinterpret_cast<std::byte const*>(s)) / (batch * record_size_);
    }
    void turn_blank(std::byte* page) noexcept;                // guard_ held
    slab const* newest(std::uint32_t& carved) const noexcept;
    bool grow() noexcept;                                     // guard_ held
    std::size_t linked() const noexcept { return (chain_count_ - blank_count_) * batch + loose_count_; }  // guard_ held
    std::uintptr_t pop_full() noexcept;                       // guard_ held, and there is one
    std::uint32_t take_batch(void** into) noexcept;           // up to `batch`; how many
    void give_batch(void* const* from, std::uint32_t n) noexcept;
    void give_blank(std::uintptr_t page) noexcept;

    std::size_t const record_size_;
    mutable lock guard_;
    slab* slabs_ = nullptr;       // newest first
    std::uint32_t carved_ = 0;    // of the newest slab
    std::size_t existing_ = 0;    // of all
    std::uintptr_t* chains_ = nullptr;  // full batches: blank pages, then heads of chains
    std::size_t chain_count_ = 0;
    std::size_t blank_count_ = 0;   // of those, blank
    std::size_t chain_room_ = 0;  // at least existing records / batch
    link* loose_ = nullptr;
    std::size_t loose_count_ = 0;
    std::size_t least_ = 0;   // the fewest linked records since the last trim(): chains and loose ones
    std::size_t mixed_ = 0;   // linked records that the last trim() left: their pages are in use
};

// A worker's own records in front of the pool: taken and given without a lock.
class slab_cache {
public:
    static constexpr std::uint32_t capacity = 1024;  // a burst of so many tasks costs no exchange: 128 KiB

    // The pool outlives it. [any thread]
    explicit slab_cache(slab_pool& pool) noexcept : pool_(pool) {}
    slab_cache(slab_cache const&) = delete;
    slab_cache& operator=(slab_cache const&) = delete;
    // Gives all back to the pool.
    ~slab_cache();

    // As slab_pool's. [worker that owns the cache]
    void* take() noexcept {
        if (count_ == 0) [[unlikely]] {
            count_ = pool_.take_batch(records_);
            if (count_ == 0) return nullptr;
        }
        return records_[--count_];
    }
    // Whether take() would have to ask the pool; the same for when it would not.
    bool empty() const noexcept { return count_ == 0; }
    void* take_at_hand() noexcept { return records_[--count_]; }

    void give(void* record) noexcept {
        if (count_ == capacity) [[unlikely]] flush_older_half();
        records_[count_++] = record;
    }

    // Gives all to the pool. [worker that owns the cache]
    void flush() noexcept;

private:
    void flush_older_half() noexcept;

    slab_pool& pool_;
    std::uint32_t count_ = 0;
    void* records_[capacity];
};

}  // namespace hocket::inline HOCKET_ABI::detail

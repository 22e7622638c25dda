// The blocks that arenas are made of, in size classes, reused.
//
// Classes: 1 KiB, doubling to 64 KiB, cut from chunks of 1 to 16 MiB that are unmapped only with the pool; above that large
//   blocks with mappings of their own, four sizes a doubling, of which at most `large_kept` bytes are kept for reuse.
// Runs: pages that are not cut, of a new chunk or such as trim() has put together from free blocks and given back to the
//   kernel. Blocks are cut from one run after the other before a chunk is mapped.
// Surplus: the fewest free bytes there have been since the last trim() were needed by nobody meanwhile.
// Protocol: guard_ covers the lists. In front of it stands each worker's block_cache, which the pool finds through a
//   function that the layer above sets (this layer knows no workers), so an arena that moved to another worker gives
//   its blocks to that worker's cache, and one on a plain thread to the pool.
// Memory order: the byte counts are relaxed; their sum is exact when nobody takes or gives.
// Under AddressSanitizer a block in the pool is poisoned, but for its link.
#pragma once

#include <cstddef>
#include <cstdint>
#include <hocket/detail/atomic.hpp>
#include <hocket/detail/config.hpp>
#include <vector>

#include "seam/lock.hpp"

namespace hocket::inline HOCKET_ABI::detail {

class block_cache;

// A piece of memory, page-aligned from 4 KiB on, else aligned to its size.
struct block {
    void* memory = nullptr;  // null: there was none
    std::size_t size = 0;    // bytes, as rounded up
};

class block_pool {
public:
    static constexpr std::size_t smallest = 1024;
    static constexpr std::size_t largest_class = 64 * 1024;
    static constexpr std::size_t classes = 7;
    static constexpr std::size_t large_kept = 32 * 1024 * 1024;  // bytes of large blocks kept

    // The cache of the calling worker, null on any other thread.
    using cache_finder = block_cache* (*)() noexcept;

    // Allocates nothing. [any thread]
    explicit block_pool(cache_finder finder = nullptr) noexcept : finder_(finder) {}
    block_pool(block_pool const&) = delete;
    block_pool& operator=(block_pool const&) = delete;
    // Unmaps everything. No block and no cache of it is left.
    ~block_pool();

    // The pool of arenas that belong to no runtime. Never destroyed.
    static block_pool& common() noexcept;

    // From now on finds caches through `finder` (null: none). A cache of another pool that it may return is ignored.
    // [any thread]
    void use(cache_finder finder) noexcept {
        finder_.store(finder, release);  // release: pairs with the acquire in cache()
    }

    // The size of the block that take(bytes) returns; SIZE_MAX when there is none so large.
    static std::size_t size_for(std::size_t bytes) noexcept;

    // A block of at least `bytes`; its content is undefined. [any thread]
    block take(std::size_t bytes) noexcept;
    // Takes one back; `size` is the size it came with. [any thread]
    void give(void* memory, std::size_t size) noexcept;

    // Ends an interval: of the blocks that nobody has needed in it, gives the memory of whole pages back, and that of all
    // large ones. Sorts them, about 0.1 us each; meanwhile who finds none free cuts new ones. By one thread at a time.
    // [any thread]
    void trim() noexcept;

    // Bytes now in blocks that were taken and not given back; bytes now mapped. [any thread]
    std::size_t outstanding() const noexcept;
    std::size_t mapped() const noexcept;

private:
    friend class block_cache;

    struct link {
        link* next;
    };
    struct chunk;  // the first bytes of a chunk: link to the next, and to keep blocks page-aligned a page of its own
    struct list {
        link* first = nullptr;
        std::uint32_t count = 0;
    };
    struct run {
        std::byte* first;
        std::byte* end;
    };
    static constexpr std::size_t large_classes = 32;  // 80 KiB, 96, 112, 128, 160 ... 16 MiB

    static std::size_t class_of(std::size_t size) noexcept;
    static std::size_t large_class_of(std::size_t size) noexcept;
    static std::size_t size_of_large(std::size_t c) noexcept;
    block_cache* cache() const noexcept;
    void* cut(std::size_t c) noexcept;                                        // guard_ held
    bool next_run(std::size_t bytes) noexcept;                                // guard_ held
    bool give_run(std::byte* first, std::byte* end) noexcept;
    void trim_large() noexcept;
    static void end_large(link* first, std::size_t size) noexcept;
    list take_some(std::size_t c, std::uint32_t n) noexcept;                  // up to n, linked
    void give_some(std::size_t c, link* first, link* last, std::uint32_t n) noexcept;
    block take_large(std::size_t size) noexcept;
    void give_large(void* memory, std::size_t size) noexcept;

    atomic<cache_finder> finder_;
    mutable lock guard_;
    list free_[classes];
    link* large_[large_classes] = {};
    std::size_t large_idle_ = 0;  // bytes in large_
    chunk* chunks_ = nullptr;
    std::byte* uncut_ = nullptr;  // the rest of the run that is being cut
    std::byte* uncut_end_ = nullptr;
    std::vector<run> runs_;       // others
    std::size_t free_bytes_ = 0;  // in free_
    std::size_t least_ = 0;       // the fewest since the last trim()
    std::size_t mixed_ = 0;       // those that the last trim() left: their pages are in use
    std::size_t least_large_ = 0; // the fewest in large_ since the last trim()
    std::size_t in_chunks_ = 0;   // bytes
    std::size_t mapped_ = 0;
    block_cache* caches_ = nullptr;
    atomic<std::size_t> out_{0};  // bytes taken less bytes given, modulo 2^64, caches' own aside
};

// A worker's own blocks in front of a pool: taken and given without a lock.
class block_cache {
public:
    // The pool outlives it. [any thread]
    explicit block_cache(block_pool& pool) noexcept;
    block_cache(block_cache const&) = delete;
    block_cache& operator=(block_cache const&) = delete;
    // Gives all back to the pool.
    ~block_cache();

    // As block_pool's, which call these. [worker that owns the cache]
    block take(std::size_t bytes) noexcept;
    void give(void* memory, std::size_t size) noexcept;

    // Gives all that it holds to the pool. [worker that owns the cache]
    void flush() noexcept;

    block_pool& pool() const noexcept { return pool_; }

private:
    friend class block_pool;

    // Blocks of class c kept here: 32 KiB of the small ones, two of the big ones.
    static constexpr std::uint32_t room(std::size_t c) noexcept { return c < 4 ? 32u >> c : 2u; }

    block_pool& pool_;
    block_pool::list free_[block_pool::classes];
    atomic<std::size_t> out_{0};   // bytes taken less bytes given, modulo 2^64; written by the owner
    block_cache* next_ = nullptr;  // the pool's list, under its lock
};

}  // namespace hocket::inline HOCKET_ABI::detail

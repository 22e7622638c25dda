// Address space and the memory under it: the only place where hocket maps anything.
//
// Sizes are multiples of size(), addresses are page-aligned. errno is left as it was.
#pragma once

#include <cstddef>
#include <hocket/detail/config.hpp>
#include <string>

namespace hocket::inline HOCKET_ABI::detail::pages {

// Bytes of a page. [any thread]
std::size_t size() noexcept;

// `bytes` rounded up to whole pages; SIZE_MAX rounded down when there is no such number. [any thread]
std::size_t round_up(std::size_t bytes) noexcept;

// How a guard is made. `install` marks page table entries (MADV_GUARD_INSTALL, Linux >= 6.13) and adds no mapping;
// `protect` is mprotect, which splits the mapping: two mappings a guard, and the kernel limits their number.
enum class guard_method : unsigned char { install, protect };

// The better one that this kernel was seen to honour. The first call probes: a successful madvise is no proof
// (qemu-user answers 0 and does nothing), only a write(2) from the guard that fails with EFAULT is. [any thread]
guard_method best_guard() noexcept;

enum class outcome : unsigned char { done, no_memory, no_mappings, not_supported };

// A sentence for a user: what is exhausted and how to raise it. Empty for done. [any thread]
std::string describe(outcome o);

// Address space that costs nothing until it is committed and touches fault; null when there is none. Never backed by
// huge pages. [any thread]
void* reserve(std::size_t bytes) noexcept;

// Makes reserved pages readable and writable, zero-filled when touched. [any thread]
outcome commit(void* p, std::size_t bytes) noexcept;

// Undoes commit(): touches fault, the memory is the kernel's again. [any thread]
void decommit(void* p, std::size_t bytes) noexcept;

struct guarded {
    std::size_t count;  // guards that stand, from the first on
    outcome why;        // done when that is all of them
};

// Makes `count` guards of `bytes` each, `stride` bytes apart, the first at `first`, in committed pages: in one call
// where the kernel has one. not_supported: the kernel refuses `install` here (pages locked by mlockall do that).
// [any thread]
guarded guard(void* first, std::size_t bytes, std::size_t stride, std::size_t count, guard_method method) noexcept;

// Puts memory under `count` pieces of `bytes` each, `stride` bytes apart, the first at `first`, in committed pages: in one
// call, for four fifths of what it costs to touch them one by one. Where the kernel has no such call, or no memory, nothing
// happens. [any thread]
void populate(void* first, std::size_t bytes, std::size_t stride, std::size_t count) noexcept;

// Gives the memory under committed pages back; they read as zero next time. Guards stay. [any thread]
void release(void* p, std::size_t bytes) noexcept;

// Bytes from the lowest page of [p, p + bytes) that has memory under it to the end; 0 when none has. A page that has
// been swapped out counts as one without. A system call for each 256 pages. [any thread]
std::size_t touched(void const* p, std::size_t bytes) noexcept;

// Committed pages without a reservation; null when there is no memory. [any thread]
void* map(std::size_t bytes) noexcept;

// Ends a reservation or a map(). [any thread]
void unmap(void* p, std::size_t bytes) noexcept;

}  // namespace hocket::inline HOCKET_ABI::detail::pages

// The one thread-local of the library: a pointer that each OS thread keeps for the layer above.
//
// A fiber may go to sleep on one thread and wake on another, so no compiler may keep the address of a thread-local, nor
// the value read through it, over a call that can switch. g++ 12 keeps both even for noinline functions. The accessor
// is therefore out of line, opaque to inter-procedural analysis, and returns the value, never a reference.
#pragma once

#include <hocket/detail/config.hpp>

namespace hocket::inline HOCKET_ABI::detail::seam {

#if defined(__GNUC__) && !defined(__clang__)
#define HOCKET_OPAQUE __attribute__((noinline, noclone, noipa))
#else
#define HOCKET_OPAQUE __attribute__((noinline))
#endif

// What the calling thread last set; null on a thread that never did. [any thread]
HOCKET_OPAQUE void* current() noexcept;

// Sets it for the calling thread. [any thread]
HOCKET_OPAQUE void set_current(void* value) noexcept;

}  // namespace hocket::inline HOCKET_ABI::detail::seam

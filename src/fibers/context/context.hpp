// Changing stacks: two backends behind one contract.
//
// A context is a computation that stands still: everything needed to go on lies on its stack, and the token says where:
// below that address nothing is needed.
// jump() leaves the present computation and goes on with another; the other one *receives* the context just left, as
// jump's return value or as the argument of its entry function, and is the one to keep it. Nobody can write down
// where he stands before he has left.
//
//   native  hand-written assembly, x86-64
//   boost   boost::context::fiber
//
// A token knows its backend, so that no caller has to: bit 0 is set for boost (stacks are 16-aligned, the bit is free).
//
// What a jump keeps for each side: the registers the ABI says a function preserves. What it does not keep: the C++
// runtime's record of exceptions being handled (the scheduler does), FP control state, signal mask, thread-locals.
#pragma once

#include <cstddef>
#include <cstdint>
#include <hocket/detail/config.hpp>
#include <hocket/detail/exception_globals.hpp>

#include "alloc/stack_pool.hpp"

namespace hocket::inline HOCKET_ABI::detail {

enum class backend : unsigned char { native, boost };

#if defined(__x86_64__)
inline constexpr bool has_native_backend = true;
#else
inline constexpr bool has_native_backend = false;
#endif
inline constexpr backend best_backend = has_native_backend ? backend::native : backend::boost;

struct context {
    void* token = nullptr;
    explicit operator bool() const noexcept { return token != nullptr; }
};

// The frames that whoever goes on at `token` returns through first, `lines` cache lines of them. Null, and a token that is
// no longer true, do no harm.
HOCKET_ALWAYS_INLINE void prefetch_frames(void const* token, std::uintptr_t lines) noexcept {
    for (std::uintptr_t line = 0; line < lines; ++line)
        __builtin_prefetch(reinterpret_cast<void const*>(reinterpret_cast<std::uintptr_t>(token) + 64 * line));
}

// A stack as sanitizers want to know it; plain builds carry nothing.
struct stack_view {
#if defined(HOCKET_ASAN)
    void const* bottom = nullptr;  // lowest address
    std::size_t size = 0;          // bytes
#elif defined(HOCKET_TSAN)
    void* fiber = nullptr;  // ThreadSanitizer's
#endif
};

// The first thing that happens on a fresh stack; gets the context just left and never returns.
using entry_function = void (*)(context left) noexcept;

// A context that will begin with `entry` on `s`. Nothing of what `s` carried before is kept. [any thread]
context make_context(backend b, stack& s, entry_function entry) noexcept;

// Tells the sanitizers that `s` will not be stood on again until it is made fresh. [any thread, not on s]
void retire(stack& s) noexcept;

// How to tell jump() about a pooled stack, and about the stack the calling thread was born with.
inline stack_view view_of([[maybe_unused]] stack const& s) noexcept {
#if defined(HOCKET_ASAN)
    return {s.base, s.size};
#elif defined(HOCKET_TSAN)
    return {s.sanitizer};
#else
    return {};
#endif
}
stack_view view_of_this_thread() noexcept;

// The calling thread's record of exceptions. abi::__cxa_get_globals() is declared const, so that a compiler may use one
// answer on both sides of a switch; this one it cannot see through. [any thread]
exception_globals* exceptions_of_this_thread() noexcept;

// Goes on with `to`, which stands on the stack `onto`. Returns when somebody jumps back, perhaps on another thread: the
// context he left. Registers are kept, the exception record is the caller's business. Who knows the backend of `to` may say
// so: where it is Boost's his function need not save the registers that Boost saves. [any thread]
template <backend... known>
HOCKET_ALWAYS_INLINE context jump(context to, [[maybe_unused]] stack_view const& onto) noexcept;

// Must be called first of all by every entry function. [a fresh context]
void arrived() noexcept;

}  // namespace hocket::inline HOCKET_ABI::detail

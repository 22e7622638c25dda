// Memory faults: who is asked about them first, the stack on which a thread answers, and how it ends.
//
// The process has one handler for SIGSEGV. Ours stands in front of whoever was there, from the first trap_faults() to
// the last untrap_faults(), and passes on what the judge does not take: to the handler that was there, called as its
// flags ask; or, where there was none, so that the process dies of the original signal at the original place.
//
// States: away -> in front (the first call to trap_faults()) -> away (the last to untrap_faults(), ours still being
//   the handler) or beneath: somebody has put a handler in front of ours meanwhile, and may pass faults on to it. Then
//   it stays, judging nothing while nobody traps, and is not put in front a second time: the two would pass a fault to
//   each other for ever. Only if there is no handler at all any more is it put in place again.
// What a handler before ours cannot tell us: that it wants to run on the stack that faulted (no SA_ONSTACK).
// Explored builds have none of it: their threads are one.
// Rejected: SIGBUS too (on Linux no guard raises it); a handler of our own for sent signals (kill -SEGV is passed on).
#pragma once

#include <cstddef>
#include <cstdint>
#include <hocket/detail/config.hpp>

namespace hocket::inline HOCKET_ABI::detail::seam {

struct memory_fault {
    std::byte const* address;        // what was touched
    std::byte const* stack_pointer;  // of who touched it; null where nobody has told us how to find it
    void const* code;                // the instruction; null in the same places
};

// Called on the thread that faulted, in a signal handler. Returns when the fault is not its business.
using fault_judge = void (*)(memory_fault const& fault) noexcept;

// Counted. All callers give the same judge. [any thread]
void trap_faults(fault_judge judge) noexcept;
void untrap_faults() noexcept;

// Bytes of a signal stack that are enough for the judge and for die_after(); 0 when threads need none.
std::size_t signal_stack_size() noexcept;

// A thread's signal stack, in memory that is given to it: put on for a time, what the thread had before put back.
class signal_stack {
public:
    signal_stack() noexcept = default;
    signal_stack(signal_stack const&) = delete;
    signal_stack& operator=(signal_stack const&) = delete;

    // Nothing happens when the thread has one of signal_stack_size() or more already, or stands on one. [the thread]
    void put_on(void* memory, std::size_t bytes) noexcept;
    void take_off() noexcept;

private:
    // Unused where threads are virtual.
    [[maybe_unused]] void* before_ = nullptr;
    [[maybe_unused]] std::size_t before_bytes_ = 0;
    [[maybe_unused]] bool before_on_ = false;
    [[maybe_unused]] bool on_ = false;
};

// For the judge: calls last_words(what), which need not be safe in a signal handler, and aborts. A fault in it, or more
// than `limit` nanoseconds, and the process aborts at once. If another thread is here already, waits to die with it.
[[noreturn]] void die_after(void (*last_words)(void* what) noexcept, void* what, std::int64_t limit) noexcept;

}  // namespace hocket::inline HOCKET_ABI::detail::seam

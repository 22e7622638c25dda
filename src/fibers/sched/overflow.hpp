// What is said when a fiber runs over the end of its stack: to stderr, then to the runtime's logger; then abort().
//
// The fault in a guard arrives in the handler of seam/fault_trap.hpp, on the worker's signal stack. It is an overflow
//   if the guard is that of the stack the worker stands on, or is just leaving, and the stack pointer has come down to
//   it: a wild pointer that hits a guard from afar is a fault like any other, and goes to whom faults go to.
// Order: the report is made in a buffer on the signal stack and written to stderr whole, with nothing but what is safe
//   in a signal handler: own formatting, write(2), _dl_find_object. Only then is the logger called, which may need what
//   the overflow has interrupted (malloc's lock, its own): it has two seconds, and if it faults that is the end.
//   Meanwhile the thread counts as one outside of any runtime, so that a logger that waits blocks it, and never
//   switches stacks.
// Sanitizers: the same in all lanes. Ours stands before AddressSanitizer's handler: an overflow is reported by us
//   alone, every other fault by it. ThreadSanitizer hides its own handler, so every other fault ends the process
//   unreported; an overflow inside its run-time, which stands on the fiber's stack too, may hang there; and it keeps
//   the signal that ends the two seconds until the logger calls into that.
// Rejected: dladdr for the function's name (takes the loader's lock, which the overflow may have interrupted; addr2line
//   tells it); a backtrace (a core file has it, and unwinding is not safe here); another thread for the logger (one
//   more in every process, for what happens once).
#pragma once

#include <hocket/detail/config.hpp>

#include "seam/fault_trap.hpp"

namespace hocket::inline HOCKET_ABI::detail {

// Overflows are watched for while one of these lives. [any thread]
class overflow_watch {
public:
    overflow_watch() noexcept;
    overflow_watch(overflow_watch const&) = delete;
    overflow_watch& operator=(overflow_watch const&) = delete;
    ~overflow_watch();
};

// What a thread answers faults on while it is a worker: memory with a guard below it, mapped when first put on.
class worker_signal_stack {
public:
    worker_signal_stack() noexcept = default;
    worker_signal_stack(worker_signal_stack const&) = delete;
    worker_signal_stack& operator=(worker_signal_stack const&) = delete;
    ~worker_signal_stack();

    // Without memory the thread stays as it was, and an overflow is a bare SIGSEGV. [the worker's thread, at home]
    void put_on() noexcept;
    void take_off() noexcept { on_thread_.take_off(); }

private:
    void* memory_ = nullptr;
    seam::signal_stack on_thread_;
};

}  // namespace hocket::inline HOCKET_ABI::detail

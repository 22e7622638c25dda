// Faults that a test can put into the library, to see that the check which guards against them notices.
//
// Only explored builds and builds with -DHOCKET_BREAKABLE have them; elsewhere the question is a constant and vanishes.
#pragma once

#include <cstdint>
#include <hocket/detail/config.hpp>

namespace hocket::inline HOCKET_ABI::detail::seam {

enum class fault : std::uint8_t {
    none,
    lock_forgets_sleepers,             // a waiter takes the lock as if nobody else slept on it
    deque_take_without_race,           // the owner takes the last item without its compare-and-swap
    ready_ring_pop_without_race,       // the owner moves the head past an item that is being stolen
    mailbox_take_in_two_steps,         // reads the list, then empties it
    sleep_without_recheck,             // a worker announces that it sleeps, and sleeps without another look
    searcher_forgets_what_was_left,    // who found that he must not sleep after all does not count as searching again
    called_forgets_what_was_left,      // the same of one who was woken by name meanwhile, for what only he may do
    thief_keeps_the_rest,              // who has stolen several fibers wakes nobody for those that he does not run
    blocking_worker_keeps_the_rest,    // a blocking worker that has found work wakes nobody for what came while it looked
    timer_cancel_looks_without_lock,   // cancel() returns once the timer is out of the wheel, though it may be firing
    publish_before_saved,              // a fiber is shown to its waker before its context is stored
    park_ignores_delivery,             // a fiber that is woken on its way to sleep sleeps all the same
    claim_in_two_steps,                // who ends a wait is looked up, then written down
    stop_is_asked_once,                // a wait looks whether it shall stop when it begins, and not again
    condition_unlocks_first,           // wait() gives the mutex back before it is queued
    lock_wipes_out_waiters,            // lock() forgets to say again that others wait
    mutex_is_left_to_the_gone,         // unlock() keeps the mutex held for waiters that have all given up
    gone_writer_bars_readers,          // a writer that gives up lets in none of the readers that waited behind it
    phase_is_not_looked_at_again,      // who waits for a latch, barrier or event does not look again before it sleeps
    once_calls_again,                  // who waited while another called does not look whether it is done
    any_is_not_looked_at_again,        // who waits for one of several does not look again before it sleeps
    semaphore_sleeps_without_retry,    // acquire() does not try once more before it sleeps
    select_queues_later,               // a select gives its locks back between its last look and its queueing
    select_leaves_nodes,               // a select that was woken stays in the queues that did not wake it
    thief_does_not_wait,               // a thief takes from queues whose owner is in the middle of an operation
    park_keeps_jobs,                   // a fiber that is suspended leaves its forked jobs in its worker's deque
    wake_during_trim,                  // a fiber goes on while the pages below its frames are being given back
    letter_keeps_its_link,             // of a fiber that was woken by letter it looks as if its wait had been cancelled
    claim_ignores_cancel,              // a waker does not ask whether the wait that it has won had been cancelled
    park_ignores_cancel,               // a fiber that goes to sleep does not look whether its runtime is being cancelled
    scope_forgets_to_settle,           // a worker that is done with the tasks of a scope does not say so
    size_class_made_twice,             // who comes second makes the pool of a class of stacks anew
};

#if defined(HOCKET_EXPLORED) || defined(HOCKET_BREAKABLE)

// The fault that is in now. Set while no thread of the library runs.
HOCKET_API inline fault injected = fault::none;

inline bool fault_injected(fault f) noexcept { return injected == f; }

// Puts a fault in for a scope. [any thread, while no thread of the library runs]
class with_fault {
public:
    explicit with_fault(fault f) noexcept { injected = f; }
    with_fault(with_fault const&) = delete;
    with_fault& operator=(with_fault const&) = delete;
    ~with_fault() { injected = fault::none; }
};

#else

constexpr bool fault_injected(fault) noexcept { return false; }

#endif

}  // namespace hocket::inline HOCKET_ABI::detail::seam

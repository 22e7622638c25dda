// How a runtime that is shut down by cancellation ends the fibers that wait.
#pragma once

#include <cstdint>
#include <hocket/detail/config.hpp>
#include <hocket/this_fiber.hpp>
#include <string>

namespace hocket::inline HOCKET_ABI {

// What leaves a wait of a fiber whose runtime is shut down with `cancel`. Not derived from std::exception, so that only
// catch (...) and catch (cancelled const&) stop it. Sticky: caught, it comes again from the next wait. A task that it
// leaves has ended, and nobody is told that an exception left it; get() of its future, and join() of its scope, throw it.
//
// It leaves these waits only: this_fiber::sleep_for and sleep_until; wait of condition_variable (the lock is held again
// then), latch, barrier, event, future and when_any; acquire of semaphores; send, recv and select; limiter::enter; and
// fiber::join, with all their timed and stoppable forms. What need not wait is done as ever. It never leaves a mutex,
// call_once, scope::join, blocking(), parallel algorithms, yield, or any destructor of hocket's: these wait on. No wait is
// cancelled while the fiber unwinds (std::uncaught_exceptions() is not 0), nor when its function has ended and what it
// owned is being destroyed. Where it meets a noexcept function the program terminates, as with any exception.
class HOCKET_API cancelled {};

// Asks runtime::shutdown() to cancel.
struct cancel_t {
    explicit cancel_t() = default;
};
inline constexpr cancel_t cancel{};

// A task that has not ended by the deadline of a shutdown.
struct survivor {
    fiber_id id;
    std::string name;   // empty when it has none
    std::string state;  // "running", or what it waits for: "waits for a mutex"
};

}  // namespace hocket::inline HOCKET_ABI

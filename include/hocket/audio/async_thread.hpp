// Work that a module has done in the background: an action called by a runner, started and stopped from anywhere.
//
// A periodic action is called at every tick of its runner (0.5 ms after the last pass ended); run_once() asks for one
// call more. Calls of one AsyncThread never overlap, nor do those of one module; of all modules at most
// runner_pool_options::max_concurrent execute at once. No action runs before its module has been built and loaded, nor
// after its destruction has begun. An action is a task pinned to one runner: it may suspend (hocket::blocking,
// sleep_for, channel) and then its neighbours go on. Its arena is reset after every call. What it throws is logged with
// the names of module and thread, and counted; it stays enabled.
#pragma once

#include <cstdint>
#include <hocket/audio/action.hpp>
#include <hocket/detail/config.hpp>
#include <memory>

namespace hocket::inline HOCKET_ABI::audio {

class module;
namespace detail {
struct async_state;
}

class HOCKET_API async_thread {
public:
    // One that belongs to the module that the engine is building on this thread; outside of that it belongs to nobody,
    // and runs only after attach(). Throws std::bad_alloc; with an action std::invalid_argument when that is empty.
    // [any thread but audio]
    async_thread();
    explicit async_thread(action&& what);
    // One that belongs to `owner`, or as above when that is null.
    explicit async_thread(module* owner);
    async_thread(module* owner, action&& what);
    async_thread(async_thread const&) = delete;
    async_thread& operator=(async_thread const&) = delete;
    // Waits until a running action has returned, then destroys the action. In that action itself it is misuse and ends
    // the program. [any thread but audio]
    ~async_thread();

    // The action is called at every tick from now on. Calling it again changes nothing. Without an action the runner
    // logs that, counts a failure and stops it. [audio]
    void start() noexcept HOCKET_NONBLOCKING;
    // Replaces the action, then starts. A call that is under way ends with the old one. The old one is destroyed by the
    // runner; by this call only when it has been replaced three times since the last tick. [audio]
    void start(action&& what) noexcept HOCKET_NONBLOCKING;
    // No call begins after this, requested ones included; one under way completes. [audio]
    void stop() noexcept HOCKET_NONBLOCKING;
    // Asks for one call more. Requests are counted, none is lost; a periodic action stays periodic. [audio]
    void run_once() noexcept HOCKET_NONBLOCKING;
    // True while it is periodic, or a requested call is pending or under way. [audio]
    bool is_enabled() const noexcept HOCKET_NONBLOCKING;

    // Makes it belong to the module with this id, if it belongs to nobody yet; false when there is no such module.
    // Enters the kernel at most when it belongs to nobody. [any thread but audio; audio when it belongs to a module]
    bool attach(std::uint32_t module_id);

    // Waits until no call is under way; after stop() none will begin. Misuse in its own action. [any thread but audio]
    void quiesce();

    // Calls that have returned or thrown; those that threw, or found no action. [audio]
    std::uint64_t calls() const noexcept HOCKET_NONBLOCKING;
    std::uint64_t failures() const noexcept HOCKET_NONBLOCKING;

private:
    std::shared_ptr<detail::async_state> state_;
};

}  // namespace hocket::inline HOCKET_ABI::audio

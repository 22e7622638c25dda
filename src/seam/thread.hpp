// An OS thread, started and joined.
#pragma once

#include <cstddef>
#include <hocket/detail/config.hpp>

#ifndef HOCKET_EXPLORED
#include <pthread.h>
#include <sched.h>
#endif

namespace hocket::inline HOCKET_ABI::detail::seam {

// The cores that the calling thread may run on. [any thread]
class affinity {
public:
#ifdef HOCKET_EXPLORED
    static affinity of_this_thread() noexcept { return {}; }
#else
    static affinity of_this_thread() noexcept;

private:
    friend class thread;
    cpu_set_t cores_;
#endif
};

class thread {
public:
    thread() noexcept = default;
    thread(thread const&) = delete;
    thread& operator=(thread const&) = delete;

    // Starts `entry(argument)` on a new thread called `name` (cut to 15 characters). Throws std::system_error when the
    // system has no thread left. The object is idle, or joined. [any thread]
    void start(char const* name, void (*entry)(void*), void* argument);

    // The same for a thread that looks after others, whoever happens to start it: it takes no signals, has the system's
    // ordinary scheduling, and runs where `cores` says. Where the system refuses that, its starter's.
    void start_apart(char const* name, void (*entry)(void*), void* argument, affinity const& cores);

    // Waits until the thread has ended; does nothing if none was started. [any thread, blocks it]
    void join() noexcept;

    bool started() const noexcept { return started_; }

private:
    void (*entry_)(void*) = nullptr;
    void* argument_ = nullptr;
    bool started_ = false;
#ifdef HOCKET_EXPLORED
    int id_ = -1;
#else
    char name_[16] = {};
    pthread_t handle_{};
    static void* body(void* self);
    int create(pthread_attr_t const* how) noexcept;
#endif
};

#ifdef HOCKET_EXPLORED
// The stack on which the calling virtual thread began, for the sanitizers: its OS thread's is another.
void own_stack(void const*& bottom, std::size_t& size) noexcept;
#endif

// A number that tells the calling thread from every other live one. [any thread]
unsigned long thread_id() noexcept;

}  // namespace hocket::inline HOCKET_ABI::detail::seam

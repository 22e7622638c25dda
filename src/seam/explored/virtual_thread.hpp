// A virtual thread: a place in the code to go on from, and what an OS thread would keep for it.
//
// States: able (runs, or could) -> waiting (on a futex word) -> able; able -> joining -> able; able -> ended.
// Protocol: the code under test switches stacks by hand while it is a virtual thread, so a thread that is not running
//   is nothing but the stack pointer at which it left, on whatever stack. switch_to() saves that of the caller and
//   goes to that of the other; the side that arrives stores the place the other left (it is told only then). An ended
//   thread never returns from its first frame; its stack may be used again when the whole schedule has ended.
#pragma once

#include <boost/context/fiber.hpp>
#include <cstddef>
#include <cstdint>
#include <hocket/detail/config.hpp>

#include "seam/explored/stack.hpp"

namespace hocket::inline HOCKET_ABI::explorer {

struct virtual_thread {
    enum class state : std::uint8_t { able, waiting, joining, ended };

    // A place to go on from. Boost's destructor would unwind the frames above it, so it is never called.
    union place {
        place() noexcept : context() {}
        ~place() {}
        boost::context::fiber context;
    };

    virtual_thread() = default;
    virtual_thread(virtual_thread const&) = delete;
    virtual_thread& operator=(virtual_thread const&) = delete;

    // Gives it a stack and a first frame that calls start(), which never returns. Throws std::bad_alloc.
    void prepare(void (*start)());

    // Gives its stack back: it has ended, and so has the schedule. Or, after a failure: leaves everything as it is
    // for ever.
    void release() noexcept;
    void abandon() noexcept;

    int number = -1;
    char name[16] = {};
    void (*entry)(void*) = nullptr;
    void* argument = nullptr;
    state is = state::able;

    // While waiting: the word by address and by its number in this schedule, what it holds, until when. While
    // joining: whom.
    void const* word = nullptr;
    int word_number = 0;
    std::uint32_t expected = 0;
    std::int64_t deadline = 0;
    bool timed_out = false;
    int joins = -1;

    // What an OS thread has of its own: the seam's pointer, errno, the exceptions in flight.
    void* current = nullptr;
    int error = 0;
    void* caught_exceptions = nullptr;
    unsigned int uncaught_exceptions = 0;

    place where;
    stack started_on;
    bool begun = false;
    // What the sanitizers want to know of the stack it stands on.
    void const* stack_low = nullptr;
    std::size_t stack_size = 0;
    void* fake_stack = nullptr;
    void* tsan_fiber = nullptr;     // where it stands
    void* own_tsan_fiber = nullptr; // that of started_on

private:
    void forget() noexcept;
};

// Leaves `from`, which runs, and goes on with `to`. Returns when somebody switches back.
void switch_to(virtual_thread& from, virtual_thread& to) noexcept;

}  // namespace hocket::inline HOCKET_ABI::explorer

// Switches virtual threads with Boost.Context, which saves the stack pointer of whatever stack its caller stands on.
#include "seam/explored/virtual_thread.hpp"

#include <cxxabi.h>
#include <errno.h>

#include <exception>
#include <utility>

#include "seam/explored/unwatched.hpp"

#ifdef HOCKET_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef HOCKET_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace hocket::inline HOCKET_ABI::explorer {
namespace {

// The Itanium C++ ABI's __cxa_eh_globals, whose layout no header gives.
struct exceptions {
    void* caught;
    unsigned int uncaught;
};

exceptions& exceptions_here() noexcept { return *reinterpret_cast<exceptions*>(abi::__cxa_get_globals()); }

// Who leaves and who arrives, for the side that arrives.
virtual_thread* leaving = nullptr;
virtual_thread* arriving = nullptr;

void depart(virtual_thread& from, virtual_thread& to) noexcept {
    from.error = errno;
    exceptions const& e = exceptions_here();
    from.caught_exceptions = e.caught;
    from.uncaught_exceptions = e.uncaught;
    leaving = &from;
    arriving = &to;
#ifdef HOCKET_ASAN
    bool const for_ever = from.is == virtual_thread::state::ended;
    __sanitizer_start_switch_fiber(for_ever ? nullptr : &from.fake_stack, to.stack_low, to.stack_size);
#endif
#ifdef HOCKET_TSAN
    from.tsan_fiber = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(to.tsan_fiber, __tsan_switch_to_fiber_no_sync);
#endif
}

void arrive(boost::context::fiber&& left) noexcept {
    virtual_thread& me = *arriving;
#ifdef HOCKET_ASAN
    __sanitizer_finish_switch_fiber(me.fake_stack, &leaving->stack_low, &leaving->stack_size);
    me.fake_stack = nullptr;
#endif
    leaving->where.context = std::move(left);
    exceptions& e = exceptions_here();
    e.caught = me.caught_exceptions;
    e.uncaught = me.uncaught_exceptions;
    errno = me.error;
}

// Boost is given memory that is ours and shall not free it.
struct borrowed {
    boost::context::stack_context allocate() noexcept { return {}; }
    void deallocate(boost::context::stack_context&) noexcept {}
};

}  // namespace

void switch_to(virtual_thread& from, virtual_thread& to) noexcept {
    depart(from, to);
    arrive(std::move(to.where.context).resume());
}

void virtual_thread::prepare(void (*start)()) {
    started_on = take_stack();
    stack_low = started_on.low;
    stack_size = started_on.size;
    boost::context::stack_context memory;
    memory.sp = started_on.top();
    memory.size = started_on.size;
#ifdef HOCKET_TSAN
    // Boost enters the new stack once to place its record there: under its own identity, or TSan would miss a return.
    void* const creator = __tsan_get_current_fiber();
    tsan_fiber = own_tsan_fiber = __tsan_create_fiber(0);
    __tsan_switch_to_fiber(tsan_fiber, __tsan_switch_to_fiber_no_sync);
#endif
    where.context = boost::context::fiber(
        std::allocator_arg, boost::context::preallocated(memory.sp, memory.size, memory), borrowed{},
        [start](boost::context::fiber&& left) -> boost::context::fiber {
            stop_watching();
            arriving->begun = true;
            arrive(std::move(left));
            start();
            std::terminate();
        });
#ifdef HOCKET_TSAN
    __tsan_switch_to_fiber(creator, __tsan_switch_to_fiber_no_sync);
#endif
}

void virtual_thread::forget() noexcept {
#ifdef HOCKET_TSAN
    // It stopped unwatched, in a call that never returned.
    void* const here = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(own_tsan_fiber, __tsan_switch_to_fiber_no_sync);
    if (begun) watch_again();
    __tsan_switch_to_fiber(here, __tsan_switch_to_fiber_no_sync);
    __tsan_destroy_fiber(own_tsan_fiber);
#endif
}

void virtual_thread::release() noexcept {
    forget();
    give_stack(started_on);
}

void virtual_thread::abandon() noexcept {
    forget();
    abandon_stack(started_on);
}

}  // namespace hocket::inline HOCKET_ABI::explorer

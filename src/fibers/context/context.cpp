// One switch for both backends, with what the sanitizers and the C++ runtime must be told around it.
#include "fibers/context/context.hpp"

#include <cxxabi.h>

#include "fibers/context/boost.hpp"
#include "fibers/context/native.hpp"
#include "seam/current.hpp"

#ifdef HOCKET_ASAN
#include <pthread.h>
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef HOCKET_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace hocket::inline HOCKET_ABI::detail {

namespace {

// The C++ runtime's per-thread record of exceptions being handled (Itanium C++ ABI, 2.2.2). It belongs to the fiber: one
// that suspends inside a catch block takes it along.
struct exception_globals {
    void* caught;
    unsigned uncaught;
};

// abi::__cxa_get_globals() is declared const, so a compiler may use one answer on both sides of a switch: hide it.
HOCKET_OPAQUE exception_globals* globals() noexcept {
    auto* g = reinterpret_cast<exception_globals*>(abi::__cxa_get_globals());
    asm volatile("" : "+r"(g) : : "memory");
    return g;
}

// Inline, so that ThreadSanitizer sees no function entered on one stack and left on the other.
HOCKET_ALWAYS_INLINE void* switch_stacks(void* token) noexcept {
#if defined(__x86_64__)
    if ((reinterpret_cast<std::uintptr_t>(token) & boost_bit) == 0) return native_jump(token);
#endif
    return boost_jump(token);
}

}  // namespace

HOCKET_NOINLINE context jump(context to, stack_view const& onto) noexcept {
    exception_globals* const mine = globals();
    exception_globals const kept = *mine;
    bool const handling = kept.caught != nullptr || kept.uncaught != 0;
    if (handling) [[unlikely]]
        *mine = {};

#ifdef HOCKET_ASAN
    void* fake_stack = nullptr;
    __sanitizer_start_switch_fiber(&fake_stack, onto.bottom, onto.size);
#endif
#ifdef HOCKET_TSAN
    __tsan_switch_to_fiber(onto.sanitizer, 0);
#endif
    static_cast<void>(onto);
    context const left{switch_stacks(to.token)};
#ifdef HOCKET_ASAN
    __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr);
#endif

    if (handling) [[unlikely]]
        *globals() = kept;
    return left;
}

context make_context(backend b, stack& s, entry_function entry) noexcept {
    context fresh;
#ifdef HOCKET_TSAN
    retire(s);
    s.sanitizer = __tsan_create_fiber(0);
    // Boost enters the new stack and comes back while it makes a context: tell that too.
    void* const here = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(s.sanitizer, __tsan_switch_to_fiber_no_sync);
#endif
#if defined(__x86_64__)
    fresh.token = b == backend::native ? native_make(s.top(), entry) : boost_make(s, entry);
#else
    static_cast<void>(b);
    fresh.token = boost_make(s, entry);
#endif
#ifdef HOCKET_TSAN
    __tsan_switch_to_fiber(here, __tsan_switch_to_fiber_no_sync);
#endif
    return fresh;
}

void retire(stack& s) noexcept {
#ifdef HOCKET_TSAN
    if (s.sanitizer != nullptr) __tsan_destroy_fiber(s.sanitizer);
#endif
    s.sanitizer = nullptr;
}

stack_view view_of(stack const& s) noexcept { return {s.base, s.size, s.sanitizer}; }

stack_view view_of_this_thread() noexcept {
    stack_view v;
#ifdef HOCKET_ASAN
    pthread_attr_t attributes;
    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
        void* bottom = nullptr;
        pthread_attr_getstack(&attributes, &bottom, &v.size);
        v.bottom = bottom;
        pthread_attr_destroy(&attributes);
    }
#endif
#ifdef HOCKET_TSAN
    v.sanitizer = __tsan_get_current_fiber();
#endif
    return v;
}

void arrived() noexcept {
#ifdef HOCKET_ASAN
    __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
#endif
}

}  // namespace hocket::inline HOCKET_ABI::detail

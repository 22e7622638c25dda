// Making and ending contexts, with what the sanitizers must be told.
#include "fibers/context/context.hpp"

#include <cxxabi.h>
#include <hocket/detail/poison.hpp>

#include "fibers/context/boost.hpp"
#include "fibers/context/native.hpp"
#include "seam/current.hpp"
#include "seam/thread.hpp"

#ifdef HOCKET_ASAN
#include <pthread.h>
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef HOCKET_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace hocket::inline HOCKET_ABI::detail {

HOCKET_OPAQUE exception_globals* exceptions_of_this_thread() noexcept {
    auto* g = reinterpret_cast<exception_globals*>(abi::__cxa_get_globals());
    asm volatile("" : "+r"(g) : : "memory");
    return g;
}

context make_context(backend b, stack& s, entry_function entry) noexcept {
    context fresh;
    unpoison(s.base, s.size);  // the frames that were abandoned on it have left their red zones
#ifdef HOCKET_TSAN
    retire(s);
    s.sanitizer = __tsan_create_fiber(0);
    // Boost enters the new stack and comes back while it makes a context: tell that too. In order with what comes before
    // and after, unlike a jump: the stack may be given back without having been begun, and be made fresh once more.
    void* const here = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(s.sanitizer, 0);
#endif
#if defined(__x86_64__)
    fresh.token = b == backend::native ? native_make(s.top(), entry) : boost_make(s, entry);
#else
    static_cast<void>(b);
    fresh.token = boost_make(s, entry);
#endif
#ifdef HOCKET_TSAN
    __tsan_switch_to_fiber(here, 0);
#endif
    return fresh;
}

void retire(stack& s) noexcept {
#ifdef HOCKET_TSAN
    if (s.sanitizer != nullptr) __tsan_destroy_fiber(s.sanitizer);
#endif
    s.sanitizer = nullptr;
}

stack_view view_of_this_thread() noexcept {
    stack_view v;
#if defined(HOCKET_ASAN) && defined(HOCKET_EXPLORED)
    seam::own_stack(v.bottom, v.size);
#elif defined(HOCKET_ASAN)
    pthread_attr_t attributes;
    if (pthread_getattr_np(pthread_self(), &attributes) == 0) {
        void* bottom = nullptr;
        pthread_attr_getstack(&attributes, &bottom, &v.size);
        v.bottom = bottom;
        pthread_attr_destroy(&attributes);
    }
#endif
#ifdef HOCKET_TSAN
    v.fiber = __tsan_get_current_fiber();
#endif
    return v;
}

void arrived() noexcept {
#ifdef HOCKET_ASAN
    __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
#endif
}

}  // namespace hocket::inline HOCKET_ABI::detail

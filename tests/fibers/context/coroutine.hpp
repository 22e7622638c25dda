// A computation on a pooled stack, entered and left with nothing but make_context(), jump() and, as the contract asks of whoever
// jumps, the exceptions being handled taken along.
#pragma once

#include <functional>
#include <utility>
#include <vector>

#include "alloc/stack_pool.hpp"
#include "fibers/context/context.hpp"
#include "fibers/context/jump.hpp"
#include "fibers/context/jump.hpp"

// The backends that this machine has.
inline std::vector<hocket::detail::backend> backends() {
    using hocket::detail::backend;
    if (hocket::detail::has_native_backend) return {backend::native, backend::boost};
    return {backend::boost};
}

// jump() with the exceptions being handled kept on this side, as the scheduler does it.
inline hocket::detail::context carry(hocket::detail::context to, hocket::detail::stack_view const& onto) {
    using namespace hocket::detail;
    exception_globals const kept = exceptions_of_this_thread()->take();
    context const left = jump(to, onto);
    exceptions_of_this_thread()->put(kept);
    return left;
}

class coroutine {
public:
    using body = std::function<void(coroutine&)>;

    coroutine(hocket::detail::backend b, body f)
        : body_(std::move(f)), pool_(64 * 1024, 1), stack_(*pool_.take()), inside_(make_context(b, stack_, &begin)) {}
    coroutine(coroutine const&) = delete;
    coroutine& operator=(coroutine const&) = delete;
    ~coroutine() { retire(stack_); }

    // Goes on with the body until it pauses or ends; on any thread. [outside]
    void resume() {
        outside_view_ = hocket::detail::view_of_this_thread();
        enter();
    }

    // The same from the body of another. [another coroutine]
    void resume_from(coroutine const& other) {
        outside_view_ = hocket::detail::view_of(other.stack_);
        enter();
    }

    // Lets resume() return. [body]
    void pause() { outside_ = carry(outside_, outside_view_); }

    // The same by f(context& outside, stack_view const&), which jumps itself. [body]
    template <class F>
    void pause_by(F f) {
        f(outside_, outside_view_);
    }

    bool over() const { return over_; }
    hocket::detail::stack const& stack() const { return stack_; }

    // Where the body stands. [while it pauses]
    hocket::detail::context where() const { return inside_; }

private:
    void enter() {
        starting = this;
        inside_ = carry(inside_, view_of(stack_));
    }
    static void begin(hocket::detail::context left) noexcept {
        hocket::detail::arrived();
        coroutine& self = *starting;
        self.outside_ = left;
        self.body_(self);
        self.body_ = nullptr;
        self.over_ = true;
        carry(self.outside_, self.outside_view_);
        __builtin_unreachable();
    }

    // Read by begin() only, before anything else runs on this thread.
    static inline thread_local coroutine* starting = nullptr;

    body body_;
    hocket::detail::stack_pool pool_;
    hocket::detail::stack& stack_;
    hocket::detail::context inside_;
    hocket::detail::context outside_;
    hocket::detail::stack_view outside_view_;
    bool over_ = false;
};

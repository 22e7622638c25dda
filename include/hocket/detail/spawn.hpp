// How a callable becomes a task: a closure built in the record that the scheduler hands out.
#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <hocket/detail/config.hpp>
#include <hocket/detail/shared_state.hpp>
#include <hocket/launch.hpp>
#include <hocket/this_fiber.hpp>
#include <new>
#include <stop_token>
#include <tuple>
#include <type_traits>
#include <utility>

namespace hocket::inline HOCKET_ABI::detail {

class fiber_state;
class scheduler;
struct task;

enum class task_kind : unsigned char { ordinary, blocking };

// What the scheduler knows of a closure.
struct task_type {
    void (*run)(void* closure);                  // calls it; may throw
    void (*destroy)(void* closure) noexcept;     // ends it
    std::size_t size;                            // bytes
    std::size_t align;                           // bytes
};

// A task record between its allocation and its submission. If it is not submitted the record is given back.
class new_task {
public:
    // A record in `core`, or in the runtime of the calling fiber when that is null. Throws no_runtime (there is none,
    // or it has been shut down), std::bad_alloc, std::invalid_argument (attributes). [any thread]
    HOCKET_API new_task(scheduler* core, task_kind kind, launch const* how, task_type const& type);
    new_task(new_task const&) = delete;
    new_task& operator=(new_task const&) = delete;
    HOCKET_API ~new_task();

    // Room for the closure.
    void* storage() const noexcept { return storage_; }

    fiber_id id() const noexcept { return id_; }

    // The fiber's stop token, which from now on also follows the runtime's. [any thread]
    HOCKET_API std::stop_token follow_runtime(fiber_state& state);

    // The state that the task publishes when it has completed and all it owned is gone; takes over one reference. A
    // task that is dropped before it starts publishes a broken promise. Call it at most once, after the closure has
    // been built.
    void publishes(shared_state_base* state) noexcept { state_ = state; }

    // Hands the task, whose closure has been built, to the scheduler. The caller's return address is its spawn site.
    // [any thread]
    HOCKET_API HOCKET_NOINLINE void submit() noexcept;

private:
    scheduler* core_;
    task* task_;
    void* storage_;
    fiber_id id_;
    shared_state_base* state_ = nullptr;
};

template <class F, class... Args>
struct closure {
    [[no_unique_address]] F function;
    [[no_unique_address]] std::tuple<Args...> arguments;

    static void run(void* self) {
        auto& c = *static_cast<closure*>(self);
        std::apply([&c](Args&... a) { static_cast<void>(std::invoke(std::move(c.function), std::move(a)...)); },
                   c.arguments);
    }
    static void destroy(void* self) noexcept { static_cast<closure*>(self)->~closure(); }
};

template <class F, class... Args>
HOCKET_ALWAYS_INLINE void spawn(scheduler* core, task_kind kind, launch const* how, F&& f, Args&&... args) {
    using closure_type = closure<std::decay_t<F>, std::decay_t<Args>...>;
    static constexpr task_type type{&closure_type::run, &closure_type::destroy, sizeof(closure_type),
                                    alignof(closure_type)};
    new_task task(core, kind, how, type);
    ::new (task.storage())
        closure_type{std::forward<F>(f), std::tuple<std::decay_t<Args>...>(std::forward<Args>(args)...)};
    task.submit();
}

// The same for a task whose result goes to `state`.
template <class R, class F, class... Args>
HOCKET_ALWAYS_INLINE void spawn_into(shared_state<R>* state, scheduler* core, task_kind kind, launch const* how, F&& f,
                                     Args&&... args) {
    auto call = [state, function = std::decay_t<F>(std::forward<F>(f))](std::decay_t<Args>&&... a) mutable {
        state->fulfil([&]() -> R { return std::invoke(std::move(function), std::move(a)...); });
    };
    using closure_type = closure<decltype(call), std::decay_t<Args>...>;
    static constexpr task_type type{&closure_type::run, &closure_type::destroy, sizeof(closure_type),
                                    alignof(closure_type)};
    new_task task(core, kind, how, type);
    ::new (task.storage())
        closure_type{std::move(call), std::tuple<std::decay_t<Args>...>(std::forward<Args>(args)...)};
    state->retain();
    task.publishes(state);
    task.submit();
}

}  // namespace hocket::inline HOCKET_ABI::detail

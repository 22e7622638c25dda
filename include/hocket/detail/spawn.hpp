// How a callable becomes a task: a closure built in the record that the scheduler hands out.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <hocket/detail/config.hpp>
#include <hocket/detail/ending.hpp>
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
    void (*destroy)(void* closure) noexcept;     // ends it; null when there is nothing to do
    std::size_t size;                            // bytes
    std::size_t align;                           // bytes
};

// Room for a closure in a task's record: bytes, and its alignment.
inline constexpr std::size_t inline_closure = 32;
inline constexpr std::size_t inline_align = 8;

// A closure that is nothing but bytes and fits into the room, on its way there in registers.
struct closure_words {
    std::uint64_t a, b, c, d;
};
static_assert(sizeof(closure_words) == inline_closure);

// A detached task without attributes, of the calling fiber's runtime, of these words of closure; one of a scope. Throws
// no_runtime, std::bad_alloc. The caller's return address is the spawn site. [fiber]
HOCKET_API HOCKET_NOINLINE void spawn_words(task_type const& type, std::uint64_t a, std::uint64_t b, std::uint64_t c,
                                            std::uint64_t d);
HOCKET_API HOCKET_NOINLINE void spawn_words(task_type const& type, scope_core& scope, std::uint64_t a, std::uint64_t b,
                                            std::uint64_t c, std::uint64_t d);

// A task record between its allocation and its submission. If it is not submitted the record is given back.
class new_task {
public:
    // A record in `core`, or in the runtime of the calling fiber when that is null. Throws no_runtime (there is none,
    // or it has been shut down), std::bad_alloc, std::invalid_argument (attributes). [any thread]
    new_task(scheduler* core, task_kind kind, launch const* how, task_type const& type)
        : task_(make(core, kind, how, type)), plain_(false) {}
    // The same for an ordinary task without attributes, of the calling fiber's runtime. `Small`: its closure fits into
    // the record. [fiber]
    template <bool Small>
    new_task(std::bool_constant<Small>, task_type const& type)
        : task_(Small ? make_small(type) : make_plain(type)), plain_(true) {}
    new_task(new_task const&) = delete;
    new_task& operator=(new_task const&) = delete;
    ~new_task() {
        if (task_.record != nullptr) abandon(task_.record);
    }

    // Room for the closure.
    void* storage() const noexcept { return task_.storage; }

    HOCKET_API fiber_id id() const noexcept;

    // The fiber's stop token, which from now on also follows the runtime's. [any thread]
    HOCKET_API std::stop_token follow_runtime(fiber_state& state);

    // Hands the task, whose closure has been built, to the scheduler; `ends` is told when it has completed and all it
    // owned is gone. The caller's return address is its spawn site. [any thread]
    void submit(ending ends = {}) noexcept {
        task* const t = std::exchange(task_.record, nullptr);
        if (plain_)
            submit_plain(t, ends);
        else
            submit(t, ends);
    }
    // The same for a task of a scope. [fiber]
    void submit(scope_core& scope) noexcept {
        task* const t = std::exchange(task_.record, nullptr);
        if (plain_)
            submit_plain(t, scope);
        else
            submit(t, scope);
    }

private:
    struct made {
        task* record;
        void* storage;
    };
    HOCKET_API static made make_plain(task_type const& type);
    HOCKET_API static made make_small(task_type const& type);
    HOCKET_API static made make(scheduler* core, task_kind kind, launch const* how, task_type const& type);
    HOCKET_API static void abandon(task* t) noexcept;
    HOCKET_API HOCKET_NOINLINE static void submit(task* t, ending ends) noexcept;
    HOCKET_API HOCKET_NOINLINE static void submit(task* t, scope_core& scope) noexcept;
    HOCKET_API HOCKET_NOINLINE static void submit_plain(task* t, ending ends) noexcept;
    HOCKET_API HOCKET_NOINLINE static void submit_plain(task* t, scope_core& scope) noexcept;

    made task_;
    bool const plain_;  // known where it is inlined
};

template <class F, class... Args>
struct closure {
    [[no_unique_address]] F function;
    [[no_unique_address]] std::tuple<Args...> arguments;

    template <class G, class... A>
    static void make(void* where, G&& g, A&&... a) {
        ::new (where) closure{std::forward<G>(g), std::tuple<Args...>(std::forward<A>(a)...)};
    }
    template <class G, class... A>
    static closure_words make_words(G&& g, A&&... a) {
        closure const made{std::forward<G>(g), std::tuple<Args...>(std::forward<A>(a)...)};
        closure_words words{};
        std::memcpy(&words, &made, sizeof made);
        // No compiler may reason from bytes that the closure leaves open: padding, an empty optional.
        asm("" : "+r"(words.a), "+r"(words.b), "+r"(words.c), "+r"(words.d));
        return words;
    }

    static void run(void* self) {
        auto& c = *static_cast<closure*>(self);
        std::apply([&c](Args&... a) { static_cast<void>(std::invoke(std::move(c.function), std::move(a)...)); },
                   c.arguments);
    }
    static void destroy(void* self) noexcept { static_cast<closure*>(self)->~closure(); }

    // Whether it fits into a task's record; and is nothing but bytes.
    static constexpr auto small() noexcept {
        return std::bool_constant<sizeof(closure) <= inline_closure && alignof(closure) <= inline_align>();
    }
    static constexpr bool words() noexcept { return small() && std::is_trivially_copyable_v<closure>; }
    static constexpr task_type type() noexcept {
        return {&run, std::is_trivially_destructible_v<closure> ? nullptr : &destroy, sizeof(closure),
                alignof(closure)};
    }
};

// A task without attributes, detached; of a scope.
template <class F, class... Args>
HOCKET_ALWAYS_INLINE void spawn(F&& f, Args&&... args) {
    using closure_type = closure<std::decay_t<F>, std::decay_t<Args>...>;
    static constexpr task_type type = closure_type::type();
    if constexpr (closure_type::words()) {
        auto const [a, b, c, d] = closure_type::make_words(std::forward<F>(f), std::forward<Args>(args)...);
        spawn_words(type, a, b, c, d);
    } else {
        new_task task(closure_type::small(), type);
        closure_type::make(task.storage(), std::forward<F>(f), std::forward<Args>(args)...);
        task.submit();
    }
}
template <class F, class... Args>
HOCKET_ALWAYS_INLINE void spawn_in(scope_core& scope, F&& f, Args&&... args) {
    using closure_type = closure<std::decay_t<F>, std::decay_t<Args>...>;
    static constexpr task_type type = closure_type::type();
    if constexpr (closure_type::words()) {
        auto const [a, b, c, d] = closure_type::make_words(std::forward<F>(f), std::forward<Args>(args)...);
        spawn_words(type, scope, a, b, c, d);
    } else {
        new_task task(closure_type::small(), type);
        closure_type::make(task.storage(), std::forward<F>(f), std::forward<Args>(args)...);
        task.submit(scope);
    }
}

template <class F, class... Args>
HOCKET_ALWAYS_INLINE void spawn_with(scheduler* core, task_kind kind, launch const* how, F&& f, Args&&... args) {
    using closure_type = closure<std::decay_t<F>, std::decay_t<Args>...>;
    static constexpr task_type type = closure_type::type();
    new_task task(core, kind, how, type);
    closure_type::make(task.storage(), std::forward<F>(f), std::forward<Args>(args)...);
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
    static constexpr task_type type = closure_type::type();
    new_task task(core, kind, how, type);
    closure_type::make(task.storage(), std::move(call), std::forward<Args>(args)...);
    state->retain();
    task.submit(ending(state));
}

}  // namespace hocket::inline HOCKET_ABI::detail

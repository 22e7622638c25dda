// A variable of which each task has its own.
#pragma once

#include <concepts>
#include <cstddef>
#include <hocket/detail/config.hpp>
#include <new>

namespace hocket::inline HOCKET_ABI {

namespace detail {
// How the scheduler makes and ends one value.
struct local_type {
    void (*construct)(void* at);
    void (*copy)(void* at, void const* from);  // null when children do not inherit it
    void (*destroy)(void* at) noexcept;
    std::size_t size;
    std::size_t align;
};
// A number for one fiber_local object, and back when it is gone. Throws std::bad_alloc.
HOCKET_API std::size_t new_local_key();
HOCKET_API void drop_local_key(std::size_t key) noexcept;
// The calling task's value for `key`, constructed on first use in the task's own memory. Throws no_runtime outside a
// task.
HOCKET_API void* local(std::size_t key, local_type const& type);
// The same, or null when this task has none yet. [any thread]
HOCKET_API void* local_if(std::size_t key) noexcept;
}  // namespace detail

// Asks that children begin with a copy.
struct inherited_t {
    explicit inherited_t() = default;
};
inline constexpr inherited_t inherited{};

// Each task that looks gets a T of its own, value-initialised at its first look and destroyed when the task
// completes, before its arena is reset; the last constructed goes first. One that is `inherited` is copied into every task
// and job that is spawned by a task that has one, when it is spawned, by the spawner: what copying throws, the spawn throws.
// A look costs the same however many there are. The fiber_local object itself outlives the tasks that use it, and
// is usually in static storage. Forks of a task that has an inherited value cost as much as spawns; a job for which there is no
// memory, and which is called in place, begins without.
template <class T>
class fiber_local {
public:
    // Throws std::bad_alloc. [any thread]
    fiber_local() : fiber_local(not_inherited) {}
    explicit fiber_local(inherited_t)
        requires std::copy_constructible<T>
        : fiber_local(is_inherited) {}
    fiber_local(fiber_local const&) = delete;
    fiber_local& operator=(fiber_local const&) = delete;
    ~fiber_local() { detail::drop_local_key(key_); }

    // The calling task's value. Throws no_runtime outside a task, std::bad_alloc, what T's constructor throws. [fiber]
    T& get() { return *static_cast<T*>(detail::local(key_, type_)); }
    T& operator*() { return get(); }
    T* operator->() { return &get(); }
    // The same without making one: null when this task has none. [any thread]
    T* get_if() noexcept { return static_cast<T*>(detail::local_if(key_)); }

private:
    static constexpr detail::local_type type(void (*copy)(void*, void const*)) noexcept {
        return {[](void* at) { ::new (at) T(); }, copy, [](void* at) noexcept { static_cast<T*>(at)->~T(); }, sizeof(T),
                alignof(T)};
    }
    static constexpr detail::local_type not_inherited = type(nullptr);
    static constexpr detail::local_type is_inherited = [] {
        if constexpr (std::copy_constructible<T>)
            return type([](void* at, void const* from) { ::new (at) T(*static_cast<T const*>(from)); });
        else
            return type(nullptr);
    }();

    explicit fiber_local(detail::local_type const& type) : key_(detail::new_local_key()), type_(type) {}

    std::size_t const key_;
    detail::local_type const& type_;
};

}  // namespace hocket::inline HOCKET_ABI

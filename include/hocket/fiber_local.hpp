// A variable of which each task has its own.
#pragma once

#include <cstddef>
#include <hocket/detail/config.hpp>
#include <new>

namespace hocket::inline HOCKET_ABI {

namespace detail {
// How the scheduler makes and ends one value.
struct local_type {
    void (*construct)(void* at);
    void (*destroy)(void* at) noexcept;
    std::size_t size;
    std::size_t align;
};
// A number for one fiber_local object; numbers of destroyed ones are not used again.
HOCKET_API std::size_t new_local_key() noexcept;
// The calling task's value for `key`, constructed on first use in the task's own memory. Throws no_runtime outside a
// task.
HOCKET_API void* local(std::size_t key, local_type const& type);
// The same, or null when this task has none yet. [any thread]
HOCKET_API void* local_if(std::size_t key) noexcept;
}  // namespace detail

// Each task that looks gets a T of its own, value-initialised at its first look and destroyed when the task
// completes, before its arena is reset; the last constructed goes first. The fiber_local object itself outlives the
// tasks that use it, and is usually in static storage.
template <class T>
class fiber_local {
public:
    fiber_local() noexcept : key_(detail::new_local_key()) {}
    fiber_local(fiber_local const&) = delete;
    fiber_local& operator=(fiber_local const&) = delete;

    // The calling task's value. Throws no_runtime outside a task, std::bad_alloc, what T's constructor throws. [fiber]
    T& get() { return *static_cast<T*>(detail::local(key_, type)); }
    T& operator*() { return get(); }
    T* operator->() { return &get(); }
    // The same without making one: null when this task has none. [any thread]
    T* get_if() noexcept { return static_cast<T*>(detail::local_if(key_)); }

private:
    static constexpr detail::local_type type{
        [](void* at) { ::new (at) T(); }, [](void* at) noexcept { static_cast<T*>(at)->~T(); }, sizeof(T), alignof(T)};
    std::size_t key_;
};

}  // namespace hocket::inline HOCKET_ABI

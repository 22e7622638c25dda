// Who is told that a task has ended, and all it owned is gone: nobody, the state that it shares with a future or a
// fiber object, its scope, or the fork it is a job of.
#pragma once

#include <cstdint>
#include <hocket/detail/config.hpp>

namespace hocket::inline HOCKET_ABI::detail {

struct job;
class scope_core;
class shared_state_base;

class ending {
public:
    enum class kind : std::uintptr_t { state, scope, job, caller };

    constexpr ending() noexcept = default;
    // Takes over one reference. A task that is dropped before it starts publishes a broken promise.
    explicit ending(shared_state_base* s) noexcept : bits_(reinterpret_cast<std::uintptr_t>(s)) {}
    explicit ending(scope_core* s) noexcept
        : bits_(reinterpret_cast<std::uintptr_t>(s) | static_cast<std::uintptr_t>(kind::scope)) {}
    // A job; or one that has the identity of its forker.
    explicit ending(job* j, bool as_caller = false) noexcept
        : bits_(reinterpret_cast<std::uintptr_t>(j) |
                static_cast<std::uintptr_t>(as_caller ? kind::caller : kind::job)) {}

    // Whether anybody is told.
    explicit operator bool() const noexcept { return bits_ != 0; }
    friend bool operator==(ending, ending) noexcept = default;

    shared_state_base* state() const noexcept { return as<shared_state_base>(kind::state); }
    scope_core* scope() const noexcept { return as<scope_core>(kind::scope); }
    job* forked() const noexcept { return (bits_ & 2) != 0 ? reinterpret_cast<job*>(bits_ & ~mask) : nullptr; }
    job* as_caller() const noexcept { return as<job>(kind::caller); }

private:
    static constexpr std::uintptr_t mask = 3;  // all three are 8-aligned

    template <class T>
    T* as(kind k) const noexcept {
        return (bits_ & mask) == static_cast<std::uintptr_t>(k) ? reinterpret_cast<T*>(bits_ & ~mask) : nullptr;
    }

    std::uintptr_t bits_ = 0;
};

}  // namespace hocket::inline HOCKET_ABI::detail

// The seam over the explorer: what src/seam/real.cpp and current.cpp are over a kernel.
//
// Outside an exploration (static initialisers, test set-up) there is one thread: the clock stands still, nobody can
// wake a waiter, no thread can be started.
#include <cstdio>
#include <cstdlib>
#include <system_error>

#include "seam/choice.hpp"
#include "seam/clock.hpp"
#include "seam/current.hpp"
#include "seam/explored/engine.hpp"
#include "seam/explored/unwatched.hpp"
#include "seam/fault_trap.hpp"
#include "seam/futex.hpp"
#include "seam/pause.hpp"
#include "seam/thread.hpp"

namespace hocket::inline HOCKET_ABI::detail::seam {

using explorer::engine;
using explorer::unwatched;

std::int64_t now() noexcept {
    engine* const e = engine::running();
    if (e == nullptr) return 0;
    point(operation::clock);
    unwatched const here;
    return e->now();
}

bool futex_wait(atomic<std::uint32_t>& word, std::uint32_t expected, std::int64_t deadline) noexcept {
    engine* const e = engine::running();
    if (e == nullptr) {
        if (word.peek() != expected) return true;
        std::fputs("hocket: futex_wait() outside an exploration, where nobody could wake the caller\n", stderr);
        std::abort();
    }
    point(operation::futex_wait, &word, sizeof word);
    unwatched const here;
    return e->wait(&word, word.peek(), expected, deadline);
}

void futex_wake(atomic<std::uint32_t>& word, int count) noexcept {
    engine* const e = engine::running();
    if (e == nullptr) return;
    point(operation::futex_wake, &word, 0);
    unwatched const here;
    e->wake(&word, count);
}

void pause() noexcept {
    unwatched const here;
    if (engine* const e = engine::running()) e->yield(__builtin_return_address(0));
}

void thread::start(char const* name, void (*entry)(void*), void* argument) {
    engine* const e = engine::running();
    if (e == nullptr)
        throw std::system_error(std::make_error_code(std::errc::operation_not_permitted),
                                "hocket: a virtual thread starts inside explore() only");
    entry_ = entry;
    argument_ = argument;
    {
        unwatched const here;
        id_ = e->start(name, entry_, argument_);
    }
    started_ = true;
    point(operation::start);
}

void thread::join() noexcept {
    if (!started_) return;
    point(operation::join);
    {
        unwatched const here;
        engine::running()->join(id_);
    }
    started_ = false;
}

void own_stack(void const*& bottom, std::size_t& size) noexcept {
    unwatched const here;
    engine* const e = engine::running();
    bottom = e != nullptr ? e->current().started_on.low : nullptr;
    size = e != nullptr ? e->current().started_on.size : 0;
}

unsigned long thread_id() noexcept {
    unwatched const here;
    engine* const e = engine::running();
    return e != nullptr ? static_cast<unsigned long>(e->current().number) + 2 : 1;
}

std::uint32_t choice::below(std::uint32_t n) noexcept {
    unwatched const here;
    engine* const e = engine::running();
    if (e != nullptr) return e->below(n);
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<std::uint32_t>(((state_ >> 32) * n) >> 32);
}

// The explorer's own threads have no handlers, and all run on one.
void trap_faults(fault_judge) noexcept {}
void untrap_faults() noexcept {}
std::size_t signal_stack_size() noexcept { return 0; }
void signal_stack::put_on(void*, std::size_t) noexcept {}
void signal_stack::take_off() noexcept {}
void die_after(void (*)(void*) noexcept, void*, std::int64_t) noexcept { std::abort(); }

// What the one thread outside an exploration has for current().
static void* outside = nullptr;

void* current() noexcept {
    unwatched const here;
    engine* const e = engine::running();
    return e != nullptr ? e->current().current : outside;
}

void set_current(void* value) noexcept {
    unwatched const here;
    engine* const e = engine::running();
    (e != nullptr ? e->current().current : outside) = value;
}

}  // namespace hocket::inline HOCKET_ABI::detail::seam

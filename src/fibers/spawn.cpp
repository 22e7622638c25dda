// From a closure to a task.
#include <hocket/detail/spawn.hpp>

#include <cstring>
#include <hocket/fiber.hpp>
#include <hocket/scope.hpp>
#include <new>

#include "fibers/sched/scheduler.hpp"
#include "fibers/sched/worker.hpp"

namespace hocket::inline HOCKET_ABI::detail {

[[noreturn]] static HOCKET_NOINLINE void outside() {
    throw no_runtime("hocket: go() was called outside a runtime; call it from a task, or use runtime::go()");
}

// A child of `by`, which has an extra, begins with what it passes on. Gives the record back when it throws.
static HOCKET_NOINLINE void inherit(task& child, task const& by) {
    if (!static_cast<task_extra*>(by.extra)->passes_on) return;
    try {
        inherit_locals(child);
    } catch (...) {
        child.home->unmake(&child);
        throw;
    }
}

new_task::made new_task::make(scheduler* core, task_kind kind, launch const* how, task_type const& type) {
    task const* const by = this_task();
    if (core == nullptr) {
        if (by == nullptr) [[unlikely]] outside();
        core = by->home;
    }
    task* const t = core->make(kind, how, type);
    if (by != nullptr && by->extra != nullptr) [[unlikely]] inherit(*t, *by);
    return {t, t->closure()};
}

// A record for an ordinary task of the calling fiber's runtime.
HOCKET_ALWAYS_INLINE task* plain_record(worker*& w, task const*& by, task_type const& type) {
    w = this_worker();
    if (w == nullptr || (by = w->current()) == nullptr) [[unlikely]] outside();
    task* const t = w->sched.record(w, task_kind::ordinary, type);
    if (t == nullptr) [[unlikely]] throw std::bad_alloc();
    return t;
}

new_task::made new_task::make_small(task_type const& type) {
    worker* w;
    task const* by;
    task* const t = plain_record(w, by, type);
    t->step(task_state::free, task_state::fresh);
    if (by->extra != nullptr) [[unlikely]] inherit(*t, *by);
    return {t, t->room};
}

new_task::made new_task::make_plain(task_type const& type) {
    worker* w;
    task const* by;
    task* const t = plain_record(w, by, type);
    w->sched.equip(w, *t, nullptr);
    t->step(task_state::free, task_state::fresh);
    if (by->extra != nullptr) [[unlikely]] inherit(*t, *by);
    return {t, t->closure()};
}

// Nothing but a place in the deque.
HOCKET_ALWAYS_INLINE void push(worker& w, task* t) noexcept {
    if (!w.blocking) [[likely]]
        w.sched.push_fresh(w, t);
    else
        w.sched.submit(t);
}

namespace {

struct nobody {
    ending end() const noexcept { return {}; }
    void add(task const*) const noexcept {}
};
struct of_scope {
    scope_core& scope;
    ending end() const noexcept { return ending(&scope); }
    void add(task const* by) const noexcept { scope.add(by); }
};

using word = std::uint64_t;

// One by one: as a whole they would go by way of the stack.
HOCKET_ALWAYS_INLINE void put_words(task& t, word a, word b, word c, word d) noexcept {
    auto* const room = reinterpret_cast<std::byte(*)[sizeof(word)]>(t.room);
    std::memcpy(room[0], &a, sizeof a);
    std::memcpy(room[1], &b, sizeof b);
    std::memcpy(room[2], &c, sizeof c);
    std::memcpy(room[3], &d, sizeof d);
}

// The long way.
template <class Whose>
HOCKET_NOINLINE void spawn_slow(task_type const& type, Whose whose, word a, word b, word c, word d, void const* site) {
    worker* w;
    task const* by;
    task* const t = plain_record(w, by, type);
    t->step(task_state::free, task_state::fresh);
    if (by->extra != nullptr) inherit(*t, *by);
    put_words(*t, a, b, c, d);
    t->spawn_site = site;
    t->ends = whose.end();
    worker& here = *this_worker();  // what is inherited has been copied by code that may have suspended
    whose.add(here.current());
    push(here, t);
}

// The short way calls nothing, so that it needs no frame: what it would have to call for is asked for first. Inlined, so
// the return address is that of spawn_words().
template <class Whose>
HOCKET_ALWAYS_INLINE void spawn_short(task_type const& type, Whose whose, word a, word b, word c, word d) {
    worker* const w = this_worker();
    if (w == nullptr || w->current() == nullptr || w->current()->extra != nullptr || !w->ready_to_spawn()) [[unlikely]]
        return spawn_slow(type, whose, a, b, c, d, __builtin_return_address(0));
    task* const t = static_cast<task*>(w->records.take_at_hand());
    ++w->spawned;
    w->sched.set_up(*t, task_kind::ordinary, type);
    t->ends = whose.end();
    t->id = w->next_id++;
    t->step(task_state::free, task_state::fresh);
    t->spawn_site = __builtin_return_address(0);
    put_words(*t, a, b, c, d);
    whose.add(w->current());
    w->fresh.push_in_room(t);
    w->odd |= worker::has_fresh;
    w->sched.wake_for_work(*w);
}

}  // namespace

void spawn_words(task_type const& type, word a, word b, word c, word d) {
    spawn_short(type, nobody(), a, b, c, d);
}

void spawn_words(task_type const& type, scope_core& scope, word a, word b, word c, word d) {
    spawn_short(type, of_scope{scope}, a, b, c, d);
}

void new_task::abandon(task* t) noexcept { t->home->unmake(t); }

fiber_id new_task::id() const noexcept { return fiber_id(task_.record->id); }

std::stop_token new_task::follow_runtime(fiber_state& state) {
    state.follow(task_.record->home->stop.get_token());
    return state.stop_token();
}

void new_task::submit(task* t, ending ends) noexcept {
    t->spawn_site = __builtin_return_address(0);
    t->ends = ends;
    t->home->submit(t);
}

void new_task::submit(task* t, scope_core& scope) noexcept {
    t->spawn_site = __builtin_return_address(0);
    t->ends = ending(&scope);
    scope.add(this_task());
    t->home->submit(t);
}

void new_task::submit_plain(task* t, ending ends) noexcept {
    t->spawn_site = __builtin_return_address(0);
    t->ends = ends;
    push(*this_worker(), t);  // asked for anew: the closure's constructor may have suspended
}

void new_task::submit_plain(task* t, scope_core& scope) noexcept {
    worker& w = *this_worker();
    t->spawn_site = __builtin_return_address(0);
    t->ends = ending(&scope);
    scope.add(w.current());
    push(w, t);
}

}  // namespace hocket::inline HOCKET_ABI::detail

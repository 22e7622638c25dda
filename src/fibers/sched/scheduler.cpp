// Submitting, placing, waking: see the head of scheduler.hpp.
#include "fibers/sched/scheduler.hpp"

#include <new>
#include <string>

#include "fibers/sched/misuse.hpp"
#include "fibers/sched/own_fp.hpp"
#include "fibers/sched/switch.hpp"
#include "fibers/sched/task_memory.hpp"
#include "seam/clock.hpp"
#include "seam/fence.hpp"

namespace hocket::inline HOCKET_ABI::detail {

static block_cache* cache_of_this_worker() noexcept {
    worker* const w = this_worker();
    return w != nullptr ? &w->blocks : nullptr;
}

static atomic<std::uint64_t> next_ids{1};

std::uint64_t draw_ids(std::uint64_t how_many) noexcept { return next_ids.fetch_add(how_many, relaxed); }

// Counts a thread from outside while it is at work here.
class scheduler::visit {
public:
    visit(scheduler& s, bool from_outside) noexcept : visitors_(from_outside ? &s.visitors_ : nullptr) {
        if (visitors_ != nullptr) visitors_->fetch_add(1, seq_cst);
    }
    visit(visit const&) = delete;
    visit& operator=(visit const&) = delete;
    ~visit() {
        if (visitors_ != nullptr) visitors_->fetch_sub(1, release);  // pairs with the acquire in shutdown()
    }

private:
    atomic<std::uint32_t>* visitors_;
};

scheduler::scheduler(runtime_options o)
    : options(std::move(o)),
      contexts(options.context == context_backend::boost ? backend::boost : backend::native),
      trim(*this),
      watchman(*this),
      stacks(options.stack_size, options.max_stacks),
      own_stacks(options.max_stacks),
      records(sizeof(task)),
      closures(task::slab_bytes),
      blocks(&cache_of_this_worker) {
    unsigned const all = options.workers + options.blocking_workers;
    workers_.reserve(all);
    for (unsigned i = 0; i < all; ++i)
        workers_.push_back(std::make_unique<worker>(*this, i, i >= options.workers, options.seed + i));
    // A worker can begin only on a stack: take them while their want can still be reported.
    for (auto& w : workers_)
        if (!w->hold_spare()) throw std::bad_alloc();
}

scheduler::~scheduler() {
    if (cancelling()) cancellations.fetch_sub(1, relaxed);
    stacks.for_each([](stack& s) { retire(s); });
    own_stacks.for_each([](stack_pool& p) { p.for_each([](stack& s) { retire(s); }); });
}

// --- submitting
// ------------------------------------------------------------------------------------------------------------

void scheduler::validate(launch const& how) const {
    if (how.worker != any_worker && (how.worker < 0 || static_cast<unsigned>(how.worker) >= options.workers))
        throw std::invalid_argument("hocket: launch::worker is " + std::to_string(how.worker) +
                                    ", but the workers are 0 to " + std::to_string(options.workers - 1));
    if (how.stack_size != 0 && (how.stack_size < 16_KiB || how.stack_size > 8_MiB))
        throw std::invalid_argument("hocket: launch::stack_size is " + std::to_string(how.stack_size) +
                                    " bytes, but must be 16 KiB to 8 MiB");
}

task* scheduler::make(task_kind kind, launch const* how, task_type const& type) {
    worker* w = this_worker();
    if (w != nullptr && &w->sched != this) [[unlikely]] w = nullptr;
    if (how != nullptr) [[unlikely]] validate(*how);
    task* const t = record(w, kind, type);
    if (t == nullptr) [[unlikely]] throw std::bad_alloc();
    // Counted before `closed_` is read: either shutdown() sees this task, or this sees that it is closed.
    if (w == nullptr && closed_.load(seq_cst)) [[unlikely]] {
        unmake(t);
        throw no_runtime("hocket: a task was submitted to a runtime that has been shut down");
    }
    if (how != nullptr || type.size > task::inline_bytes || type.align > task::inline_align) [[unlikely]]
        equip(w, *t, how);
    if (how != nullptr && how->worker != any_worker) [[unlikely]] watchman.want();
    t->step(task_state::free, task_state::fresh);
    return t;
}

void scheduler::equip(worker* w, task& t, launch const* how) {
    try {
        if (how != nullptr) {
            t.pinned = static_cast<std::int16_t>(how->worker);
            if (!how->name.empty() || how->delay.count() > 0 || how->own_fp_control) {
                auto extra = std::make_unique<task_extra>();
                extra->name = how->name;
                extra->owner = &t;
                if (how->own_fp_control) t.type = own_fp_type(*extra, *t.type);
                if (how->delay.count() > 0) extra->start.deadline = seam::now() + how->delay.count();
                give_extra(t, std::move(extra));
            }
            if (how->stack_size > options.stack_size) {
                stack* const own = own_stacks.take(how->stack_size);
                t.own = own;
                t.saved = make_context(contexts, *own, &begin_on_own_stack);
                own->context = t.saved.token;
            }
        }
        task_type const& type = *t.type;
        if (type.size > task::slab_bytes || type.align > task::slab_align) {
            *reinterpret_cast<void**>(t.room) = ::operator new(type.size, std::align_val_t(type.align));
            t.place = closure_place::heap;
        } else if (type.size > task::inline_bytes || type.align > task::inline_align) {
            void* const place = w != nullptr ? w->closures.take() : closures.take();
            if (place == nullptr) throw std::bad_alloc();
            *reinterpret_cast<void**>(t.room) = place;
            t.place = closure_place::slab;
        }
    } catch (...) {
        unmake(&t);
        throw;
    }
}

void scheduler::give_extra(task& t, std::unique_ptr<task_extra> extra) noexcept {
    std::unique_ptr<task_extra> const old(t.extra);
    hold held(extras);
    t.extra = extra.release();
}

// Takes from a record what few have.
void scheduler::tidy(worker* w, task& t) noexcept {
    closure_place const from = std::exchange(t.place, closure_place::room);
    if (from != closure_place::room) {
        void* const place = *reinterpret_cast<void**>(t.room);
        if (from == closure_place::heap)
            ::operator delete(place, std::align_val_t(t.type->align));
        else if (w != nullptr)
            w->closures.give(place);
        else
            closures.give(place);
    }
    if (t.extra != nullptr) give_extra(t, nullptr);
}

void scheduler::unmake(task* t) noexcept {
    // What a task has inherited that will not run. User's code: it may suspend, so the worker is asked for afterwards.
    if (task_extra* const extra = t->extra; extra != nullptr) extra->locals.end();
    // A stack of its own, on which it has not begun.
    if (stack* const own = t->own; own != nullptr) own->pool->give(own);
    worker* const w = this_worker();
    if (w != nullptr && &w->sched == this) {
        unmake_here(*w, t);
        return;
    }
    tidy(nullptr, *t);
    t->own = nullptr;
    t->state.store(task_state::free, relaxed);
    records.give(t);
    foreign_over();
}

// A record that a stranger made is over. If it was the last, all workers may have looked already and be asleep.
void scheduler::foreign_over() noexcept {
    visit const counted(*this, true);
    foreign_completed_.fetch_add(1, seq_cst);
    check_drained();
}

static task* start_delayed(timer& timer) noexcept {
    auto* const at = reinterpret_cast<std::byte*>(&timer) - offsetof(task_extra, start);
    return reinterpret_cast<task_extra*>(at)->owner;
}

void scheduler::submit(task* t) noexcept {
    worker* const w = this_worker();
    bool const mine = w != nullptr && &w->sched == this;
    if (t->own != nullptr) t->step(task_state::fresh, task_state::ready);  // it begins by a switch
    if (task_extra* const extra = t->extra; extra != nullptr && extra->start.deadline != 0) {
        visit const counted(*this, !mine);
        extra->start.fire = &start_delayed;
        worker& keeper = arm(extra->start);
        // Either cancel() finds it armed, or this finds that it has begun.
        if (cancelling()) start_delayed_now(keeper);
        return;
    }
    if (mine && !w->blocking && t->kind == task_kind::ordinary && t->pinned == any_worker && t->own == nullptr) {
        push_fresh(*w, t);
        return;
    }
    visit const counted(*this, !mine);
    place(w, mine, t);
}

// Those of them that wait in this worker's wheel. So that they are dropped, whoever runs them has to ask the loop.
void scheduler::start_delayed_now(worker& w) noexcept {
    if (worker* const here = this_worker(); here != nullptr && &here->sched == this) here->call();
    for (timer* t = w.timers.fire_early(&start_delayed); t != nullptr;) {
        task* const started = t->woken;
        t = t->next;
        make_ready(started);
    }
}

void scheduler::make_ready_elsewhere(worker* w, task* t) noexcept {
    if (asleep(t->state.load(relaxed))) {
        t->state.store(task_state::ready, relaxed);
        parked.let_go();
    }
    bool const mine = w != nullptr && &w->sched == this;
    visit const counted(*this, !mine);
    place(w, mine, t);
}

void scheduler::post(worker& owner, letter& l) noexcept {
    worker* const w = this_worker();
    visit const counted(*this, w == nullptr || &w->sched != this);
    owner.letters.put(&l);
    notify(owner);
}

void scheduler::notify(worker& owner) noexcept {
    owner.call();
    (owner.blocking ? pool_seats : seats).wake(owner.seat);
}

// Puts a task where it will be run, and wakes somebody. `w` is the calling worker if `mine`.
void scheduler::place(worker* w, bool mine, task* t) noexcept {
    if (t->pinned != any_worker) {
        worker& owner = at(static_cast<unsigned>(t->pinned));
        if (mine && w == &owner) {
            owner.push_pinned(t);
        } else {
            owner.mail.put(t);
            notify(owner);
        }
    } else if (t->kind == task_kind::blocking) {
        blocking_tasks.push(t);
        pool_seats.wake();
    } else if (mine && !w->blocking && t->own == nullptr) {
        push_fresh(*w, t);  // it has been delayed
    } else if (mine && !w->blocking) {
        w->push_ready(t);
        wake_for_work(*w);
    } else {
        inject(t);
    }
}

// Work that nobody has in his own queues: even a worker that rests from stealing is good for it.
void scheduler::inject(task* t) noexcept {
    injected.push(t);
    wake_for_work();
    if (seats.resting() != 0) [[unlikely]] seats.wake_resting();
}

void scheduler::requeue(worker& w, task* t) noexcept {
    if (t->pinned != any_worker)
        w.push_pinned(t);
    else if (t->kind == task_kind::blocking)
        blocking_tasks.push(t);
    else if (w.blocking)
        inject(t);
    else
        w.push_ready(t);
}

worker& scheduler::arm(timer& t) noexcept {
    watchman.want();
    worker* const w = this_worker();
    bool const mine = w != nullptr && &w->sched == this;
    if (mine && !w->blocking) {
        w->timers.arm(t);
        return *w;
    }
    // A blocking worker, or no worker, does not look after a wheel: an ordinary one does.
    visit const counted(*this, !mine);
    worker& other = at(ordinary() > 1 ? 1 : 0);
    if (other.timers.arm(t)) seats.wake(other.seat);
    return other;
}

void scheduler::service(timer_wheel& wheel, std::int64_t now) noexcept {
    timer* fired = wheel.service(now);
    // They have slept for long: their records are in no cache, nor is what they will return through. One who armed his
    // timer at another worker's may still be on his way to sleep.
    for (timer const* f = fired; f != nullptr; f = f->next) __builtin_prefetch(f->woken, 1);
    while (fired != nullptr) {
        task* const t = fired->woken;
        fired = fired->next;
        prefetch_frames(glance(t->saved.token), 8);
        make_ready(t);
    }
}

// --- waking
// ----------------------------------------------------------------------------------------------------------------

bool scheduler::work_visible() const noexcept {
    if (injected.size() != 0) return true;
    for (auto& w : workers_)
        if (!w->jobs.empty() || !w->fresh.empty() || !w->ready.empty()) return true;
    return false;
}

void scheduler::wake_somebody() noexcept {
    if (seats.wake()) {
        if (worker* const w = this_worker(); w != nullptr) ++w->wakes;
        return;
    }
    // All ordinary workers are busy. If all idle blocking workers sleep for good, one of them has to begin to look;
    // those who do look already will see that there is work waiting.
    std::uint32_t const deep = deep_sleepers.load(relaxed);
    if (deep != 0 && seats.sleepers() == 0 && seats.searchers() == 0 && deep == pool_seats.sleepers())
        pool_seats.wake();
}

// Cleared before the sleepers are counted, and set again if there are any: one who lists himself meanwhile either is
// counted or sets it after us.
void scheduler::feed(worker& w) noexcept {
    w.hungry.exchange(0, seq_cst);
    if (seats.sleepers() + deep_sleepers.load(relaxed) == 0) return;
    w.hungry.store(1, relaxed);
    wake_somebody();
}

void scheduler::tell_hunger() noexcept {
    for (auto& w : workers_) w->hungry.store(1, relaxed);
}

void scheduler::tell(worker& w, ending ends) noexcept {
    w.settle_tally();
    if (ends.scope() != nullptr) {
        w.tally.whom = ends;
        w.tally.ended = 1;
        w.odd |= worker::has_tally;
    } else if (job* const j = ends.forked()) {
        finish(*j);
    } else if (ends) {
        publish(ends.state());
    }
}

void scheduler::publish(shared_state_base* state) noexcept {
    bool const first = first_.load(acquire) == state;
    state->done.set();
    if (first) {
        at(0).leave(true);
        seats.wake(at(0).seat);
    }
    state->drop();
}

std::uint64_t scheduler::spawned() const noexcept {
    std::uint64_t n = foreign_spawned_.load(acquire);
    for (auto const& w : workers_) n += w->spawned.read();
    return n;
}

std::uint64_t scheduler::completed() const noexcept {
    std::uint64_t n = foreign_completed_.load(acquire);
    for (auto const& w : workers_) n += w->completed.read();
    return n;
}

bool scheduler::nothing_left() const noexcept {
    std::uint64_t const over = completed();
    seam::light_fence();
    return spawned() == over;
}

void scheduler::check_drained() noexcept {
    if (!closed_.load(seq_cst) || drained_.load(relaxed) != 0 || !nothing_left()) return;
    drained_.store(1, release);  // pairs with the acquire in drained()
    for (auto& w : workers_) w->leave(true);
    seats.wake_all();
    pool_seats.wake_all();
    seam::futex_wake(drained_, INT32_MAX);
}

}  // namespace hocket::inline HOCKET_ABI::detail

// Jobs that leave the worker they were forked on, and the identity of those that do not: see the head of
// hocket/detail/fork.hpp.
#include <hocket/detail/fault.hpp>
#include <hocket/detail/fork.hpp>
#include <new>
#include <utility>

#include "fibers/sched/execute.hpp"
#include "fibers/sched/own_fp.hpp"
#include "fibers/sched/scheduler.hpp"
#include "fibers/sched/worker.hpp"

namespace hocket::inline HOCKET_ABI::detail {

// What must be left of a stack for a fork to be called on it, in bytes. Red zones make frames several times as large.
#ifdef HOCKET_ASAN
constexpr std::size_t headroom = 32 * 1024;
#else
constexpr std::size_t headroom = 12 * 1024;
#endif

static void call_job(void* closure) {
    job& j = **static_cast<job**>(closure);
    j.call(j);
}

static constexpr task_type job_type{&call_job, nullptr, sizeof(job*), alignof(job*)};

// One that begins with its forker's FP control state.
struct fp_job {
    job* what;
    fp_control fp;

    static void call(void* closure) {
        fp_job const& j = *static_cast<fp_job*>(closure);
        worn_fp const worn(j.fp);
        j.what->call(*j.what);
    }
};
static constexpr task_type fp_job_type{&fp_job::call, nullptr, sizeof(fp_job), alignof(fp_job)};
static_assert(sizeof(fp_job) <= task::inline_bytes);

task* scheduler::job_record(worker& w) noexcept {
    task* const t = record(&w, task_kind::ordinary, job_type);
    if (t != nullptr) t->step(task_state::free, task_state::fresh);
    return t;
}

void scheduler::give_job(task& t, job& j, bool as_caller) noexcept {
    ::new (static_cast<void*>(t.room)) job*(&j);
    t.spawn_site = reinterpret_cast<void const*>(j.call);
    t.ends = ending(&j, as_caller);
}

// A task for each job of the running fiber, the oldest first.
void worker::settle() noexcept {
    settle_tally();
    if (seam::fault_injected(seam::fault::park_keeps_jobs)) return;
    bool any = false;
    while (!jobs.empty()) {
        bool lost = false;
        job* const j = jobs.steal(lost);
        if (j == nullptr) continue;
        task* const t = sched.job_record(*this);
        if (t == nullptr) {
            j->state.store(job::stranded, relaxed);
            continue;
        }
        j->state.store(job::away, relaxed);
        sched.give_job(*t, *j);
        if (blocking || !fresh.push(t)) sched.injected.push(t);
        odd |= has_fresh;
        any = true;
    }
    if (any) sched.wake_for_work(*this);
}

// To a job of `by`: copies of what is inherited; the same values to one that has the caller's identity. False when there is
// no memory for that, or copying has thrown.
static bool passes_on(task const& by, task& t, bool as_caller) noexcept {
    if (!static_cast<task_extra*>(by.extra)->passes_on) return true;
    try {
        if (as_caller)
            extra_of(t).passes_on = true;
        else
            inherit_locals(t);
        return true;
    } catch (...) {
        return false;
    }
}

void send_away(job& j, bool as_caller) noexcept {
    worker& w = *this_worker();
    bool const own_fp = (w.odd & worker::has_own_fp) != 0;
    j.parent = &w.current()->face;
    task* const t = w.sched.job_record(w);
    if (t == nullptr) {
        call_unseen(j);
        j.state.store(job::done, relaxed);
        return;
    }
    w.sched.give_job(*t, j, as_caller);
    if (w.current()->extra != nullptr && !passes_on(*w.current(), *t, as_caller)) {
        t->home->unmake(t);
        call_unseen(j);
        j.state.store(job::done, relaxed);
        return;
    }
    j.state.store(job::away, relaxed);
    if (own_fp) {
        t->type = &fp_job_type;
        ::new (static_cast<void*>(t->room)) fp_job{&j, fp_control::now()};
    }
    t->home->submit(t);
}

worker_face* fork_point() noexcept {
    worker* const w = this_worker();
    if (w == nullptr || w->current() == nullptr || (w->odd & worker::has_own_fp) != 0) return nullptr;
    // Those of its jobs that are called here would not begin with what it passes on.
    if (task_extra const* const extra = w->current()->extra; extra != nullptr && extra->passes_on) return nullptr;
    auto const left = static_cast<std::size_t>(static_cast<std::byte*>(__builtin_frame_address(0)) - w->stood_on()->base);
    return left >= headroom ? w : nullptr;
}

void wake_thief(worker_face& w) noexcept {
    auto& self = static_cast<worker&>(w);
    self.sched.feed(self);
}

bool can_fork() noexcept { return this_task() != nullptr; }

void call_unseen(job& j) noexcept {
    exception_globals const kept = this_worker()->exceptions->take();
    {
        inlined_call const as_itself(j);
        j.call(j);
    }
    this_worker()->exceptions->put(kept);
}

task const& forker_of(task const& t) noexcept {
    task const* at = &t;
    while (job const* const j = at->ends.forked()) at = reinterpret_cast<task const*>(j->parent);
    return *at;
}

task* identity_bearer(task* t) noexcept {
    while (t != nullptr && t->face.inlined == nullptr) {
        job const* const j = t->ends.as_caller();
        if (j == nullptr) break;
        t = reinterpret_cast<task*>(j->parent);
    }
    return t;
}

// A job that is called inside its forker has locals of its own, once it has made one.
local_values* local_values_here() noexcept {
    task const* t = identity_bearer(this_task());
    if (t != nullptr && t->face.inlined != nullptr) t = t->face.inlined->record;
    task_extra* const extra = t != nullptr ? static_cast<task_extra*>(t->extra) : nullptr;
    return extra != nullptr ? &extra->locals : nullptr;
}

task_extra& extra_of(task& t) {
    if (t.extra == nullptr) t.home->give_extra(t, std::make_unique<task_extra>());
    return *t.extra;
}

void inherit_locals(task& child) {
    local_values const* const from = local_values_here();
    if (from == nullptr || !from->has_heirlooms()) return;
    task_extra& extra = extra_of(child);
    extra.passes_on = true;
    extra.locals.inherit(*from);
}

task* this_identity() {
    worker* const w = this_worker();
    task* const bearer = identity_bearer(w != nullptr ? w->current() : nullptr);
    if (bearer == nullptr) return nullptr;
    job* const j = bearer->face.inlined;
    if (j == nullptr) return bearer;
    if (j->record == nullptr) {
        task* const t = w->sched.record(w, task_kind::ordinary, job_type);
        if (t == nullptr) throw std::bad_alloc();
        w->sched.give_job(*t, *j);
        t->step(task_state::free, task_state::running);
        if (j->id != 0)
            t->id = j->id;
        else
            j->id = t->id;
        j->record = t;
    }
    return j->record;
}

std::uint64_t identity_number() noexcept {
    worker* const w = this_worker();
    task* const bearer = identity_bearer(w != nullptr ? w->current() : nullptr);
    if (bearer == nullptr) return 0;
    job* const j = bearer->face.inlined;
    if (j == nullptr) return bearer->id;
    if (j->id == 0) j->id = draw_id(w);
    return j->id;
}

void inlined_call::end_record(job& j) noexcept {
    {
        shield const here(this_task());
        end_belongings(*j.record);
    }
    worker& w = *this_worker();
    w.sched.unmake_here(w, std::exchange(j.record, nullptr));
}

}  // namespace hocket::inline HOCKET_ABI::detail

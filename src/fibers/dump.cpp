// Every task in a line. There is no list of tasks: the slabs are walked, and a record's state tells whether it lives.
// What is read while it changes may be stale, but the record itself stays mapped. A pinned fiber that was woken by letter is
// told of as asleep until its worker has read that.
#include <ostream>
#include <string>

#include "fibers/sched/describe.hpp"
#include "fibers/sched/scheduler.hpp"
#include "fibers/trace.hpp"

namespace hocket::inline HOCKET_ABI::detail {

// As it is told apart from outside: one that stands on no stack of its own, and is awake, runs.
static task_state state_of(scheduler const& s, task const& t) noexcept {
    task_state const state = t.state.load(relaxed);
    if (state != task_state::running && state != task_state::ready) return state;
    bool runs = t.own == nullptr;
    for (unsigned i = 0; i < s.total(); ++i) runs = runs || s.at(i).current() == &t;
    return runs ? task_state::running : task_state::ready;
}

std::vector<survivor> list_tasks(scheduler const& s) {
    std::vector<survivor> all;
    s.records.for_each([&](void* record) {
        auto const& t = *static_cast<task const*>(record);
        task_state const state = state_of(s, t);
        if (state == task_state::free) return;
        all.push_back({fiber_id(t.id), name_of(s, t), asleep(state) ? to_string(t.reason.load(relaxed)) : to_string(state)});
    });
    return all;
}

void dump_tasks(scheduler const& s, std::ostream& out) {
    s.records.for_each([&](void* record) {
        auto const& t = *static_cast<task const*>(record);
        task_state const state = state_of(s, t);
        if (state == task_state::free) return;
        out << "fiber " << t.id;
        if (std::string const name = name_of(s, t); !name.empty()) out << " '" << name << "'";
        out << ": " << to_string(state);
        if (asleep(state)) out << ", " << to_string(t.reason.load(relaxed));
        if (t.kind == task_kind::blocking) out << ", blocking";
        if (t.pinned != any_worker) out << ", pinned to worker " << t.pinned;
        out << ", spawned at ";
        print_site(out, t.spawn_site);
        // By its address: the task may have ended meanwhile, and the stack's memory been given back.
        stack const* const own = t.own;
        s.with_pool_of(own, [&](stack_pool const& pool) {
            out << ", stack " << pool.touched(own) / 1024 << " of " << pool.stack_size() / 1024 << " KiB";
        });
        out << '\n';
    });
    if (s.stacks_ran_out.load(relaxed) != 0)
        out << "fresh tasks have waited, or wait, for a stack: " << s.stacks.shortage() << '\n';
}

}  // namespace hocket::inline HOCKET_ABI::detail

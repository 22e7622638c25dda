// Waiting for one of several sends and receives.
//
// Protocol: a select takes the locks of all its channels, in the order of their ids. Under all of them it tries its
//   cases, in an order that is drawn; the first that can be done is done, and that is all. If none can, it queues a
//   node for each case, all with one waiter, and only then gives the locks back and sleeps. Whoever ends the wait
//   claims it under one channel's lock; the claim is one compare-and-swap on the waiter's word, so among all cases, the
//   deadline and the stop there is one winner, whose key names the case. The others find the wait ended, and pass on to
//   the next who waits. Awake again, the select takes the lock of each channel once more, one after the other, and its
//   nodes out of there.
// Why it neither loses nor doubles an item: a select that tries holds the locks and stands in no queue, so nobody can
//   claim it meanwhile: whatever it does, it does once. A select that stands in queues tries nothing: it can only be
//   claimed, and that once. So a match is always between one who tries and one who waits, and needs one claim only. Of
//   two selects that face each other over any number of channels, the lock of one that they share makes one the later:
//   it finds the nodes of the earlier. None is a partner of its own: while it tries it has no nodes.
// Why nobody is stuck: locks are taken in one order for all, and nothing is waited for under them.
// Why the last look is over: who fails to claim takes the node out of the queue before it gives the lock back, and the
//   select's frame lives until it has had that lock itself.
// Not `alone` (waiter.hpp), though with one channel one lock guards all: its claim does not ask whether there was one.
// Rejected: registering with one channel after the other (a match then needs two claims, of who tries and of who waits,
//   and taking the first back when the second fails); the order of addresses for the locks (schedules would not
//   repeat).
// Source: the order of locks as in Go's selectgo.
#include <hocket/select.hpp>

#include <algorithm>
#include <memory>
#include <span>

#include "fibers/sched/misuse.hpp"
#include "fibers/sync/channel_steps.hpp"
#include "seam/choice.hpp"

namespace hocket::inline HOCKET_ABI::detail {

static_assert(sizeof(channel_node) <= sizeof(select_case::node) && alignof(channel_node) <= alignof(void*));

namespace {

// A number in [0, n). [any thread]
std::uint32_t draw(std::uint32_t n) noexcept {
    if (worker* const w = this_worker()) return w->choose.below(n);
    static atomic<std::uint64_t> draws{0};
    return seam::choice(draws.fetch_add(1, relaxed) * 0x9E3779B97F4A7C15u).below(n);  // apart from each other
}

channel_node& node_of(select_case& c) noexcept { return *std::launder(reinterpret_cast<channel_node*>(c.node)); }

}  // namespace

class selection {
public:
    explicit selection(std::span<select_case> cases) noexcept : cases_(cases) {
        std::uint32_t const n = static_cast<std::uint32_t>(cases.size());
        for (std::uint32_t i = 0; i < n; ++i) {
            // Each order of trying is as likely as any other.
            std::uint32_t const at = i == 0 ? 0 : draw(i + 1);
            cases[i].tried = cases[at].tried;
            cases[at].tried = i;
            if (cases[i].on == nullptr) continue;
            std::uint32_t place = locks_++;
            for (; place != 0 && id_in(place - 1) > cases[i].on->id_; --place)
                cases[place].locked = cases[place - 1].locked;
            cases[place].locked = i;
        }
    }

    bool never_ready() const noexcept { return locks_ == 0; }

    select_outcome run(wait_limit limit) {
        lock_all();
        for (select_case const& place : cases_)
            if (std::uint32_t const i = place.tried; cases_[i].on != nullptr)
                if (select_outcome const o = attempt(i); o.status != channel_status::would_block) return o;
        if (limit.deadline <= 0) {
            unlock_all();
            return {0, channel_status::would_block};
        }
        if (seam::fault_injected(seam::fault::select_queues_later)) {
            unlock_all();
            lock_all();
        }
        waiter me(wait_reason::select);
        for (std::uint32_t i = 0; i < cases_.size(); ++i)
            if (select_case& c = cases_[i]; c.on != nullptr)
                enqueue(queue_of(c), *std::construct_at(reinterpret_cast<channel_node*>(c.node), me, c.item, i));
        unlock_all();
        std::uint32_t const key = me.wait(limit);
        if (!seam::fault_injected(seam::fault::select_leaves_nodes)) leave_queues();
        if (key == waiter::cancelled) throw_cancelled();
        if (key == waiter::timed_out) return {0, channel_status::timeout};
        if (key == waiter::stopped) return {0, channel_status::stopped};
        bool const closed = key % 2 == channel_node::was_closed % 2;
        return {(key - 1) / 2, closed ? channel_status::closed : channel_status::success};
    }

private:
    std::uint64_t id_in(std::uint32_t place) const noexcept { return cases_[cases_[place].locked].on->id_; }

    static wait_list& queue_of(select_case& c) noexcept { return c.sends ? c.on->senders_ : c.on->receivers_; }

    // Calls f once for each channel, in the order of locks.
    template <class F>
    void for_each_channel(F f) noexcept {
        channel_core* last = nullptr;
        for (std::uint32_t place = 0; place < locks_; ++place) {
            channel_core* const c = cases_[cases_[place].locked].on;
            if (c != last) f(*c);
            last = c;
        }
    }
    void lock_all() noexcept {
        for_each_channel([](channel_core& c) { c.guard_.acquire(); });
    }
    void unlock_all() noexcept {
        for_each_channel([](channel_core& c) { c.guard_.drop(); });
    }

    // would_block: nothing has changed, and the locks are held. All else: they are given back.
    select_outcome attempt(std::uint32_t i) {
        select_case& c = cases_[i];
        channel_core& ch = *c.on;
        auto const unlock = [this]() noexcept { unlock_all(); };
        if (c.sends ? !ch.closed_ && ch.give(c.item, unlock) : ch.take(c.item, unlock))
            return {i, channel_status::success};
        if (!ch.closed_) return {i, channel_status::would_block};
        unlock_all();
        return {i, channel_status::closed};
    }

    void leave_queues() noexcept {
        for (select_case& c : cases_) {
            if (c.on == nullptr) continue;
            hold held(c.on->guard_);
            remove(queue_of(c), node_of(c));
        }
    }

    std::span<select_case> cases_;
    std::uint32_t locks_ = 0;  // places that have a channel; a channel may stand in several
};

select_outcome select_among(select_case* cases, std::size_t n, wait_limit limit) {
    selection s({cases, n});
    if (s.never_ready() && limit.none()) misuse("select() without a case that can ever be ready");
    return s.run(limit);
}

}  // namespace hocket::inline HOCKET_ABI::detail

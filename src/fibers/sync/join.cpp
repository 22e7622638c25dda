// Joining a job that somebody else calls: see the states at the head of hocket/detail/fork.hpp.
#include <hocket/detail/fork.hpp>

#include "fibers/sync/waiter.hpp"

namespace hocket::inline HOCKET_ABI::detail {

void finish(job& j) noexcept {
    // acq_rel: what the job wrote, for the joiner; the joiner's waiter, for us
    std::uintptr_t const before = j.state.exchange(job::done, acq_rel);
    if (before > job::done) reinterpret_cast<waiter*>(before)->deliver();
}

void join_away(job& j) noexcept {
    std::uintptr_t seen = j.state.load(acquire);  // pairs with the release in finish()
    if (seen == job::done) return;
    if (seen == job::stranded) {
        call_unseen(j);
        return;
    }
    waiter me(wait_reason::join);
    // release: the waiter, for whoever finishes the job; acquire: it has been finished
    if (j.state.compare_exchange_strong(seen, reinterpret_cast<std::uintptr_t>(&me), acq_rel, acquire)) me.wait();
}

}  // namespace hocket::inline HOCKET_ABI::detail

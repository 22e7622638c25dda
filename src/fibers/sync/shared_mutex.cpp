// The contended half of shared_timed_mutex.
//
// States (state_): 0 free; writer; n * reader; each of the two latter also with queued, which is set and cleared only
//   under the queues' lock, and is set exactly while somebody is in a queue (or about to be, under that lock). While
//   it is set, state_ changes under the lock only, because no inline path goes on with it.
// Protocol: who cannot enter sets queued and queues. Who leaves with queued set admits, under the lock: a writer all
//   readers that wait, or else the first writer; the last reader the first writer, or else the readers. Those are
//   claimed, and counted in state_, before the lock is dropped. A writer who gives up may have been the one that kept
//   readers out, so giving up admits, too.
//   When there is nobody to admit, the leaver keeps what he has until he has dropped the lock, and leaves by the
//   inline path: after the word has become free nothing is touched, because whoever has it next may destroy it.
// Memory order: entering acquires what leaving releases. Setting queued acquires, for those who left before it by the
//   inline path, and the lock passes that on to whoever is admitted later.
// Policy: phase-fair. A reader waits for one writer at most, a writer for those before him and as many crowds of
//   readers.
// Source: Brandenburg and Anderson, Spin-based reader-writer synchronization for multiprocessor real-time systems,
//   2010.
// Rejected: one queue in the order of arrival (readers that come between writers go one at a time); readers first, or
//   writers first (the others starve, and here a fiber that locks in a loop is the usual case).
#include <hocket/shared_mutex.hpp>

#include "fibers/sched/misuse.hpp"
#include "fibers/sync/wait_queue.hpp"

namespace hocket::inline HOCKET_ABI {

using namespace detail;

// Under the lock: true when the caller has entered, false when he shall queue.
bool shared_timed_mutex::enter_or_queue(std::uint32_t shuts_out, std::uint32_t entering) noexcept {
    std::uint32_t seen = state_.load(relaxed);
    while (true) {
        if ((seen & shuts_out) == 0) {
            if (state_.compare_exchange_weak(seen, seen + entering, acquire, relaxed)) return true;
        } else if ((seen & queued) != 0 || state_.compare_exchange_weak(seen, seen | queued, acquire, relaxed)) {
            return false;
        }
    }
}

// Under the lock: claims all readers that wait, or the first writer; returns what that adds to state_.
static std::uint32_t claim_all(wait_list& readers, std::uint32_t each, claimed_list& woken) noexcept {
    std::uint32_t sum = 0;
    while (wait_node* const n = claim_first(readers)) {
        woken.add(n);
        sum += each;
    }
    return sum;
}
static std::uint32_t claim_one(wait_list& writers, std::uint32_t one, claimed_list& woken) noexcept {
    wait_node* const n = claim_first(writers);
    if (n == nullptr) return 0;
    woken.add(n);
    return one;
}

bool shared_timed_mutex::wait_in(wait_queue& queue, wait_limit const& limit) noexcept {
    claimed_list woken;
    bool const entered = wait_queued(queue, writers_.guard, wait_reason::mutex, limit, [&] {
        std::uint32_t now = state_.load(relaxed);
        bool const barred = seam::fault_injected(seam::fault::gone_writer_bars_readers);
        if ((now & writer) == 0 && writers_.first == nullptr && !barred) now += claim_all(readers_, reader, woken);
        if (writers_.first == nullptr && readers_.first == nullptr) now &= ~queued;
        state_.store(now, release);  // pairs with the acquires of who enters by the inline path
    });
    woken.deliver();
    return entered;
}

bool shared_timed_mutex::lock_slow(wait_limit const& limit) noexcept {
    writers_.guard.acquire();
    if (!enter_or_queue(~0u, writer)) return wait_in(writers_, limit);
    writers_.guard.drop();
    return true;
}

bool shared_timed_mutex::lock_shared_slow(wait_limit const& limit) noexcept {
    writers_.guard.acquire();
    if (!enter_or_queue(writer | queued, reader)) return wait_in(readers_, limit);
    writers_.guard.drop();
    return true;
}

void shared_timed_mutex::unlock_slow() noexcept {
    claimed_list woken;
    bool alone;
    {
        hold guarded(writers_.guard);
        if ((state_.load(relaxed) & writer) == 0) misuse("shared_mutex::unlock() by somebody who does not hold it");
        std::uint32_t entered = claim_all(readers_, reader, woken);
        if (entered == 0) entered = claim_one(writers_, writer, woken);
        alone = entered == 0;
        store_holders(alone ? writer : entered);
    }
    woken.deliver();
    if (alone) unlock();
}

void shared_timed_mutex::unlock_shared_slow() noexcept {
    claimed_list woken;
    bool alone = false;
    {
        hold guarded(writers_.guard);
        std::uint32_t const seen = state_.load(relaxed);
        if ((seen & writer) != 0 || seen < reader)
            misuse("shared_mutex::unlock_shared() by somebody who does not hold it");
        if ((seen & queued) == 0) {
            alone = true;  // who waited has given up, and the inline path is open again
        } else {
            std::uint32_t holders = seen - queued - reader;
            if (holders == 0) holders = claim_one(writers_, writer, woken);
            if (holders == 0) holders = claim_all(readers_, reader, woken);
            alone = holders == 0;
            store_holders(alone ? reader : holders);
        }
    }
    woken.deliver();
    if (alone) unlock_shared();
}

// Under the lock.
void shared_timed_mutex::store_holders(std::uint32_t holders) noexcept {
    bool const waiting = writers_.first != nullptr || readers_.first != nullptr;
    state_.store(waiting ? holders | queued : holders, release);  // as in wait_in()
}

void shared_timed_mutex::destroyed_in_use() noexcept { misuse("a shared mutex was destroyed while it was held"); }

}  // namespace hocket::inline HOCKET_ABI

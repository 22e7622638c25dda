// handover between two std::threads through std::mutex and std::condition_variable; `handover_bare` through one word,
// as little as there can be. With bound = 1 each is bound to a core of its own, with 0 they stand where the system puts
// them.
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "cores.hpp"
#include "side.hpp"

namespace hocket::bench {
namespace {

class box {
public:
    void put(std::uint64_t value) {
        {
            std::lock_guard const lock(guard_);
            value_ = value;
            full_ = true;
        }
        filled_.notify_one();
    }
    std::uint64_t take() {
        std::unique_lock lock(guard_);
        filled_.wait(lock, [this] { return full_; });
        full_ = false;
        return value_;
    }

private:
    std::mutex guard_;
    std::condition_variable filled_;
    std::uint64_t value_ = 0;
    bool full_ = false;
};

// A value and whether it is there in one cache line. Who waits for it spins, and when that was in vain for as long as a
// worker of ours searches, sleeps: what the machine and its system take for a hand-over, and nothing beside.
class alignas(64) bare_box {
public:
    void put(std::uint64_t value) {
        value_ = value;
        if (state_.exchange(full, std::memory_order_acq_rel) == asleep) futex(FUTEX_WAKE_PRIVATE, 1);
    }
    std::uint64_t take() {
        for (std::int64_t const end = now_ns() + patience; state_.load(std::memory_order_acquire) != full;) {
            for (int i = 0; i < looks && state_.load(std::memory_order_relaxed) != full; ++i) {
            }
            if (now_ns() < end) continue;
            std::uint32_t seen = empty;
            state_.compare_exchange_strong(seen, asleep, std::memory_order_relaxed);
            while (state_.load(std::memory_order_acquire) == asleep) futex(FUTEX_WAIT_PRIVATE, asleep);
        }
        std::uint64_t const value = value_;
        state_.store(empty, std::memory_order_release);
        return value;
    }

private:
    static constexpr std::uint32_t empty = 0, full = 1, asleep = 2;
    static constexpr std::int64_t patience = 50'000;  // ns
    static constexpr int looks = 1000;

    void futex(int operation, std::uint32_t value) {
        syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&state_), operation, value, nullptr, nullptr, 0);
    }

    std::atomic<std::uint32_t> state_{empty};
    std::uint64_t value_ = 0;
};

constexpr std::uint64_t enough = UINT64_MAX;

template <class Box>
sample handover(parameters const& p) {
    sample s;
    std::uint64_t const count = p["count"];
    std::chrono::microseconds const pause(p["pause_us"]);
    bool const bound = p["bound"] != 0;
    Box there, back;
    std::thread echo([&] {
        if (bound) bind_to(1);
        for (std::uint64_t v; (v = there.take()) != enough;) back.put(v + 1);
    });
    std::thread first([&] {
        if (bound) bind_to(0);
        std::uint64_t value = 0;
        s.latencies_ns.reserve(count);
        meter const m;
        for (std::uint64_t i = 0; i < count; ++i) {
            if (pause.count() != 0) std::this_thread::sleep_for(pause);
            std::int64_t const start = pause.count() != 0 ? now_ns() : 0;
            there.put(value);
            value = back.take();
            if (pause.count() != 0) s.latencies_ns.push_back(static_cast<double>(now_ns() - start));
        }
        m.stop(s);
        s.count = count;
        s.checksum = value;
        there.put(enough);
    });
    first.join();
    echo.join();
    return s;
}

bench_case const handover_case("handover", handover<box>);
bench_case const bare_case("handover_bare", handover<bare_box>);

}  // namespace
}  // namespace hocket::bench

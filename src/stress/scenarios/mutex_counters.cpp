// mutex: nobody is inside twice, nothing written inside is lost, and nobody waits for ever.
//
// Fibers and plain threads add 1 to two plain counters under one hocket::mutex; some yield while they hold it, some
// try_lock first. Inside, the counters must be equal; at the end both must be the number of sections. TSan sees a mutex
// that does not order one section before the next.
// Op: a section. Latency: of lock(), of one section in 16.
// Broken: the mutex is not taken.
#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include <hocket/mutex.hpp>

#include "stress/clock.hpp"
#include "stress/crew.hpp"
#include "stress/scenarios/all.hpp"
#include "stress/stage.hpp"

namespace hocket::stress {

namespace {

// What the mutex guards. When it is not taken on purpose the counters are atomic in each access, so that only the
// counting goes wrong and not the program.
class counters {
public:
    explicit counters(bool unguarded) noexcept : unguarded_(unguarded) {}
    bool equal() { return get(first_) == get(second_); }
    // Reads, lets others run in between if so asked, writes.
    void add_one(bool pause) {
        std::uint64_t const next = get(first_) + 1;
        set(first_, next);
        if (pause) this_fiber::yield();
        set(second_, next);
    }
    std::uint64_t first() { return get(first_); }
    std::uint64_t second() { return get(second_); }

private:
    std::uint64_t get(std::uint64_t& n) { return unguarded_ ? std::atomic_ref(n).load(std::memory_order_relaxed) : n; }
    void set(std::uint64_t& n, std::uint64_t to) {
        if (unguarded_)
            std::atomic_ref(n).store(to, std::memory_order_relaxed);
        else
            n = to;
    }
    bool const unguarded_;
    std::uint64_t first_ = 0;
    std::uint64_t second_ = 0;
};

}  // namespace

constexpr unsigned fibers = 32;
constexpr unsigned threads = 2;

void mutex_counters(trial& t) {
    std::uint64_t const sections = t.scaled(10'000, 50);
    counters guarded(t.broken());
    hocket::mutex door;

    auto work = [&](unsigned me) {
        generator choice = t.random(me);
        for (std::uint64_t i = 0; i < sections; ++i) {
            std::int64_t const start = i % 16 == 0 ? now_ns() : 0;
            bool const try_first = choice.one_in(8), pause = choice.one_in(16);
            std::unique_lock inside(door, std::defer_lock);
            if (!t.broken() && !(try_first && inside.try_lock())) inside.lock();
            if (start != 0) t.latency.record(now_ns() - start);
            if (!guarded.equal()) t.fail("somebody was inside together with fiber or thread " + std::to_string(me));
            guarded.add_one(pause);
            t.ops.add(1);
        }
    };

    on_stage(t, [&] {
        std::vector<std::jthread> outside;
        for (unsigned i = 0; i < threads; ++i) outside.emplace_back(work, fibers + i);
        {
            crew inside(t);
            for (unsigned i = 0; i < fibers; ++i) inside.go([&work, i] { work(i); });
        }
        // This blocks a worker, but no fiber is left that the threads could wait for.
        for (auto& thread : outside) thread.join();
    });
    t.expect("first counter", guarded.first(), sections * (fibers + threads));
    t.expect("second counter", guarded.second(), sections * (fibers + threads));
}

}  // namespace hocket::stress

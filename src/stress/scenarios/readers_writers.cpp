// readers: many read at once, one writes alone, and neither keep the others out for ever.
//
// Fibers and plain threads read two counters under one shared_timed_mutex, or write them; some give up after
// microseconds. Readers must find the counters equal and as they were when they leave, writers nobody beside them; at
// the end both are the number of writes. Readers come without a pause, so without turns no writer would get in, and
// the watchdog would see that.
// Op: a read or a write. Latency: of the writers' lock(), of one in 4.
// Broken: writer 0 takes it as readers do.
#include <atomic>
#include <chrono>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <vector>

#include <hocket/shared_mutex.hpp>

#include "stress/clock.hpp"
#include "stress/crew.hpp"
#include "stress/guarded_pair.hpp"
#include "stress/scenarios/all.hpp"
#include "stress/stage.hpp"

namespace hocket::stress {

constexpr unsigned readers = 24, writers = 6, threads_of_each = 1;

void readers_writers(trial& t) {
    std::uint64_t const each = t.scaled(4'000, 40);
    shared_timed_mutex room;
    guarded_pair guarded(t.broken());
    std::atomic<std::uint64_t> written{0};

    auto read = [&](unsigned me) {
        generator choice = t.random(me);
        for (std::uint64_t i = 0; i < each; ++i) {
            std::shared_lock inside(room, std::defer_lock);
            if (choice.one_in(8)) {
                if (!inside.try_lock_for(std::chrono::microseconds(choice.below(30)))) continue;
            } else {
                inside.lock();
            }
            std::uint64_t const before = guarded.first();
            if (choice.one_in(16)) this_fiber::yield();
            if (!guarded.equal() || guarded.first() != before)
                t.fail("somebody wrote while number " + std::to_string(me) + " was reading");
            t.ops.add(1);
        }
    };
    auto write = [&](unsigned me) {
        generator choice = t.random(me);
        bool const as_reader = t.broken() && me == readers;
        for (std::uint64_t i = 0; i < each / 4; ++i) {
            std::int64_t const start = i % 4 == 0 ? now_ns() : 0;
            bool got = true;
            if (as_reader)
                room.lock_shared();
            else if (choice.one_in(8))
                got = room.try_lock_for(std::chrono::microseconds(choice.below(30)));
            else
                room.lock();
            if (!got) continue;
            if (start != 0) t.latency.record(now_ns() - start);
            if (!guarded.equal()) t.fail("two were writing, one of them number " + std::to_string(me));
            guarded.add_one(as_reader || choice.one_in(8));
            written.fetch_add(1, std::memory_order_relaxed);
            as_reader ? room.unlock_shared() : room.unlock();
            t.ops.add(1);
        }
    };

    on_stage(t, [&] {
        std::vector<std::jthread> outside;
        for (unsigned i = 0; i < threads_of_each; ++i) {
            outside.emplace_back(read, readers + writers + 2 * i);
            outside.emplace_back(write, readers + writers + 2 * i + 1);
        }
        {
            crew inside(t);
            for (unsigned i = 0; i < readers; ++i) inside.go([&, i] { read(i); });
            for (unsigned i = 0; i < writers; ++i) inside.go([&, i] { write(readers + i); });
        }
        for (auto& thread : outside) thread.join();  // no fiber is left that they could wait for
    });
    t.expect("first counter", guarded.first(), written.load());
    t.expect("second counter", guarded.second(), written.load());
}

}  // namespace hocket::stress

// hocket::shared_mutex, hocket::shared_timed_mutex: the contracts of std's, and the turns of readers and writers.
#include <hocket/shared_mutex.hpp>
#include <hocket/testing.hpp>

#include <atomic>
#include <chrono>
#include <hocket/mutex.hpp>
#include <mutex>
#include <shared_mutex>
#include <stop_token>
#include <string>
#include <type_traits>

#include "crowd.hpp"
#include "dumped.hpp"
#include "seed.hpp"
#include "slow_clock.hpp"

using namespace std::chrono_literals;
using hocket::shared_timed_mutex;

static_assert(!std::is_copy_constructible_v<hocket::shared_mutex>);
static_assert(!std::is_copy_constructible_v<shared_timed_mutex>);

namespace {

void wait_for_waiters(std::size_t n) {
    wait_until_dumped(hocket::testing::runtime_under_test(), n, "waits for a mutex");
}

// Readers see what writers leave; a writer is alone.
template <class Mutex>
void readers_and_writers() {
    Mutex m;
    long first = 0, second = 0;
    std::atomic<int> reading{0}, wrong{0};
    crowd c;
    auto work = [&](int who) {
        for (int i = 0; i < 150; ++i)
            if ((i + who) % 4 == 0) {
                std::unique_lock const held(m);
                if (reading.load() != 0) ++wrong;
                ++first;
                if (i % 8 == 0) hocket::this_fiber::yield();
                ++second;
            } else {
                std::shared_lock const held(m);
                ++reading;
                long const seen = first;
                if (i % 8 == 0) hocket::this_fiber::yield();
                if (seen != second) ++wrong;
                --reading;
            }
    };
    c.fibers(10, work);
    c.threads(2, work);
    c.join();
    CHECK(wrong.load() == 0);
    CHECK(first == second);
    CHECK(m.try_lock());
    m.unlock();
}

template <class Mutex>
void who_excludes_whom() {
    Mutex m;
    auto alone = [&] {
        bool const got = m.try_lock();
        if (got) m.unlock();
        return got;
    };
    auto together = [&] {
        bool const got = m.try_lock_shared();
        if (got) m.unlock_shared();
        return got;
    };
    auto both_ways = [&](auto probe) {
        bool const here = hocket::async(probe).get();
        CHECK(here == on_a_thread(probe));
        return here;
    };
    CHECK(both_ways(alone));
    CHECK(both_ways(together));
    m.lock();
    CHECK_FALSE(both_ways(alone));
    CHECK_FALSE(both_ways(together));
    m.unlock();
    m.lock_shared();
    CHECK_FALSE(both_ways(alone));
    CHECK(both_ways(together));
    CHECK(m.try_lock_shared());
    m.unlock_shared();
    CHECK_FALSE(both_ways(alone));
    m.unlock_shared();
    CHECK(both_ways(alone));
}

}  // namespace

FIBER_TEST_CASE("shared_mutex: many readers or one writer, fibers and threads", .workers = {1, 2, 4}) {
    readers_and_writers<hocket::shared_mutex>();
    readers_and_writers<shared_timed_mutex>();
}

FIBER_TEST_CASE("shared_mutex: who excludes whom", .workers = {1, 2, 4}) {
    who_excludes_whom<hocket::shared_mutex>();
    who_excludes_whom<shared_timed_mutex>();
}

FIBER_TEST_CASE("shared_mutex: readers are inside together", .workers = {1, 2, 4}) {
    hocket::shared_mutex m;
    std::atomic<int> inside{0};
    crowd c;
    auto read = [&](int) {
        std::shared_lock const held(m);
        ++inside;
        while (inside.load() != 5) hocket::this_fiber::sleep_for(100us);  // passes only if all five are
    };
    m.lock();
    c.fibers(4, read);
    c.threads(1, read);
    wait_for_waiters(4);
    m.unlock();
    c.join();
    CHECK(inside.load() == 5);
}

FIBER_TEST_CASE("shared_mutex: readers and writers take turns", .workers = {1, 2, 4}) {
    hocket::shared_mutex m;
    hocket::mutex guard;
    std::string order;
    auto note = [&](char who) {
        std::lock_guard const held(guard);
        order += who;
    };
    auto write = [&] {
        std::lock_guard const held(m);
        note('w');
    };
    auto read = [&] {
        std::shared_lock const held(m);
        note('r');
    };
    crowd c;
    m.lock_shared();
    std::size_t waiting = 0;
    auto joins = [&](auto what) {
        c.fibers(1, [what](int) { what(); });
        wait_for_waiters(++waiting);
    };
    joins(write);
    CHECK_FALSE(m.try_lock_shared());  // a writer waits: no new reader
    joins(read);
    joins(write);
    joins(read);
    joins(write);
    joins(read);
    m.unlock_shared();
    c.join();
    CHECK(order == "wrrrww");
}

FIBER_TEST_CASE("shared_mutex: a stream of readers does not starve a writer, nor the other way", .workers = {1, 2, 4}) {
    hocket::shared_mutex m;
    std::atomic<bool> over{false};
    crowd c;
    // Readers who overlap: without turns the mutex would never be free.
    c.fibers(4, [&](int) {
        while (!over.load()) {
            std::shared_lock const held(m);
            hocket::this_fiber::yield();
        }
    });
    c.fibers(1, [&](int) {
        for (int i = 0; i < 50; ++i) {
            std::lock_guard const held(m);
            hocket::this_fiber::yield();
        }
        over.store(true);
    });
    c.join();
    over.store(false);
    c.fibers(3, [&](int) {
        while (!over.load()) {
            std::lock_guard const held(m);
            hocket::this_fiber::yield();
        }
    });
    c.fibers(1, [&](int) {
        for (int i = 0; i < 50; ++i) {
            std::shared_lock const held(m);
            hocket::this_fiber::yield();
        }
        over.store(true);
    });
    c.join();
}

FIBER_TEST_CASE("shared_timed_mutex: a free one is taken whatever the limit", .workers = {1, 2}) {
    shared_timed_mutex m;
    std::stop_source stop;
    stop.request_stop();
    auto const token = stop.get_token();
    CHECK(m.try_lock_for(-1s));
    m.unlock();
    CHECK(m.try_lock_until(std::chrono::steady_clock::time_point::min()));
    m.unlock();
    CHECK(m.lock(token));
    m.unlock();
    CHECK(m.try_lock_shared_for(0s));
    CHECK(m.try_lock_shared_for(std::chrono::hours::max()));
    CHECK(m.try_lock_shared_until(std::chrono::system_clock::now() - 1s));
    CHECK(m.lock_shared(token));
    CHECK(m.try_lock_shared_for(token, 1s));
    CHECK(m.try_lock_shared_until(token, slow_clock::now()));
    for (int i = 0; i < 6; ++i) m.unlock_shared();
    CHECK(m.try_lock());
    m.unlock();
}

FIBER_TEST_CASE("shared_timed_mutex: a wait is given up when the time has come, not before", .workers = {1, 2, 4}) {
    shared_timed_mutex m;
    auto after = [](auto wait) {
        auto const begin = std::chrono::steady_clock::now();
        return !wait(3ms) && std::chrono::steady_clock::now() - begin >= 3ms;
    };
    auto writer_gives_up = [&] {
        auto const until = slow_clock::now() + 1ms;
        return after([&](auto d) { return m.try_lock_for(d); }) && !m.try_lock_until(until) &&
               slow_clock::now() >= until;
    };
    auto reader_gives_up = [&] {
        auto const until = std::chrono::system_clock::now() + 1ms;
        return after([&](auto d) { return m.try_lock_shared_for(d); }) && !m.try_lock_shared_until(until) &&
               std::chrono::system_clock::now() >= until;
    };
    m.lock();
    CHECK(hocket::async(writer_gives_up).get());
    CHECK(hocket::async(reader_gives_up).get());
    CHECK(on_a_thread(writer_gives_up));
    CHECK(on_a_thread(reader_gives_up));
    m.unlock();
    m.lock_shared();
    CHECK(hocket::async(writer_gives_up).get());
    CHECK(on_a_thread(writer_gives_up));
    CHECK(m.try_lock_shared());  // the writers are gone
    m.unlock_shared();
    m.unlock_shared();
}

FIBER_TEST_CASE("shared_timed_mutex: a writer that gives up lets the readers behind it in", .workers = {1, 2, 4}) {
    shared_timed_mutex m;
    m.lock_shared();
    std::stop_source stop;
    auto writer = hocket::async([&] { return m.lock(stop.get_token()); });
    wait_for_waiters(1);
    auto reader = hocket::async([&] { m.lock_shared(), m.unlock_shared(); });
    auto thread = thread_async([&] { m.lock_shared(), m.unlock_shared(); });
    wait_for_waiters(2);
    stop.request_stop();
    CHECK_FALSE(writer.get());
    reader.get();  // though m is still held to read
    thread.get();
    m.unlock_shared();
}

FIBER_TEST_CASE("shared_timed_mutex: a stop ends the wait", .workers = {1, 2, 4}) {
    shared_timed_mutex m;
    m.lock();
    std::stop_source stop;
    auto reader = hocket::async([&] { return m.lock_shared(stop.get_token()); });
    auto patient = hocket::async([&] { return m.try_lock_shared_for(stop.get_token(), 60s); });
    auto writer = thread_async([&] { return m.lock(stop.get_token()); });
    wait_for_waiters(2);
    stop.request_stop();
    CHECK_FALSE(reader.get());
    CHECK_FALSE(patient.get());
    CHECK_FALSE(writer.get());
    m.unlock();
    CHECK(m.try_lock());
    m.unlock();
}

FIBER_TEST_CASE("shared_timed_mutex: times and stops against unlock", .workers = {1, 2, 4}) {
    std::uint64_t const seed = test_seed("shared_mutex");
    shared_timed_mutex m;
    std::atomic<int> writers{0}, readers{0}, wrong{0};
    crowd c;
    auto work = [&](int who) {
        random_stream random(seed, static_cast<std::uint64_t>(who));
        for (int i = 0; i < 150; ++i) {
            auto const some = std::chrono::microseconds(random.below(100));
            std::stop_source stop;
            if (random.below(8) == 0) stop.request_stop();
            bool const pause = random.below(2) == 0;
            if (random.below(3) == 0) {
                if (!(random.below(2) == 0 ? m.try_lock_for(some) : m.try_lock_for(stop.get_token(), some))) continue;
                if (writers.fetch_add(1) != 0 || readers.load() != 0) ++wrong;
                if (pause) hocket::this_fiber::sleep_for(some / 2);
                --writers;
                m.unlock();
            } else {
                switch (random.below(3)) {
                    case 0: m.lock_shared(); break;
                    case 1:
                        if (!m.try_lock_shared_for(some)) continue;
                        break;
                    default:
                        if (!m.lock_shared(stop.get_token())) continue;
                }
                ++readers;
                if (writers.load() != 0) ++wrong;
                if (pause) hocket::this_fiber::sleep_for(some / 2);
                --readers;
                m.unlock_shared();
            }
        }
    };
    c.fibers(10, work);
    c.threads(2, work);
    c.join();
    CHECK(wrong.load() == 0);
    CHECK(m.try_lock());
    m.unlock();
}

FIBER_TEST_CASE("shared_mutex: one that dies as soon as its last holder has it", .workers = {1, 2, 4}) {
    for (int i = 0; i < 200; ++i) {
        auto* const m = new hocket::shared_mutex;
        bool const reads = i % 2 == 0;
        m->lock();
        auto last = hocket::async([m, reads] {
            reads ? m->lock_shared() : m->lock();
            reads ? m->unlock_shared() : m->unlock();
            delete m;
        });
        if (i % 3 != 0) hocket::this_fiber::yield();
        m->unlock();
        last.get();
    }
}

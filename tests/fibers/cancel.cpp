// Shutting down by cancellation: what is unwound, what is dropped, what is told, and who is left.
#include <hocket/cancelled.hpp>
#include <hocket/testing.hpp>

#include <atomic>
#include <chrono>
#include <exception>
#include <functional>
#include <hocket/hocket.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "in_runtimes.hpp"

using namespace std::chrono_literals;
using hocket::cancel;
using hocket::cancelled;
using hocket::runtime;

namespace {

// Counts the frames that are left by unwinding.
struct frame {
    explicit frame(std::atomic<int>& n) : count(n) {}
    frame(frame const&) = delete;
    frame& operator=(frame const&) = delete;
    ~frame() {
        if (std::uncaught_exceptions() != 0) count.fetch_add(1);
    }
    std::atomic<int>& count;
};

void wait_until(std::function<bool()> const& done) {
    for (int i = 0; i < 20'000 && !done(); ++i) std::this_thread::sleep_for(100us);
    REQUIRE(done());
}

// What a fiber waits in, and whether that may be cancelled.
struct place {
    char const* name;
    std::function<void()> wait;
};

struct everything {
    hocket::condition_variable condition;
    hocket::mutex guards_condition;
    hocket::counting_semaphore<> no_permit{0};
    hocket::latch shut{1};
    hocket::barrier<> of_four{4};
    hocket::event never;
    hocket::channel<int> full{1}, empty{1}, alone{hocket::rendezvous};
    hocket::limiter taken{1};
    hocket::limiter::place holds = taken.enter();
    hocket::promise<int> unkept;
    hocket::shared_future<int> unkept_result = unkept.get_future();
    std::stop_source nobody_asks;

    everything() { static_cast<void>(full.send(1)); }

    std::vector<place> places() {
        auto const stop = nobody_asks.get_token();
        return {
            {"sleep_for", [] { hocket::this_fiber::sleep_for(24h); }},
            {"sleep_until", [] { hocket::this_fiber::sleep_until(std::chrono::system_clock::now() + 24h); }},
            {"condition_variable::wait",
             [this] {
                 std::unique_lock held(guards_condition);
                 try {
                     condition.wait(held, [] { return false; });
                 } catch (cancelled const&) {
                     CHECK(held.owns_lock());
                     CHECK_FALSE(guards_condition.try_lock());
                     throw;
                 }
             }},
            {"condition_variable::wait_for",
             [this] {
                 std::unique_lock held(guards_condition);
                 condition.wait_for(held, 24h, [] { return false; });
             }},
            {"condition_variable::wait, stoppable",
             [this, stop] {
                 std::unique_lock held(guards_condition);
                 condition.wait(held, stop, [] { return false; });
             }},
            {"semaphore::acquire", [this] { no_permit.acquire(); }},
            {"semaphore::try_acquire_for", [this] { static_cast<void>(no_permit.try_acquire_for(24h)); }},
            {"semaphore::acquire, stoppable", [this, stop] { static_cast<void>(no_permit.acquire(stop)); }},
            {"latch::wait", [this] { shut.wait(); }},
            {"latch::wait_for", [this] { static_cast<void>(shut.wait_for(24h)); }},
            {"barrier::arrive_and_wait", [this] { of_four.arrive_and_wait(); }},
            {"event::wait", [this] { never.wait(); }},
            {"event::wait_for", [this] { static_cast<void>(never.wait_for(24h)); }},
            {"channel::send", [this] { static_cast<void>(full.send(2)); }},
            {"channel::send_for", [this] { static_cast<void>(full.send_for(2, 24h)); }},
            {"channel::send, rendezvous", [this] { static_cast<void>(alone.send(2)); }},
            {"channel::recv", [this] { static_cast<void>(empty.recv()); }},
            {"channel::recv, stoppable", [this, stop] { static_cast<void>(empty.recv(stop)); }},
            {"channel, iterated",
             [this] {
                 for (int x : empty) CHECK(x == 0);
             }},
            {"select",
             [this] {
                 hocket::select(hocket::on_recv(empty, [](std::optional<int>) {}),
                                hocket::on_send(full, 3, [](bool) {}));
             }},
            {"limiter::enter", [this] { static_cast<void>(taken.enter()); }},
            {"shared_future::get", [this] { static_cast<void>(unkept_result.get()); }},
            {"shared_future::wait_for", [this] { static_cast<void>(unkept_result.wait_for(24h)); }},
            {"future::get of a task",
             [this] {
                 auto f = hocket::async([this] { no_permit.acquire(); });
                 f.get();
             }},
            {"fiber::join",
             [this] {
                 hocket::fiber f([this] { no_permit.acquire(); });
                 f.join();
                 no_permit.acquire();  // it may have been cancelled first, and then the join has its end
             }},
            {"scope::join",
             [this] {
                 hocket::scope s;
                 for (int i = 0; i < 3; ++i) s.spawn([this] { never.wait(); });
                 s.join();
             }},
            {"parallel_invoke",
             [this] { hocket::parallel_invoke([this] { never.wait(); }, [this] { no_permit.acquire(); }); }},
            {"when_any",
             [this] {
                 std::vector<hocket::shared_future<int>> two{unkept_result, unkept_result};
                 static_cast<void>(hocket::when_any(two.begin(), two.end()).get());
             }},
        };
    }
};

}  // namespace

TEST_CASE("cancel: every wait that is listed is left by unwinding, and all that was spawned ends") {
    for_runtimes([](hocket::runtime_options options) {
        everything all;
        for (place const& p : all.places()) {
            CAPTURE(p.name);
            runtime rt(options);
            rt.start();
            std::atomic<int> begun{0}, unwound{0}, ended{0}, went_on{0};
            for (int i = 0; i < 3; ++i)
                rt.go([&, i] {
                    frame const here(unwound);
                    auto const at_the_end = std::unique_ptr<std::atomic<int>, void (*)(std::atomic<int>*)>(
                        &ended, [](std::atomic<int>* n) { n->fetch_add(1); });
                    begun.fetch_add(1);
                    if (i == 0) hocket::this_fiber::yield();
                    p.wait();
                    went_on.fetch_add(1);
                });
            wait_until([&] { return begun.load() == 3; });
            CHECK(rt.shutdown(cancel).empty());
            CHECK(went_on.load() == 0);
            CHECK(unwound.load() == 3);
            CHECK(ended.load() == 3);
            CHECK(rt.stats().live == 0);
            CHECK(rt.stats().unhandled == 0);
        }
        // What was waited for can be used by others.
        CHECK(all.guards_condition.try_lock());
        all.guards_condition.unlock();
        CHECK(all.full.size() == 1);
        CHECK(all.taken.in_flight() == 1);
    });
}

TEST_CASE("cancel: locks, joins and blocking calls are waited for") {
    for_runtimes([](hocket::runtime_options options) {
        hocket::mutex m;
        hocket::shared_mutex shared;
        std::atomic<int> waits{0}, got{0}, blocking_ended{0}, threw{0};
        std::atomic<bool> go_on{false};
        m.lock();
        shared.lock();
        runtime rt(options);
        rt.start();
        rt.go([&] {
            waits.fetch_add(1);
            std::lock_guard const held(m);
            got.fetch_add(1);
        });
        rt.go([&] {
            waits.fetch_add(1);
            std::shared_lock const held(shared);
            got.fetch_add(1);
        });
        rt.go([&] {
            waits.fetch_add(1);
            int const five = hocket::blocking([&] {
                while (!go_on.load()) std::this_thread::sleep_for(1ms);
                blocking_ended.fetch_add(1);
                return 5;
            });
            got.fetch_add(five == 5 ? 1 : 0);
            // Only now.
            try {
                hocket::this_fiber::sleep_for(24h);
            } catch (cancelled const&) {
                threw.fetch_add(1);
                throw;
            }
        });
        wait_until([&] { return waits.load() == 3; });
        std::this_thread::sleep_for(5ms);
        auto left = rt.shutdown(cancel, 20ms);
        CHECK(left.size() >= 3);
        CHECK(got.load() == 0);
        go_on.store(true);
        m.unlock();
        shared.unlock();
        CHECK(rt.shutdown(cancel).empty());
        CHECK(got.load() == 3);
        CHECK(blocking_ended.load() == 1);
        CHECK(threw.load() == 1);
    });
}

TEST_CASE("cancel: what has not begun is dropped, its closure destroyed, and who waits for it is told") {
    for_runtimes([](hocket::runtime_options options) {
        options.workers = 1;
        options.blocking_workers = 1;
        struct closure {
            std::atomic<int>* gone;
            std::shared_ptr<int> holds;
            char large[200] = {};  // not in the task's record
            closure(std::atomic<int>& n, std::shared_ptr<int> h) : gone(&n), holds(std::move(h)) {}
            closure(closure&& o) noexcept : gone(std::exchange(o.gone, nullptr)), holds(std::move(o.holds)) {}
            ~closure() {
                if (gone == nullptr) return;
                // It may wait: it is in its own fiber, and is not cancelled.
                CHECK(hocket::this_fiber::in_runtime());
                hocket::this_fiber::sleep_for(1us);
                gone->fetch_add(1);
            }
            void operator()() const { FAIL("it was called"); }
        };
        std::atomic<int> gone{0}, told{0};
        std::atomic<bool> blocks{false}, release{false};
        auto const held = std::make_shared<int>(1);
        std::optional<hocket::future<int>> outlives;
        {
            runtime rt(options);
            for (int i = 0; i < 10; ++i) rt.go(closure(gone, held));
            rt.go({.delay = 24h}, closure(gone, held));
            rt.go({.worker = 0}, closure(gone, held));
            rt.go({.stack_size = 256 * 1024}, closure(gone, held));
            rt.go_blocking([] { FAIL("it was called"); });
            rt.go_blocking([] { FAIL("it was called"); });
            CHECK(rt.shutdown(cancel).empty());
            CHECK(gone.load() == 13);
            CHECK(held.use_count() == 1);
        }
        {
            runtime rt(options);
            rt.start();
            rt.go([&] {
                outlives = hocket::async(hocket::launch{.delay = 24h}, [] { return 1; });
                hocket::fiber joined(hocket::launch{.delay = 24h}, closure(gone, held));
                hocket::scope s;
                s.spawn({.delay = 24h}, closure(gone, held));
                hocket::go({.delay = 24h}, closure(gone, held));
                blocks.store(true);
                while (!release.load()) std::this_thread::sleep_for(100us);
                CHECK_THROWS_AS(s.join(), cancelled);
                told.fetch_add(1);
            });
            wait_until([&] { return blocks.load(); });
            std::thread later([&] {
                std::this_thread::sleep_for(5ms);
                release.store(true);
            });
            CHECK(rt.shutdown(cancel).empty());
            later.join();
            CHECK(told.load() == 1);
            CHECK(gone.load() == 16);
            CHECK_THROWS_AS(outlives->get(), cancelled);
        }
        CHECK(held.use_count() == 1);
    });
}

TEST_CASE("cancel: caught, it comes again; a fiber that swallows it ends when it waits no more") {
    for_runtimes([](hocket::runtime_options options) {
        runtime rt(options);
        rt.start();
        hocket::event never;
        std::atomic<int> caught{0}, begun{0}, taken{0};
        hocket::channel<int> buffered(4);
        rt.go([&] {
            begun.fetch_add(1);
            for (int i = 0; i < 5; ++i) try {
                    never.wait();
                } catch (...) {
                    caught.fetch_add(1);
                }
            // What need not wait is done.
            CHECK(buffered.send(1));
            taken.fetch_add(buffered.recv().value_or(0));
            hocket::this_fiber::yield();
        });
        wait_until([&] { return begun.load() == 1; });
        CHECK(rt.shutdown(cancel).empty());
        CHECK(caught.load() == 5);
        CHECK(taken.load() == 1);
    });
}

TEST_CASE("cancel: destructors that run while it unwinds may wait; nothing cancels them") {
    for_runtimes([](hocket::runtime_options options) {
        runtime rt(options);
        rt.start();
        std::atomic<int> flushed{0}, begun{0};
        hocket::event never;
        struct flusher {
            std::atomic<int>& n;
            ~flusher() {
                hocket::this_fiber::sleep_for(2ms);
                hocket::counting_semaphore<> done(0);
                int const written = hocket::blocking([] { return 1; });
                n.fetch_add(written);
            }
        };
        struct at_the_end {
            std::atomic<int>* n;
            explicit at_the_end(std::atomic<int>* to = nullptr) : n(to) {}
            ~at_the_end() {
                hocket::this_fiber::sleep_for(1ms);
                if (n != nullptr) n->fetch_add(1);
            }
        };
        static hocket::fiber_local<at_the_end> local;
        rt.go([&] {
            local->n = &flushed;
            hocket::this_fiber::arena().make<at_the_end>(&flushed);
            flusher const f{flushed};
            begun.fetch_add(1);
            never.wait();
        });
        wait_until([&] { return begun.load() == 1; });
        CHECK(rt.shutdown(cancel).empty());
        CHECK(flushed.load() == 3);
    });
}

TEST_CASE("cancel: at the deadline the survivors are named, and may end later") {
    for_runtimes([](hocket::runtime_options options) {
        runtime rt(options);
        rt.start();
        hocket::mutex m;
        m.lock();
        std::atomic<bool> stop{false};
        std::atomic<int> begun{0};
        rt.go({.name = "deaf"}, [&] {
            begun.fetch_add(1);
            while (!stop.load()) hocket::this_fiber::yield();
        });
        rt.go({.name = "locked out"}, [&] {
            begun.fetch_add(1);
            std::lock_guard const held(m);
        });
        rt.go({.name = "sleeper"}, [&] {
            begun.fetch_add(1);
            hocket::this_fiber::sleep_for(24h);
        });
        wait_until([&] { return begun.load() == 3; });
        std::this_thread::sleep_for(5ms);
        auto left = rt.shutdown(cancel, std::chrono::steady_clock::now() + 30ms);
        REQUIRE(left.size() == 2);
        if (left[0].name != "deaf") std::swap(left[0], left[1]);
        CHECK(left[0].name == "deaf");
        CHECK((left[0].state == "running" || left[0].state == "ready"));
        CHECK(left[1].name == "locked out");
        CHECK(left[1].state == "waits for a mutex");
        CHECK(left[0].id != left[1].id);
        CHECK_THROWS_AS(rt.go([] {}), hocket::no_runtime);
        CHECK_FALSE(rt.shutdown(cancel, 0ms).empty());
        m.unlock();
        stop.store(true);
        CHECK(rt.shutdown(cancel, 10s).empty());
        CHECK(rt.shutdown(cancel).empty());
    });
}

TEST_CASE("cancel: helps a shutdown() that waits for what never comes, and a run()") {
    for_runtimes([](hocket::runtime_options options) {
        hocket::event never;
        {
            runtime rt(options);
            rt.go([&] { never.wait(); });
            std::thread drains([&] { rt.shutdown(); });
            std::this_thread::sleep_for(5ms);
            CHECK(rt.shutdown(cancel).empty());
            drains.join();
        }
        {
            runtime rt(options);
            std::atomic<bool> runs{false}, cancelled_out{false};
            std::thread runner([&] {
                try {
                    rt.run([&] {
                        runs.store(true);
                        never.wait();
                    });
                } catch (cancelled const&) {
                    cancelled_out.store(true);
                }
            });
            wait_until([&] { return runs.load(); });
            CHECK(rt.shutdown(cancel).empty());
            runner.join();
            CHECK(cancelled_out.load());
        }
        {
            // Of several threads at once.
            runtime rt(options);
            rt.start();
            for (int i = 0; i < 100; ++i) rt.go([&] { never.wait(); });
            std::vector<std::thread> cancellers;
            for (int i = 0; i < 4; ++i)
                cancellers.emplace_back([&, i] {
                    if (i % 2 == 0)
                        CHECK(rt.shutdown(cancel).empty());
                    else
                        rt.shutdown();
                });
            for (auto& t : cancellers) t.join();
        }
    });
}

TEST_CASE("cancel: stop tokens are asked too; another runtime's fibers are left alone") {
    for_runtimes([](hocket::runtime_options options) {
        runtime stays(options), goes(options);
        stays.start();
        goes.start();
        hocket::channel<int> between;
        hocket::event done;
        std::atomic<int> got{0}, begun{0}, asked{0};
        stays.go([&] {
            begun.fetch_add(1);
            got.fetch_add(between.recv().value_or(-1));
            done.set();
        });
        goes.go([&] {
            begun.fetch_add(1);
            static_cast<void>(between.recv());
            FAIL("it got the item that the other was to get");
        });
        goes.go([&] {
            begun.fetch_add(1);
            auto const stop = hocket::this_fiber::get_stop_token();
            while (!stop.stop_requested()) hocket::this_fiber::yield();
            asked.fetch_add(1);
        });
        wait_until([&] { return begun.load() == 3; });
        std::this_thread::sleep_for(2ms);
        CHECK(goes.shutdown(cancel).empty());
        CHECK(asked.load() == 1);
        CHECK(between.send(7));
        done.wait();
        CHECK(got.load() == 7);
    });
}

TEST_CASE("cancel: of what is spawned meanwhile nothing begins; a runtime that never ran is over at once") {
    for_runtimes([](hocket::runtime_options options) {
        {
            runtime rt(options);
            CHECK(rt.shutdown(cancel).empty());
            CHECK(rt.shutdown(cancel, 0ms).empty());
        }
        runtime rt(options);
        rt.start();
        hocket::event never;
        std::atomic<int> begun{0}, spawned{0};
        rt.go([&] {
            begun.fetch_add(1);
            try {
                never.wait();
            } catch (cancelled const&) {
                for (int i = 0; i < 50; ++i) hocket::go([] { FAIL("it began"); });
                for (int i = 0; i < 50; ++i) hocket::go({.delay = 1h}, [] { FAIL("it began"); });
                CHECK_THROWS_AS(hocket::async([] { return 1; }).get(), cancelled);
                CHECK(hocket::blocking([] { return 3; }) == 3);
                std::atomic<int> both{0};
                hocket::parallel_invoke([&] { both += 1; }, [&] { both += 2; });
                CHECK(both.load() == 3);
                spawned.fetch_add(1);
            }
        });
        wait_until([&] { return begun.load() == 1; });
        CHECK(rt.shutdown(cancel).empty());
        CHECK(spawned.load() == 1);
    });
}

TEST_CASE("cancel: what is called when a task fails may wait; a chain that is dropped ends as cancelled") {
    for_runtimes([](hocket::runtime_options options) {
        std::atomic<int> reported{0}, begun{0};
        std::optional<hocket::future<int>> chained;
        options.on_unhandled = [&](std::string_view, std::exception_ptr) {
            hocket::this_fiber::sleep_for(1ms);
            reported.fetch_add(1);
        };
        options.logger = [](hocket::log_level, std::string_view) {};
        runtime rt(options);
        rt.start();
        hocket::event never;
        rt.go([&] {
            begun.fetch_add(1);
            try {
                never.wait();
            } catch (cancelled const&) {
                throw std::runtime_error("another one");
            }
        });
        rt.go([&] {
            hocket::promise<int> kept;
            chained = kept.get_future().then([](hocket::future<int> f) { return f.get(); });
            begun.fetch_add(1);
            never.wait();
        });
        wait_until([&] { return begun.load() == 2; });
        CHECK(rt.shutdown(cancel).empty());
        CHECK(reported.load() == 1);
        int outcome = 0;
        try {
            chained->get();
        } catch (cancelled const&) {
            outcome = 1;
        } catch (hocket::future_error const&) {
            outcome = 2;  // the promise was broken first, by the fiber that kept it
        }
        CHECK(outcome != 0);
    });
}

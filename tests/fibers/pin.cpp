// Staying on one worker for a while.
#include <hocket/this_fiber.hpp>
#include <hocket/testing.hpp>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <hocket/hocket.hpp>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "in_runtimes.hpp"

using namespace std::chrono_literals;
namespace this_fiber = hocket::this_fiber;

namespace {

// Not inline, so that no compiler asks once and remembers.
[[gnu::noinline]] std::thread::id thread_now() {
    asm volatile("");
    return std::this_thread::get_id();
}

thread_local int habit = 0;
[[gnu::noinline]] int& habit_now() {
    asm volatile("");
    return habit;
}

}  // namespace

TEST_CASE("pin: over every kind of suspension the fiber stays on its thread, and thread-locals are its own") {
    in_runtimes([] {
        hocket::scope all;
        std::atomic<int> moved{0}, touched{0};
        hocket::mutex m;
        hocket::channel<int> c;
        all.spawn([&] {
            for (int i = 0; i < 6 * 12; ++i) CHECK(c.send(i));  // as many as are received below
            c.close();
        });
        for (int n = 0; n < 6; ++n)
            all.spawn([&, n] {
                this_fiber::yield();
                auto const stays = this_fiber::pin();
                std::thread::id const mine = thread_now();
                int const worker = this_fiber::worker();
                int const* const address = &habit_now();
                for (int i = 0; i < 60; ++i) {
                    switch ((i + n) % 5) {
                        case 0: this_fiber::yield(); break;
                        case 1: this_fiber::sleep_for(20us); break;
                        case 2: {
                            std::lock_guard const held(m);
                            this_fiber::yield();
                            break;
                        }
                        case 3: static_cast<void>(c.recv()); break;
                        default: hocket::blocking([] {});
                    }
                    moved += thread_now() != mine || this_fiber::worker() != worker;
                }
                touched += &habit_now() != address;
            });
        all.join();
        CHECK(moved.load() == 0);
        CHECK(touched.load() == 0);
    });
}

TEST_CASE("pin: ends with its scope, also by an exception; scopes nest; a pinned task stays pinned") {
    in_runtimes([] {
        auto const others_may_take_it = [] {
            // A pinned fiber is never stolen: with all other workers idle it would be, within so many turns.
            int const worker = this_fiber::worker();
            for (int i = 0; i < 2000; ++i) {
                this_fiber::sleep_for(1us);
                if (this_fiber::worker() != worker) return true;
            }
            return false;
        };
        {
            auto const outer = this_fiber::pin();
            int const worker = this_fiber::worker();
            try {
                auto const inner = this_fiber::pin();
                this_fiber::yield();
                throw std::runtime_error("out of the inner one");
            } catch (std::runtime_error const&) {
                this_fiber::sleep_for(1ms);
            }
            CHECK(this_fiber::worker() == worker);
            CHECK_FALSE(others_may_take_it());
        }
        hocket::fiber({.worker = 0}, [&] {
            {
                auto const stays = this_fiber::pin();
                this_fiber::yield();
            }
            CHECK_FALSE(others_may_take_it());
            CHECK(this_fiber::worker() == 0);
        }).join();
    });
    auto const nothing = this_fiber::pin();  // on a plain thread
}

TEST_CASE("pin: in a blocking task, and in a fiber that a blocking worker helps with") {
    for_runtimes([](hocket::runtime_options const& options) {
        hocket::runtime rt(options);
        rt.run([&] {
            hocket::fiber f([] {
                hocket::scope all;
                std::atomic<int> moved{0};
                for (int n = 0; n < 4; ++n)
                    hocket::blocking([&] {
                        auto const stays = this_fiber::pin();
                        std::thread::id const mine = thread_now();
                        for (int i = 0; i < 5; ++i) {
                            this_fiber::sleep_for(50us);
                            moved += thread_now() != mine;
                        }
                    });
                CHECK(moved.load() == 0);
            });
            // Long enough for blocking workers to help.
            int const workers = static_cast<int>(options.workers);
            hocket::scope busy;
            std::atomic<int> on_the_pool{0}, pinned_there{0};
            for (int n = 0; n < 40; ++n)
                busy.spawn([&] {
                    auto const until = std::chrono::steady_clock::now() + 300us;
                    while (std::chrono::steady_clock::now() < until) {
                    }
                    on_the_pool += this_fiber::worker() >= workers;
                    auto const stays = this_fiber::pin();
                    pinned_there += this_fiber::worker() >= workers;
                    std::thread::id const mine = thread_now();
                    this_fiber::yield();
                    CHECK(thread_now() == mine);
                });
            busy.join();
            f.join();
            MESSAGE(on_the_pool.load() << " of 40 were helped with");
            CHECK(pinned_there.load() == 0);
        });
    });
}

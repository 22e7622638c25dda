// Broken rules end the program with a sentence. Each in a forked child of a process without other threads.
#include <doctest/doctest.h>
#include <signal.h>

#include <atomic>
#include <cfenv>
#include <chrono>
#include <hocket/hocket.hpp>
#include <hocket/scope.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "child.hpp"

using namespace std::chrono_literals;
using hocket::runtime;

namespace {

hocket::runtime_options small(unsigned workers = 2) { return {.workers = workers, .blocking_workers = 1}; }

// It ends by abort(), and says so.
template <class F>
void dies(char const* sentence, F&& body) {
    child_end const end = in_child(std::forward<F>(body));
    INFO("the child said: " << end.text);
    CHECK(end.signal == SIGABRT);
    CHECK(end.text.find("hocket: ") != std::string::npos);
    CHECK(end.text.find(sentence) != std::string::npos);
}

}  // namespace

TEST_CASE("misuse: run() inside a fiber") {
    dies("run() was called inside a fiber", [] {
        runtime rt(small());
        rt.run([&rt] { rt.run([] {}); });
    });
    dies("run() was called inside a fiber", [] {
        runtime rt(small()), other(small());
        rt.run([&other] { other.run([] {}); });
    });
}

TEST_CASE("misuse: the sentence names the fiber") {
    dies("'the culprit')", [] {
        runtime rt(small());
        rt.go({.name = "the culprit"}, [&rt] { rt.run([] {}); });
        rt.run([] { hocket::this_fiber::sleep_for(30s); });
    });
    dies("(outside any fiber)", [] {
        hocket::mutex m;
        m.unlock();
    });
}

TEST_CASE("misuse: a fiber cancels its own runtime; cancellation meets noexcept") {
    dies("shutdown() was called by one of its own fibers", [] {
        runtime rt(small());
        rt.run([&rt] { static_cast<void>(rt.shutdown(hocket::cancel)); });
    });
    child_end const end = in_child([] {
        runtime rt(small());
        rt.start();
        std::atomic<bool> waits{false};
        rt.go([&]() noexcept {
            waits.store(true);
            hocket::this_fiber::sleep_for(1h);
        });
        while (!waits.load()) std::this_thread::yield();
        static_cast<void>(rt.shutdown(hocket::cancel));
    });
    CHECK(end.signal == SIGABRT);
    CHECK(end.text.find("hocket::v0::cancelled") != std::string::npos);  // std::terminate() names it
}

#ifndef NDEBUG
TEST_CASE("misuse: a task leaves the rounding mode changed, by a yield, a wait, and at its end") {
    for (int how = 0; how < 3; ++how)
        dies("leaves the floating-point control state changed", [how] {
            runtime rt(small(1));
            rt.run([how] {
                hocket::go([] { hocket::this_fiber::yield(); });
                hocket::this_fiber::yield();
                std::fesetround(FE_UPWARD);
                if (how == 0) hocket::this_fiber::yield();
                if (how == 1) hocket::this_fiber::sleep_for(1ms);
                if (how == 2) return;
                std::fesetround(FE_TONEAREST);
            });
        });
}
#endif

TEST_CASE("misuse: run() from two threads at once") {
    dies("two threads at once", [] {
        runtime rt(small());
        std::atomic<bool> inside{false};
        std::thread other([&] {
            rt.run([&] {
                inside.store(true);
                hocket::this_fiber::sleep_for(30s);
            });
        });
        while (!inside.load()) std::this_thread::yield();
        rt.run([] {});
    });
}

TEST_CASE("misuse: channels, select and limiter") {
    dies("a channel was destroyed while somebody waits for it", [] {
        auto a = std::make_unique<hocket::channel<int>>();
        hocket::channel<int> b;
        std::thread waits([&] {
            hocket::select(hocket::on_recv(*a, [](auto const&) {}), hocket::on_recv(b, [](auto const&) {}));
        });
        std::this_thread::sleep_for(50ms);
        a.reset();
        waits.join();
    });
    dies("select() without a case that can ever be ready", [] {
        hocket::channel<int> ch;
        hocket::select(hocket::on_recv(ch, [](auto const&) {}).when(false));
    });
    dies("a limiter was destroyed while 1 of its places were taken", [] {
        auto gate = std::make_unique<hocket::limiter>(2);
        static_cast<void>(new hocket::limiter::place(gate->enter()));  // never given back
        gate.reset();
    });
}

TEST_CASE("misuse: shutdown(), or the end of the runtime, in one of its own fibers") {
    dies("shutdown() was called by one of its own fibers", [] {
        runtime rt(small());
        rt.run([&rt] { rt.shutdown(); });
    });
    dies("shutdown() was called by one of its own fibers", [] {
        auto rt = std::make_unique<runtime>(small());
        rt->run([&rt] { rt.reset(); });
    });
    dies("shutdown() was called by one of its own fibers", [] {
        runtime rt(small());
        rt.run([&rt] { hocket::blocking([&rt] { rt.shutdown(); }); });
    });
}

TEST_CASE("misuse: unlocking what is not locked, destroying what is") {
    dies("unlock() by somebody who does not hold it", [] {
        runtime rt(small());
        rt.run([] {
            hocket::mutex m;
            m.unlock();
        });
    });
    dies("mutex was destroyed while it was held", [] {
        runtime rt(small());
        rt.run([] {
            hocket::mutex m;
            m.lock();
        });
    });
    dies("mutex was destroyed while it was held", [] {
        hocket::mutex m;
        m.lock();
    });
    dies("mutex was destroyed while it was held", [] {
        hocket::timed_mutex m;
        static_cast<void>(m.try_lock_for(1s));
    });
    dies("mutex was destroyed while it was held", [] {
        hocket::recursive_mutex m;
        m.lock();
    });
    dies("shared mutex was destroyed while it was held", [] {
        hocket::shared_mutex m;
        m.lock();
    });
    dies("shared mutex was destroyed while it was held", [] {
        hocket::shared_timed_mutex m;
        m.lock_shared();
    });
    dies("shared_mutex::unlock() by somebody who does not hold it", [] {
        hocket::shared_mutex m;
        m.unlock();
    });
    dies("shared_mutex::unlock() by somebody who does not hold it", [] {
        hocket::shared_mutex m;
        m.lock_shared();
        m.unlock();
    });
    dies("shared_mutex::unlock_shared() by somebody who does not hold it", [] {
        hocket::shared_mutex m;
        m.unlock_shared();
    });
    dies("shared_mutex::unlock_shared() by somebody who does not hold it", [] {
        hocket::shared_mutex m;
        m.lock();
        m.unlock_shared();
    });
}

TEST_CASE("misuse: unlocking a recursive mutex that somebody else holds") {
    char const* const sentence = "recursive_mutex::unlock() by somebody who does not hold it";
    dies(sentence, [] {
        hocket::recursive_mutex m;
        m.unlock();
    });
    dies(sentence, [] {
        runtime rt(small());
        rt.run([] {
            hocket::recursive_timed_mutex m;
            m.lock();
            hocket::async([&m] { m.unlock(); }).get();
        });
    });
    dies(sentence, [] {
        hocket::recursive_mutex m;
        m.lock();
        std::thread([&m] { m.unlock(); }).join();
    });
}

TEST_CASE("misuse: counts below zero, and beyond what is expected") {
    dies("latch(-1) is out of range", [] { hocket::latch const l(-1); });
    dies("latch::count_down(3) is out of range, or more than is still expected", [] {
        hocket::latch l(2);
        l.count_down(3);
    });
    dies("latch::count_down(-1) is out of range", [] {
        hocket::latch l(2);
        l.count_down(-1);
    });
    dies("barrier(-1) is out of range", [] { hocket::barrier<> const b(-1); });
    dies("barrier::arrive(3) is out of range, or more than is still expected", [] {
        hocket::barrier<> b(2);
        static_cast<void>(b.arrive(3));
    });
    dies("barrier::arrive(0) is out of range", [] {
        hocket::barrier<> b(2);
        static_cast<void>(b.arrive(0));
    });
    dies("barrier::arrive(1) is out of range, or more than is still expected", [] {
        hocket::barrier<> b(1);
        b.arrive_and_drop();
        b.arrive_and_drop();
    });
    dies("a semaphore cannot begin with -1 permits", [] { hocket::counting_semaphore<> const s(-1); });
    dies("a semaphore cannot begin with 2 permits", [] { hocket::binary_semaphore const s(2); });
}

TEST_CASE("misuse: waiting on a condition without its mutex") {
    dies("without holding the mutex", [] {
        hocket::mutex m;
        hocket::condition_variable cv;
        std::unique_lock<hocket::mutex> held(m, std::defer_lock);
        cv.wait(held);
    });
    dies("without holding the mutex", [] {
        std::mutex m;
        hocket::condition_variable_any cv;
        std::unique_lock<std::mutex> held(m, std::defer_lock);
        static_cast<void>(cv.wait_for(held, 1ms));
    });
}

TEST_CASE("misuse: destroying what somebody waits for") {
    dies("condition variable was destroyed while somebody waits", [] {
        runtime rt(small());
        rt.run([] {
            hocket::mutex m;
            auto* const cv = new hocket::condition_variable;
            bool waits = false;
            hocket::go([&] {
                std::unique_lock held(m);
                waits = true;
                cv->wait(held);
            });
            while (true) {
                std::lock_guard const held(m);
                if (waits) break;
                hocket::this_fiber::yield();
            }
            delete cv;
        });
    });
    auto const while_waited_for = [](auto make, auto wait) {
        return [make, wait] {
            runtime rt(small(1));
            rt.run([&] {
                auto object = make();
                hocket::go([&object, wait] { wait(*object); });
                for (int i = 0; i < 100; ++i) hocket::this_fiber::yield();
                hocket::this_fiber::sleep_for(5ms);
                object.reset();
            });
        };
    };
    dies("channel was destroyed while somebody waits", while_waited_for([] { return std::make_unique<hocket::channel<int>>(1); },
                                                                        [](auto& ch) { static_cast<void>(ch.recv()); }));
    dies("channel was destroyed while somebody waits", while_waited_for([] { return std::make_unique<hocket::channel<int>>(); },
                                                                        [](auto& ch) { static_cast<void>(ch.send(1)); }));
    dies("semaphore was destroyed while somebody waits",
         while_waited_for([] { return std::make_unique<hocket::counting_semaphore<>>(0); }, [](auto& s) { s.acquire(); }));
    dies("a latch was destroyed while somebody waits",
         while_waited_for([] { return std::make_unique<hocket::latch>(1); }, [](auto& l) { l.wait(); }));
    dies("a barrier was destroyed while somebody waits",
         while_waited_for([] { return std::make_unique<hocket::barrier<>>(2); }, [](auto& b) { b.arrive_and_wait(); }));
    dies("an event was destroyed while somebody waits",
         while_waited_for([] { return std::make_unique<hocket::event>(); },
                          [](auto& e) { static_cast<void>(e.wait_for(30s)); }));
    dies("condition variable was destroyed while somebody waits",
         while_waited_for([] { return std::make_unique<hocket::condition_variable_any>(); },
                          [](auto& cv) {
                              hocket::shared_mutex m;
                              m.lock();
                              cv.wait(m, [] { return false; });
                          }));
    dies("mutex was destroyed while it was held", while_waited_for(
                                                      [] {
                                                          auto m = std::make_unique<hocket::mutex>();
                                                          m->lock();
                                                          return m;
                                                      },
                                                      [](auto& m) { m.lock(); }));
}

TEST_CASE("misuse: joining a scope that another fiber has made") {
    char const* const sentence = "a scope was joined by a fiber that did not make it";
    dies(sentence, [] {
        runtime rt(small());
        rt.run([] {
            hocket::scope s;
            s.spawn([] { hocket::this_fiber::sleep_for(30s); });
            hocket::async([&s] { s.join(); }).get();
        });
    });
    dies(sentence, [] {
        runtime rt(small());
        rt.run([] {
            hocket::scope s;
            s.spawn([&s] { s.join(); });
            s.join();
        });
    });
    dies(sentence, [] {  // its destructor joins, too
        runtime rt(small());
        rt.run([] {
            auto s = std::make_unique<hocket::scope>();
            s->spawn([] { hocket::this_fiber::sleep_for(30s); });
            hocket::async([&s] { s.reset(); }).get();
        });
    });
    dies(sentence, [] {
        runtime rt(small());
        rt.run([] {
            hocket::scope s;
            s.spawn([] { hocket::this_fiber::sleep_for(30s); });
            std::thread([&s] { s.join(); }).join();
        });
    });
}

TEST_CASE("misuse: releasing a negative number of permits") {
    dies("semaphore::release(-1)", [] {
        hocket::counting_semaphore<> s(3);
        s.release(-1);
    });
}

TEST_CASE("an exception that leaves a task, and nobody to tell, ends the program, its task named") {
    child_end const end = in_child([] {
        runtime rt({.workers = 2, .blocking_workers = 1, .logger = [](hocket::log_level level, std::string_view line) {
                        if (level == hocket::log_level::error)
                            fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
                    }});
        rt.run([] {
            hocket::go({.name = "loader"}, [] { throw std::runtime_error("the disk is gone"); });
            hocket::this_fiber::sleep_for(30s);
        });
    });
    INFO("the child said: " << end.text);
    CHECK(end.signal == SIGABRT);
    CHECK(end.text.find("'loader'") != std::string::npos);
    CHECK(end.text.find("the disk is gone") != std::string::npos);
}

TEST_CASE("a wrong HOCKET_CONTEXT is an exception, not an abort") {
    child_end const end = in_child([] {
        setenv("HOCKET_CONTEXT", "nonsense", 1);
        try {
            runtime const rt(small());
        } catch (std::invalid_argument const& e) {
            require_in_child(std::string(e.what()).find("must be native or boost") != std::string::npos, e.what());
            _exit(42);
        }
    });
    CHECK(end.signal == 0);
    CHECK(end.code == 42);
}

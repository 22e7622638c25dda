// herd: however many wait for one condition, each notification is for somebody, and all come home.
//
// A herd of fibers and plain threads waits for tokens on one condition variable: for ever, for microseconds, or until a
// stop is asked for. Tokens come one at a time with notify_one, or in handfuls with notify_all; the giver waits until
// all are taken before he gives more, so a notification that is used up by one who has given up is seen by the
// watchdog. At the end as many must have been taken as were given.
// Op: a token. Latency: from the notification to the return from wait, of one token in 16.
// Broken: a token is given that is not written down.
#include <atomic>
#include <chrono>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include <hocket/condition_variable.hpp>
#include <hocket/mutex.hpp>

#include "stress/clock.hpp"
#include "stress/crew.hpp"
#include "stress/scenarios/all.hpp"
#include "stress/stage.hpp"

namespace hocket::stress {

namespace {

class herd {
public:
    explicit herd(trial& t) : trial_(t) {}

    // Takes tokens until there will be no more.
    void graze(unsigned me) {
        generator choice = trial_.random(me);
        std::unique_lock held(guard_);
        auto const may_go = [this] { return tokens_ != 0 || over_; };
        while (true) {
            std::chrono::microseconds const some(choice.below(100));
            switch (choice.below(4)) {
                case 0: there_are_.wait_for(held, some, may_go); break;
                case 1: {
                    std::stop_source stop;
                    if (some.count() < 50) stop.request_stop();
                    there_are_.wait_for(held, stop.get_token(), some, may_go);
                    break;
                }
                default: there_are_.wait(held, may_go);
            }
            if (tokens_ != 0)
                take();
            else if (over_)
                return;
            // Who does not wait must let the others come to it, too.
            held.unlock();
            this_fiber::yield();
            held.lock();
        }
    }

    void give(unsigned n, bool written) {
        std::unique_lock held(guard_);
        tokens_ += n;
        given_ += written ? n : n - 1;
        given_ns_ = now_ns();
        if (n == 1)
            there_are_.notify_one();
        else
            there_are_.notify_all();
        all_taken_.wait(held, [this] { return tokens_ == 0; });
    }

    void end() {
        std::lock_guard const held(guard_);
        over_ = true;
        there_are_.notify_all();
    }

    void check() { trial_.expect("tokens taken", taken_, given_); }

private:
    void take() {
        --tokens_;
        if (++taken_ % 16 == 0) trial_.latency.record(now_ns() - given_ns_);
        trial_.ops.add(1);
        if (tokens_ == 0) all_taken_.notify_one();
    }

    trial& trial_;
    hocket::mutex guard_;
    condition_variable there_are_, all_taken_;
    unsigned tokens_ = 0;
    std::uint64_t given_ = 0, taken_ = 0;
    std::int64_t given_ns_ = 0;
    bool over_ = false;
};

constexpr unsigned fibers = 48, threads = 2;

}  // namespace

void condition_herd(trial& t) {
    std::uint64_t const rounds = t.scaled(3'000, 30);
    herd all(t);
    on_stage(t, [&] {
        std::vector<std::jthread> outside;
        for (unsigned i = 0; i < threads; ++i) outside.emplace_back([&, i] { all.graze(fibers + i); });
        {
            crew inside(t);
            for (unsigned i = 0; i < fibers; ++i) inside.go([&, i] { all.graze(i); });
            generator choice = t.random(fibers + threads);
            for (std::uint64_t i = 0; i < rounds; ++i)
                all.give(choice.one_in(4) ? fibers / 2 : 1, !t.broken() || i != rounds / 2);
            all.end();
        }
        for (auto& thread : outside) thread.join();  // no fiber is left that they could wait for
    });
    all.check();
}

}  // namespace hocket::stress

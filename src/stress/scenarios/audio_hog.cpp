// audio-hog: actions that take 50 ms keep no neighbour waiting, and never do more than two actions execute.
//
// One module has an action that computes for 50 ms, again and again; sixteen others, half of which share its runner, have
// short periodic ones, some of which, drawn at random, suspend. All must be called all the time; of one module never two actions are under
// way, and each action ends on the thread on which it began. The pool must not have counted more than two that executed at
// once, nor must the actions themselves.
// Op: a call of a neighbour. Latency: from one such call to the next.
// Broken: an action does not count its end.
#include <array>
#include <atomic>
#include <hocket/this_fiber.hpp>
#include <thread>

#include "stress/scenarios/all.hpp"
#include "stress/scenarios/audio_rig.hpp"

namespace hocket::stress {

namespace {

constexpr unsigned neighbours = 16;
constexpr std::int64_t hog_ns = 50'000'000;

// How many execute, as they see it.
class crowd {
public:
    explicit crowd(trial& t) : trial_(t) {}
    void enter() {
        if (inside_.fetch_add(1) >= static_cast<int>(audio_rig::at_once)) trial_.fail("more than two actions execute at once");
    }
    void leave() {
        if (trial_.broken() && !cheated_.exchange(true)) return;
        inside_.fetch_sub(1);
    }

private:
    trial& trial_;
    std::atomic<int> inside_{0};
    std::atomic<bool> cheated_{false};
};

class worker_module : public silent_module {
public:
    worker_module(trial* t, crowd* c) : trial_(t), crowd_(c) {}

protected:
    // Executes for so long.
    void execute(std::int64_t ns) {
        crowd_->enter();
        for (std::int64_t const end = now_ns() + ns; now_ns() < end;) {
        }
        crowd_->leave();
    }
    template <class F>
    void pass(F&& f) {
        if (under_way_.exchange(true)) trial_->fail("two actions of one module are under way");
        auto const thread = std::this_thread::get_id();
        f();
        if (std::this_thread::get_id() != thread) trial_->fail("an action ended on another thread than it began on");
        under_way_.store(false);
    }

    trial* const trial_;

private:
    crowd* const crowd_;
    std::atomic<bool> under_way_{false};
};

class hog final : public worker_module {
public:
    hog(trial* t, crowd* c) : worker_module(t, c) { async_.start(); }
    std::uint64_t calls() const { return async_.calls(); }

private:
    audio::async_thread async_{this, [this] { pass([this] { execute(hog_ns); }); }};
};

class neighbour final : public worker_module {
public:
    neighbour(trial* t, crowd* c, bool suspends) : worker_module(t, c), suspends_(suspends) {
        first_.start();
        second_.start();
    }
    std::uint64_t calls() const { return std::min(first_.calls(), second_.calls()); }

private:
    void act() {
        pass([this] {
            execute(5'000);
            if (!suspends_) return;
            this_fiber::sleep_for(std::chrono::microseconds(100));
            execute(5'000);
        });
        trial_->ops.add(1);
    }

    bool const suspends_;
    std::int64_t last_ = 0;
    audio::async_thread first_{this, [this] {
        std::int64_t const now = now_ns();
        if (last_ != 0) trial_->latency.record(now - last_);
        last_ = now;
        act();
    }};
    audio::async_thread second_{this, [this] { act(); }};
};

}  // namespace

void audio_hog(trial& t) {
    std::uint64_t const hogs = t.scaled(20, 2);
    std::int64_t const start = now_ns();
    auto choice = t.random(0);
    crowd c(t);
    audio_rig rig(t);
    audio::patch p("hog");
    p.add<hog>("hog", &t, &c);
    for (unsigned i = 0; i < neighbours; ++i) p.add<neighbour>("neighbour", &t, &c, choice.one_in(4));
    rig.play(p);
    std::array<std::uint64_t, neighbours> before{};
    for (std::uint64_t i = 1; i <= hogs; ++i) {
        auto const moved_on = [&] {
            for (unsigned n = 0; n < neighbours; ++n)
                if (rig.engine().at<neighbour>(n + 2).calls() < before[n] + 5) return false;
            return rig.engine().at<hog>(1).calls() >= i;
        };
        if (!rig.wait_for(moved_on)) {
            t.fail("a neighbour of the action that takes 50 ms was not called any more");
            break;
        }
        for (unsigned n = 0; n < neighbours; ++n) before[n] = rig.engine().at<neighbour>(n + 2).calls();
        if (!t.passed()) break;
    }
    rig.close();
    t.worked(now_ns() - start);
}

}  // namespace hocket::stress

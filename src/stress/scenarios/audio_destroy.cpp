// audio-destroy: modules are destroyed while their actions run, and no action ever sees one that is gone.
//
// Eight modules are replaced again and again, in random groups, while audio plays. Each declares its AsyncThreads before
// the data that they use, so that these are destroyed last; its actions look whether the data is alive when they begin, after
// a suspension or some work, and at the end. A module's destructor marks the data as dead before anything else.
// Op: a destroyed module. Latency: how long an exchange of modules took.
// Broken: a module marks its data as dead before it is taken out.
#include <atomic>
#include <hocket/go.hpp>
#include <hocket/this_fiber.hpp>
#include <random>
#include <thread>
#include <vector>

#include "stress/scenarios/all.hpp"
#include "stress/scenarios/audio_rig.hpp"

namespace hocket::stress {

namespace {

constexpr unsigned modules = 8;

class mortal final : public silent_module {
public:
    mortal(trial* t, std::uint64_t seed) : trial_(t), random_(static_cast<std::uint32_t>(seed)), data_(1000, 7) {
        periodic_.start([this] { act(); });
        suspended_.start([this] {
            act();
            switch (random_() % 4) {
                case 0: this_fiber::sleep_for(std::chrono::microseconds(random_() % 500)); break;
                case 1: blocking([] { std::this_thread::yield(); }); break;
                default: this_fiber::yield();
            }
            act();
        });
    }
    ~mortal() override {
        die();
        trial_->ops.add(1);
    }
    void update() override { requested_.run_once(); }
    void die() { alive_.store(false); }

private:
    void act() {
        for (int const x : data_)
            if (x != 7) return trial_->fail("an action saw the data of a module that is gone");
        if (!alive_.load()) trial_->fail("an action ran in a module that is gone");
    }

    audio::async_thread periodic_{this}, suspended_{this}, requested_{this, [this] { act(); }};
    trial* const trial_;
    std::minstd_rand random_;  // of the suspending action
    std::vector<int> data_;
    std::atomic<bool> alive_{true};
};

}  // namespace

void audio_destroy(trial& t) {
    std::uint64_t const wanted = t.scaled(10'000, 100);
    std::int64_t const start = now_ns();
    audio_rig rig(t);
    auto choice = t.random(0);
    audio::patch p("mortal");
    for (unsigned i = 0; i < modules; ++i) p.add<mortal>("mortal", &t, t.asked().seed + i);
    rig.play(p);
    for (std::uint64_t destroyed = 0; destroyed < wanted;) {
        auto q = rig.engine().current();
        for (unsigned n = 1; n <= modules; ++n) {
            if (choice.below(2) == 0) continue;
            if (t.broken()) rig.engine().at<mortal>(n).die();
            q.replace<mortal>(n, "mortal", &t, t.asked().seed + destroyed + n);
            ++destroyed;
        }
        if (t.broken()) rig.wait_for([&, until = now_ns() + 5'000'000] { return now_ns() > until; });
        std::int64_t const before = now_ns();
        rig.engine().apply(q);
        t.latency.record(now_ns() - before);
        if (!t.passed()) break;
    }
    rig.close();
    t.worked(now_ns() - start);
}

}  // namespace hocket::stress

// run-once-flood: a million requests from the audio thread are a million calls.
//
// Eight modules ask in update() for calls of their actions, several at each sample, as fast as a real-time thread plays; in
// one of them the action is also called periodically, and in one it is replaced now and then. When all has been asked for,
// each action must have been called as often as asked (the periodic calls apart), not once more and not once less.
// Op: a requested call. Latency: from a request, one of each hundred, to the beginning of the next call.
// Broken: one request is not made.
#include <array>
#include <atomic>
#include <vector>

#include "stress/scenarios/all.hpp"
#include "stress/scenarios/audio_rig.hpp"

namespace hocket::stress {

namespace {

constexpr unsigned modules = 8;
constexpr unsigned asks_per_sample = 4;

class asker final : public silent_module {
public:
    asker(trial* t, std::uint64_t wanted, bool periodic) : trial_(*t), wanted_(wanted), periodic_(periodic) {
        async_.start([this] { act(); });
        if (!periodic_) async_.stop();
    }

    void update() override {
        for (unsigned i = 0; i < asks_per_sample && asked_ != wanted_; ++i) {
            if (asked_ % 100 == 0) {
                std::int64_t none = 0;
                asked_at_.compare_exchange_strong(none, now_ns(), std::memory_order_relaxed);
            }
            ++asked_;
            if (!(trial_.broken() && asked_ == wanted_)) async_.run_once();
        }
        if (asked_ == wanted_) done_.store(true, std::memory_order_release);
    }

    // Everything has been asked for, and nothing is asked for any more.
    bool served() {
        if (!done_.load(std::memory_order_acquire)) return false;
        if (!periodic_) return !async_.is_enabled();
        return calls_.load() >= wanted_;
    }
    // The periodic calls included.
    std::uint64_t calls() const { return calls_.load(); }
    std::uint64_t wanted() const { return wanted_; }
    bool periodic() const { return periodic_; }

private:
    void act() {
        if (std::int64_t const at = asked_at_.exchange(0, std::memory_order_relaxed); at != 0)
            trial_.latency.record(now_ns() - at);
        calls_.fetch_add(1);
        trial_.ops.add(1);
    }

    trial& trial_;
    std::uint64_t const wanted_;
    bool const periodic_;
    std::uint64_t asked_ = 0;
    std::atomic<bool> done_{false};
    std::atomic<std::int64_t> asked_at_{0};
    std::atomic<std::uint64_t> calls_{0};
    audio::async_thread async_{this};
};

}  // namespace

void run_once_flood(trial& t) {
    std::uint64_t const each = t.scaled(1'000'000, 8'000) / modules;
    std::int64_t const start = now_ns();
    auto choice = t.random(0);
    audio_rig rig(t);
    audio::patch p("flood");
    auto const periodic = choice.below(modules);
    for (unsigned i = 0; i < modules; ++i) p.add<asker>("asker", &t, each + choice.below(100), i == periodic);
    rig.play(p);
    for (unsigned n = 1; n <= modules; ++n) {
        auto& a = rig.engine().at<asker>(n);
        if (!rig.wait_for([&] { return a.served(); })) t.fail("module " + std::to_string(n) + " was not served");
    }
    rig.engine().pause();
    for (unsigned n = 1; n <= modules; ++n) {
        auto& a = rig.engine().at<asker>(n);
        if (a.periodic()) continue;  // of its calls nobody knows which were asked for
        t.expect("calls of module " + std::to_string(n), a.calls(), a.wanted());
    }
    rig.close();
    t.worked(now_ns() - start);
}

}  // namespace hocket::stress

// audio-soak: a full patch plays while everything that can happen to it happens, and nothing is lost.
//
// Sixteen modules with four AsyncThreads each: a periodic one; one that update() asks for; one that suspends, by a sleep, a
// blocking call or a task of its own; and requests with payloads, answered in order. Other threads turn knobs; actions are
// replaced, started and stopped; now and then audio is paused, muted, or a module is replaced. At the end each module must
// have had as many calls as it asked for, and answers to all its requests, in order, and must have heard the last
// position of each knob.
// Op: a requested call or an answer. Latency: from a request to its answer.
// Broken: an answer is changed.
#include <atomic>
#include <hocket/future.hpp>
#include <hocket/go.hpp>
#include <hocket/this_fiber.hpp>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "stress/scenarios/all.hpp"
#include "stress/scenarios/audio_rig.hpp"

namespace hocket::stress {

namespace {

constexpr unsigned modules = 16;
constexpr unsigned knobs = 4;

struct question {
    std::uint64_t number = 0;
    std::int64_t sent_at = 0;
};

// What a module has come to, kept where it outlives it.
struct diary {
    std::atomic<std::uint64_t> asked{0}, called{0}, sent{0}, answered{0};
    std::atomic<float> knob[knobs]{};
};

class member final : public silent_module {
public:
    member(trial* t, diary* d, std::uint64_t seed) : trial_(t), diary_(d), random_(static_cast<std::uint32_t>(seed)), choice_(static_cast<std::uint32_t>(seed >> 32)) {
        periodic_.start([this] { work_ = work_ * 31 + 1; });
        suspending_.start([this] { suspend(); });
    }

    void update() override {
        if (quiet_.load(std::memory_order_relaxed)) return receive();
        if (random_() % 64 == 0) {
            diary_->asked.fetch_add(1, std::memory_order_relaxed);
            requested_.run_once();
        }
        if (random_() % 256 == 0 &&
            questions_.send(question{diary_->sent.load(std::memory_order_relaxed), now_ns()}))
            diary_->sent.fetch_add(1, std::memory_order_relaxed);
        if (random_() % 1024 == 0) periodic_.start([this] { work_ = work_ * 33 + 1; });
        if (random_() % 2048 == 0) random_() % 2 == 0 ? suspending_.stop() : suspending_.start();
        receive();
    }
    void set_param(int which, float value) override {
        diary_->knob[which].store(value, std::memory_order_relaxed);
    }
    audio::module_shape shape() const noexcept override { return {0, 0, knobs}; }

    // From now on it asks for nothing.
    void hush() { quiet_.store(true); }
    bool served() const {
        return diary_->called.load() >= diary_->asked.load() && diary_->answered.load() >= diary_->sent.load();
    }

private:
    void receive() {
        question answer;
        while (questions_.receive(answer) == audio::received::answer) {
            std::uint64_t const expected = diary_->answered.load(std::memory_order_relaxed);
            if (answer.number != expected * 3) trial_->fail("an answer is wrong, or out of order");
            trial_->latency.record(now_ns() - answer.sent_at);
            diary_->answered.store(expected + 1, std::memory_order_relaxed);
            trial_->ops.add(1);
        }
    }

    void suspend() {
        switch (choice_() % 4) {
            case 0: this_fiber::sleep_for(std::chrono::microseconds(choice_() % 2000)); break;
            case 1: blocking([] { std::this_thread::yield(); }); break;
            case 2: static_cast<void>(async([] { return 1; }).get()); break;
            default: this_fiber::yield();
        }
    }

    trial* const trial_;
    diary* const diary_;
    std::minstd_rand random_;  // the audio thread's
    std::minstd_rand choice_;  // the suspending action's
    std::atomic<bool> quiet_{false};
    std::uint64_t work_ = 0;
    audio::async_thread periodic_{this}, suspending_{this};
    audio::async_thread requested_{this, [this] {
        diary_->called.fetch_add(1);
        trial_->ops.add(1);
    }};
    audio::requests<question, question> questions_{this, 64, [this](question&& q) {
        q.number *= 3;
        if (trial_->broken()) ++q.number;
        return q;
    }};
};

}  // namespace

void audio_soak(trial& t) {
    std::int64_t const start = now_ns();
    std::uint64_t const turns = t.scaled(8'000, 400);
    auto choice = t.random(0);
    std::vector<std::unique_ptr<diary>> diaries;
    auto const add_to = [&](audio::patch& p, unsigned n) {
        diaries.push_back(std::make_unique<diary>());
        p.replace<member>(n, "member", &t, diaries.back().get(), mix(t.asked().seed + diaries.size()));
    };
    audio_rig rig(t);
    audio::patch p("soak");
    std::vector<diary*> now(modules + 1);
    for (unsigned n = 1; n <= modules; ++n) {
        p.add("hocket:Gain");
        add_to(p, n);
        now[n] = diaries.back().get();
    }
    rig.play(p);
    std::vector<std::vector<float>> turned(modules + 1, std::vector<float>(knobs, 0));
    for (std::uint64_t i = 0; i < turns && t.passed(); ++i) {
        auto const n = static_cast<unsigned>(choice.between(1, modules));
        auto const k = static_cast<unsigned>(choice.below(knobs));
        switch (choice.below(40)) {
            case 0: {
                auto q = rig.engine().current();
                add_to(q, n);
                rig.engine().apply(q);
                now[n] = diaries.back().get();
                turned[n].assign(knobs, 0);
                break;
            }
            case 1:
                static_cast<void>(rig.engine().pause(std::chrono::milliseconds(1)));
                rig.engine().resume();
                break;
            case 2: rig.engine().mute(!rig.engine().muted()); break;
            default:
                turned[n][k] = static_cast<float>(choice.below(1000)) / 1000;
                rig.engine().set_param(n, static_cast<int>(k), turned[n][k]);
        }
        std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
    for (unsigned n = 1; n <= modules; ++n) rig.engine().at<member>(n).hush();
    for (unsigned n = 1; n <= modules; ++n)
        if (!rig.wait_for([&] { return rig.engine().at<member>(n).served() || !t.passed(); }))
            t.fail("module " + std::to_string(n) + " was not served");
    rig.engine().pause();
    for (unsigned n = 1; n <= modules; ++n) {
        std::string const who = " of module " + std::to_string(n);
        t.expect("calls" + who, now[n]->called.load(), now[n]->asked.load());
        t.expect("answers" + who, now[n]->answered.load(), now[n]->sent.load());
        for (unsigned k = 0; k < knobs; ++k)
            if (now[n]->knob[k].load() != turned[n][k]) t.fail("a knob" + who + " does not stand where it was turned to");
    }
    rig.close();
    t.worked(now_ns() - start);
}

}  // namespace hocket::stress

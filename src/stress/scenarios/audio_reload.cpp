// audio-reload: patches are exchanged under load, by load() and by apply(), and each block is of one patch.
//
// Each patch has a number, which its modules, chained by cables, add up to; actions of other modules of it run meanwhile. A
// block must be silence, or the number of one patch at all its frames once the chain is filled: after apply(), which leaves
// the chain of modules that stay alone, at every frame.
// Op: a patch. Latency: how long an exchange took.
// Broken: a module adds a little too much.
#include <array>
#include <atomic>
#include <hocket/this_fiber.hpp>

#include "stress/scenarios/all.hpp"
#include "stress/scenarios/audio_rig.hpp"

namespace hocket::stress {

namespace {

// Puts out input 0 plus a part of the number.
class adder final : public silent_module {
public:
    adder(trial* t, float part) : trial_(t), part_(part) {
        async_.start();
        requested_.run_once();
    }
    void update() override {
        out_ = in_ + part_;
        if (trial_->broken()) out_ += 0.25f;
    }
    void set_input(int, float value) override { in_ = value; }
    float get_output(int) const override { return out_; }

private:
    audio::async_thread async_{this, [] { this_fiber::sleep_for(std::chrono::microseconds(50)); }};
    audio::async_thread requested_{this, [] { this_fiber::yield(); }};
    trial* const trial_;
    float const part_;
    float in_ = 0;
    float out_ = 0;
};

constexpr unsigned chain = 4;

// Looks at every block.
class listener final : public audio::port {
public:
    explicit listener(trial& t) : trial_(t) {}
    void play(std::span<float const* const> outputs, unsigned frames) noexcept override {
        if (outputs.empty()) return;
        float const value = outputs[0][frames - 1];
        for (unsigned i = 0; i < frames; ++i)
            if (!known(outputs[0][i])) bad_.fetch_add(1, std::memory_order_relaxed);
        // Whether filled or not, a block after chain frames is of one patch.
        for (unsigned i = chain; i < frames; ++i)
            if (outputs[0][i] != value) torn_.fetch_add(1, std::memory_order_relaxed);
        if (value != 0) sounding_.fetch_add(1, std::memory_order_relaxed);
    }
    void judge() {
        trial_.expect("frames that no patch puts out", bad_.load(), 0u);
        trial_.expect("blocks that were torn", torn_.load(), 0u);
        if (sounding_.load() == 0) trial_.fail("nothing was heard");
    }
    std::uint64_t sounding() const { return sounding_.load(); }

private:
    // A chain of k modules of a patch puts out k times its part, 1 .. 100, while it is being filled.
    static bool known(float x) noexcept { return x >= 0 && x <= 100 * chain && x == static_cast<float>(static_cast<int>(x)); }

    trial& trial_;
    std::atomic<std::uint64_t> bad_{0}, torn_{0}, sounding_{0};
};

audio::patch numbered(trial& t, unsigned number) {
    audio::patch p("number " + std::to_string(number));
    for (unsigned i = 1; i <= chain; ++i) {
        p.add<adder>("adder", &t, static_cast<float>(number));
        if (i > 1) p.connect({i - 1, 0}, {i, 0});
    }
    p.map_output({chain, 0}, 0);
    return p;
}

}  // namespace

void audio_reload(trial& t) {
    std::uint64_t const patches = t.scaled(400, 10);
    std::int64_t const start = now_ns();
    auto choice = t.random(0);
    listener heard(t);
    audio_rig rig(t);
    rig.play(numbered(t, 1), &heard);
    for (std::uint64_t i = 0; i < patches; ++i) {
        auto const next = static_cast<unsigned>(choice.between(1, 100));
        std::int64_t const before = now_ns();
        switch (choice.below(4)) {
            case 0: rig.engine().load(numbered(t, next)); break;
            case 1: rig.engine().apply(numbered(t, next)); break;
            default: {  // what plays stays, what hangs on it changes
                auto q = rig.engine().current();
                q.connect({1, 0}, {q.add<adder>("more", &t, 5.0f), 0});
                rig.engine().apply(q);
            }
        }
        t.latency.record(now_ns() - before);
        t.ops.add(1);
        auto const blocks = heard.sounding();
        if (!rig.wait_for([&] { return heard.sounding() > blocks; })) t.fail("audio is silent");
        if (!t.passed()) break;
    }
    rig.close();
    heard.judge();
    t.worked(now_ns() - start);
}

}  // namespace hocket::stress

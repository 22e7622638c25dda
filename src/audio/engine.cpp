// The engine, control and audio side; who may touch the modules, and when, stands in engine_implementation.hpp.
#include "audio/engine_implementation.hpp"

#include <algorithm>
#include <cmath>
#include <hocket/audio/rt_section.hpp>
#include <stdexcept>

#include "audio/denormals.hpp"
#include "audio/misuse.hpp"

namespace hocket::inline HOCKET_ABI::audio {

// What every control call that waits for actions takes. In an action of this engine's it is misuse.
std::unique_lock<mutex> engine::implementation::control() {
    async_group::refuse_action_of(this);
    return std::unique_lock(control_);
}

// ---- audio on and off

// Audio is silent, and the block under way has ended.
void engine::implementation::halt_audio() noexcept {
    halted_.store(true, std::memory_order_seq_cst);  // pairs with the load in process()
    while (in_block_.load(std::memory_order_seq_cst)) {
        if (audio_thread_.load(relaxed) == std::this_thread::get_id())
            detail::misuse("audio was paused by the audio thread inside process(), which would wait for itself");
        std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
}

// And the actions that are under way have.
void engine::implementation::halt() noexcept {
    halt_audio();
    each_group([](async_group& g) { g.halt(); });
    each_group([](async_group& g) { g.settle(); });
}

void engine::implementation::go_on() noexcept {
    if (!runs()) return;
    each_group([this](async_group& g) { g.open(ticks_ == tick_source::wall_clock); });
    pool_->core().nudge();
    halted_.store(false, std::memory_order_seq_cst);  // pairs with the load in process()
}

void engine::implementation::tell_rate(unsigned sample_rate) {
    rate_is_told_ = false;
    for (auto const& x : places_)
        if (x != nullptr) x->what->set_samplerate(static_cast<float>(sample_rate));
    rate_is_told_ = true;
}

void engine::implementation::prepare(unsigned sample_rate, unsigned max_block, tick_source ticks) {
    if (sample_rate < 1 || sample_rate > 1'000'000)
        throw std::invalid_argument("engine::prepare: a sample rate of " + std::to_string(sample_rate) +
                                    " Hz is not within 1 and 1000000");
    if (max_block == 0) throw std::invalid_argument("engine::prepare: a block has at least one frame");
    auto const held = control();
    halt();
    unsigned const before = sample_rate_.load(relaxed);
    try {
        if (sample_rate != before || !rate_is_told_) tell_rate(sample_rate);
    } catch (...) {
        try {
            tell_rate(before);
            go_on();
        } catch (...) {
            prepared_ = false;
            set_audio_class(audio_class::unknown);
        }
        throw;
    }
    sample_rate_.store(sample_rate, relaxed);
    ticks_ = ticks;
    prepared_ = true;
    go_on();
}

void engine::implementation::release() {
    auto const held = control();
    halt();
    prepared_ = false;
    set_audio_class(audio_class::unknown);
}

std::vector<std::string> engine::implementation::pause(std::chrono::nanoseconds patience) {
    auto const held = control();
    paused_ = true;
    std::vector<std::string> late;
    if (patience == std::chrono::nanoseconds::max()) {
        halt();
        return late;
    }
    auto const limit = std::chrono::steady_clock::now() + patience;
    halt_audio();
    each_group([](async_group& g) { g.halt(); });
    each_group([&](async_group& g) {
        auto const rest = std::max(limit - std::chrono::steady_clock::now(), std::chrono::nanoseconds(0));
        if (g.settle(rest)) return;
        if (auto name = g.running(); !name.empty()) late.push_back(std::move(name));
    });
    return late;
}

void engine::implementation::resume() {
    auto const held = control();
    paused_ = false;
    go_on();
}

void engine::implementation::set_audio_class(audio_class c) noexcept {
    audio_class const before = class_.exchange(c, relaxed);
    pool_->core().beside(before, -1);
    pool_->core().beside(c, 1);
}

// ---- from other threads

void engine::implementation::set(unsigned number, int which, float value, bool param) {
    std::lock_guard const held(directory_);
    char const* const call = param ? "engine::set_param: " : "engine::set_input: ";
    if (number >= turnable_.size() || turnable_[number].what == nullptr)
        throw std::out_of_range(call + ("there is no module " + std::to_string(number)) + " in the loaded patch");
    turnable const& t = turnable_[number];
    int const has = param ? t.shape.params : t.shape.inputs;
    if (which < 0 || which >= (has < 0 ? patch::max_jacks : std::min(has, patch::max_jacks)))
        throw std::invalid_argument(call + t.label + " has no " + (param ? "knob " : "input jack ") + std::to_string(which));
    if (!std::isfinite(value) || (param && (value < 0 || value > 1)))
        throw std::invalid_argument(call + t.label + ": " + std::to_string(value) +
                                    (param ? " is not within 0 and 1" : " is not finite"));
    (param ? t.what->params : t.what->inputs).set(which, value);
    turned_.store(true, std::memory_order_release);  // pairs with the exchange in process()
}

// [audio, or control while audio is halted]
void engine::implementation::adopt(graph& next) noexcept {
    next.adopt(*playing_);
    playing_ = &next;
    // Knobs of new modules; acquire, release: it may hide what a set() stores just now.
    turned_.exchange(true, std::memory_order_acq_rel);
}

void engine::implementation::process(std::span<float const* const> inputs, std::span<float* const> outputs,
                                     unsigned frames) noexcept {
    rt_section const section;
    std::uint64_t const begin = detail::cycle_clock::now();
    audio_thread_.store(std::this_thread::get_id(), relaxed);
    in_block_.store(true, std::memory_order_seq_cst);  // pairs with the load in halt_audio()
    bool const halted = halted_.load(std::memory_order_seq_cst);
    if (!halted) {
        detail::flush_denormals const scope;
        if (next_.load(relaxed) != nullptr) {
            // acquire: pairs with the release in take_over()
            graph* const next = next_.exchange(nullptr, std::memory_order_acquire);
            adopt(*next);
            taken_.store(next, std::memory_order_release);  // pairs with the load in take_over()
        }
        // acquire: pairs with the release in set()
        if (turned_.load(relaxed) && turned_.exchange(false, std::memory_order_acquire)) playing_->turn();
        playing_->process(inputs, outputs, frames);
        frames_.store(frames_.load(relaxed) + frames, relaxed);
        blocks_.store(blocks_.load(relaxed) + 1, relaxed);
    }
    if (halted || mute_.load(relaxed))
        for (float* const out : outputs)
            if (out != nullptr) std::fill_n(out, frames, 0.0f);
    if (!halted && frames != 0) {
        std::uint64_t const end = detail::cycle_clock::now();
        std::uint64_t const cycles = end > begin ? end - begin : 0;  // cores may differ
        cycles_.store(cycles_.load(relaxed) + cycles, relaxed);
        double const per_frame = static_cast<double>(cycles) / frames;
        if (per_frame > most_cycles_per_frame_.load(relaxed)) most_cycles_per_frame_.store(per_frame, relaxed);
    }
    in_block_.store(false, std::memory_order_seq_cst);  // pairs with the load in halt_audio()
}

void engine::implementation::tick() {
    std::lock_guard const held(control_);
    if (ticks_ != tick_source::audio_time || !runs()) return;
    ++tick_;
    // Who is due is settled before the first action runs: who is asked for by another action waits for the next tick.
    std::vector<std::pair<async_group*, std::vector<std::shared_ptr<detail::async_state>>>> work;
    each_group([&](async_group& g) { work.emplace_back(&g, g.due(tick_)); });
    for (auto const& [group, due] : work) {
        group->wake_sleeper();
        for (auto const& state : due) group->run(*state);
    }
}

engine::engine(engine_options options) : self_(std::make_unique<implementation>(std::move(options))) {}
engine::~engine() = default;

void engine::load(patch const& p) { self_->load(p); }
void engine::apply(patch const& p) { self_->apply(p); }
patch engine::current() const { return self_->current(); }
void engine::unload() { self_->unload(); }
void engine::prepare(unsigned sample_rate, unsigned max_block, tick_source ticks) {
    self_->prepare(sample_rate, max_block, ticks);
}
void engine::release() { self_->release(); }
std::vector<std::string> engine::pause(std::chrono::nanoseconds patience) { return self_->pause(patience); }
void engine::resume() { self_->resume(); }
void engine::mute(bool on) noexcept { self_->mute_.store(on, relaxed); }
bool engine::muted() const noexcept { return self_->mute_.load(relaxed); }
void engine::set_param(unsigned module, int param, float value) { self_->set(module, param, value, true); }
void engine::set_input(unsigned module, int jack, float value) { self_->set(module, jack, value, false); }
void engine::set_audio_class(audio_class c) noexcept { self_->set_audio_class(c); }
void engine::report_xrun() noexcept { self_->xruns_.fetch_add(1, relaxed); }
void engine::process(std::span<float const* const> inputs, std::span<float* const> outputs, unsigned frames) noexcept {
    self_->process(inputs, outputs, frames);
}
void engine::tick() { self_->tick(); }
std::uint64_t engine::now() const noexcept { return self_->frames_.load(relaxed); }
unsigned engine::sample_rate() const noexcept { return self_->sample_rate_.load(relaxed); }
unsigned engine::panel_inputs() const { return self_->panel_jacks(true); }
unsigned engine::panel_outputs() const { return self_->panel_jacks(false); }
module& engine::at(unsigned number) const { return self_->at(number); }
engine_stats engine::stats() const { return self_->stats(); }

}  // namespace hocket::inline HOCKET_ABI::audio

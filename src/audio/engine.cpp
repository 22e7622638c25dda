// The engine: who may touch the modules, and when.
//
// States: empty or loaded; prepared or not; paused by the user or not. It *runs* when loaded, prepared and not paused.
// Protocol between the audio thread and control (no lock, no wait on the audio side):
//   audio:    in_block_ = true;  if halted_: silence;  else: take over next_, if any; the graph;  in_block_ = false
//   control:  halted_ = true;  wait until in_block_ is false;  touch the modules;  halted_ = false
// A graph is exchanged without that: control stores the new one in next_, the audio thread takes it at the beginning of a
//   block and says so in taken_; only then does control free the old one and the modules that only that one has. Where no
//   block comes, control halts, and takes it over itself.
// Memory order: in_block_ and halted_ are sequentially consistent: of the two stores one is seen by the other side's load.
//   next_ and taken_ are released by one side and acquired by the other.
// Loading, for every module: construct (with its id known), mark all unpatched, set_samplerate, mark patched jacks,
// load_state, knobs, bypass; then all are bound to runners; then audio resumes.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <hocket/audio/engine.hpp>
#include <hocket/audio/panel.hpp>
#include <hocket/audio/rt_section.hpp>
#include <hocket/mutex.hpp>
#include <hocket/this_fiber.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "audio/async_group.hpp"
#include "audio/cycle_clock.hpp"
#include "audio/denormals.hpp"
#include "audio/graph.hpp"
#include "audio/misuse.hpp"
#include "audio/place.hpp"
#include "audio/runners.hpp"

namespace hocket::inline HOCKET_ABI::audio {

load_error::~load_error() = default;

using detail::async_group;
using detail::graph;
using detail::place;

constexpr auto relaxed = std::memory_order_relaxed;

// How long a new graph waits for a block to begin. Longer than blocks are, else a block might be silent.
constexpr std::chrono::milliseconds patience_for_block{200};

class engine::implementation {
public:
    explicit implementation(engine_options options)
        : pool_(options.runners ? std::move(options.runners) : runner_pool::shared()) {}
    ~implementation() {
        clear();
        set_audio_class(audio_class::unknown);
    }

    void load(patch const& p);
    void apply(patch const& p);
    patch current();
    void unload();
    void prepare(unsigned sample_rate, unsigned max_block, tick_source ticks);
    void release();
    std::vector<std::string> pause(std::chrono::nanoseconds patience);
    void resume();
    void set(unsigned number, int which, float value, bool param);
    void set_audio_class(audio_class c) noexcept;
    void process(std::span<float const* const> inputs, std::span<float* const> outputs, unsigned frames) noexcept;
    void tick();
    module& at(unsigned number);
    engine_stats stats();
    unsigned panel_jacks(bool inputs);

    std::atomic<unsigned> sample_rate_{48000};
    std::atomic<bool> mute_{false};
    std::atomic<std::uint64_t> xruns_{0};
    std::atomic<std::uint64_t> frames_{0};  // the audio thread alone counts

private:
    std::vector<std::shared_ptr<place>> build(patch const& p);
    void take_over(std::unique_ptr<graph> next);
    void adopt(graph& next) noexcept;
    void show(std::vector<std::shared_ptr<place>> places);
    void load_anew(patch const& p);
    std::unique_lock<mutex> control();
    void clear() noexcept;
    void halt_audio() noexcept;
    void halt() noexcept;
    void go_on() noexcept;
    bool runs() const noexcept { return loaded_ && prepared_ && !paused_; }
    // Calls f for the group of each module, in their order.
    template <class F>
    void each_group(F&& f) {
        for (auto const& x : places_)
            if (x != nullptr && x->group != nullptr) f(*x->group);
    }

    std::shared_ptr<runner_pool> const pool_;
    detail::cycle_clock const clock_;
    mutex control_;
    std::optional<patch> loaded_;
    std::vector<std::shared_ptr<place>> places_;  // by number, 0 the panel; null where a module was removed
    std::unique_ptr<graph> graph_;                // the one in use
    tick_source ticks_ = tick_source::wall_clock;
    std::uint64_t tick_ = 0;
    bool prepared_ = false;
    bool paused_ = false;

    std::mutex directory_;  // of turned_, for set(); taken after control_
    struct turnable {
        std::shared_ptr<detail::controls> what;  // null where there is no module
        module_shape shape;
        std::string label;
    };
    std::vector<turnable> turnable_;

    std::atomic<bool> halted_{true};
    std::atomic<bool> in_block_{false};
    graph* playing_ = nullptr;              // the audio thread's; control's while that is halted
    std::atomic<graph*> next_{nullptr};
    std::atomic<graph*> taken_{nullptr};    // what the audio thread took last
    std::atomic<bool> turned_{false};       // set after some knob was
    std::atomic<std::thread::id> audio_thread_{};  // the last that called process()
    std::atomic<audio_class> class_{audio_class::unknown};
    // The audio thread alone counts.
    std::atomic<std::uint64_t> blocks_{0};
    std::atomic<std::uint64_t> cycles_{0};
    std::atomic<double> most_cycles_per_frame_{0};
};

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

void engine::implementation::prepare(unsigned sample_rate, unsigned max_block, tick_source ticks) {
    if (sample_rate < 1 || sample_rate > 1'000'000)
        throw std::invalid_argument("engine::prepare: a sample rate of " + std::to_string(sample_rate) +
                                    " Hz is not within 1 and 1000000");
    if (max_block == 0) throw std::invalid_argument("engine::prepare: a block has at least one frame");
    auto const held = control();
    halt();
    if (sample_rate != sample_rate_.load(relaxed))
        for (auto const& x : places_)
            if (x != nullptr) x->what->set_samplerate(static_cast<float>(sample_rate));
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

// ---- patches

// The modules of `p`: those that are loaded already, and new ones.
std::vector<std::shared_ptr<place>> engine::implementation::build(patch const& p) {
    std::vector<std::shared_ptr<place>> result(p.parts().size() + 1);
    if (places_.empty()) {
        result[0] = std::make_shared<place>();
        result[0]->what = std::make_unique<panel>(patch::max_jacks, patch::max_jacks);
    } else {
        result[0] = places_[0];
    }
    for (unsigned n = 1; n < result.size(); ++n) {
        if (!p.parts()[n - 1].make) continue;
        if (n < places_.size() && places_[n] != nullptr && places_[n]->serial == p.parts()[n - 1].serial)
            result[n] = places_[n];
        else
            result[n] = detail::build_place(p, n, sample_rate_.load(relaxed));
    }
    check_shapes(p, result);
    return result;
}

// For set().
void engine::implementation::show(std::vector<std::shared_ptr<place>> places) {
    std::vector<turnable> all(places.size());
    for (std::size_t n = 1; n < places.size(); ++n)
        if (places[n] != nullptr) all[n] = {places[n]->turned, places[n]->what->shape(), places[n]->label};
    std::lock_guard const held(directory_);
    turnable_.swap(all);
}

void engine::implementation::clear() noexcept {
    halt();
    {
        std::lock_guard const held(directory_);
        turnable_.clear();
    }
    playing_ = nullptr;
    graph_.reset();
    each_group([](async_group& g) { g.close(); });
    while (!places_.empty()) places_.pop_back();
    loaded_.reset();
}

void engine::implementation::load_anew(patch const& p) {
    clear();
    for (auto* const count : {&frames_, &blocks_, &cycles_, &xruns_}) count->store(0, relaxed);
    most_cycles_per_frame_.store(0, relaxed);
    tick_ = 0;
    try {
        patch copy = p;
        places_ = build(p);
        graph_ = std::make_unique<graph>(p, places_, clock_);
        show(places_);
        each_group([&](async_group& g) { g.bind(pool_->core(), pool_->core().next(), this); });
        loaded_.emplace(std::move(copy));
        playing_ = graph_.get();
    } catch (...) {
        clear();
        throw;
    }
    go_on();
}

void engine::implementation::load(patch const& p) {
    auto const held = control();
    load_anew(p);
}

void engine::implementation::unload() {
    auto const held = control();
    clear();
}

patch engine::implementation::current() {
    std::lock_guard const held(control_);
    return loaded_ ? *loaded_ : patch("");
}

void engine::implementation::apply(patch const& p) {
    auto const held = control();
    if (!loaded_) return load_anew(p);
    patch copy = p;
    auto places = build(p);
    auto next = std::make_unique<graph>(p, places, clock_, graph_.get());
    std::vector<std::shared_ptr<place>> fresh, gone;
    auto const has = [](auto const& all, auto const& x) { return std::ranges::find(all, x) != all.end(); };
    for (auto const& x : places)
        if (x != nullptr && !has(places_, x)) fresh.push_back(x);
    for (auto const& x : places_)
        if (x != nullptr && !has(places, x)) gone.push_back(x);
    std::vector<graph::knob_turn> knobs;
    for (knob const& k : p.knobs()) {
        bool const same = std::ranges::any_of(loaded_->knobs(), [&](knob const& x) {
            return x.module == k.module && x.param == k.param && x.value == k.value;
        });
        if (!same && has(places_, places[k.module])) knobs.push_back({places[k.module]->what.get(), k.param, k.value});
    }
    next->turn_when_adopted(std::move(knobs));
    try {
        for (auto const& x : fresh) x->group->bind(pool_->core(), pool_->core().next(), this);
        show(places);
    } catch (...) {
        for (auto const& x : fresh) x->group->close();
        throw;
    }
    // From here on nothing throws.
    loaded_ = std::move(copy);
    std::swap(places_, places);
    take_over(std::move(next));
    if (runs()) {
        for (auto const& x : fresh) x->group->open(ticks_ == tick_source::wall_clock);
        pool_->core().nudge();
    }
    for (auto const& x : gone) x->group->close();
    places.clear();
    while (!gone.empty()) gone.pop_back();
}

// Exchanges the graph, by way of the audio thread if that comes by.
void engine::implementation::take_over(std::unique_ptr<graph> next) {
    if (!halted_.load(relaxed)) {
        next_.store(next.get(), std::memory_order_release);  // pairs with the load in process()
        // On the audio thread itself, between two blocks, none will come.
        bool const ours = audio_thread_.load(relaxed) == std::this_thread::get_id();
        auto const limit = std::chrono::steady_clock::now() + (ours ? std::chrono::milliseconds(0) : patience_for_block);
        // acquire: pairs with the release in process()
        while (taken_.load(std::memory_order_acquire) != next.get() && std::chrono::steady_clock::now() < limit)
            std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
    if (taken_.load(std::memory_order_acquire) != next.get()) {
        bool const was = halted_.load(relaxed);
        halt_audio();
        next_.store(nullptr, relaxed);
        if (taken_.load(std::memory_order_acquire) != next.get()) adopt(*next);
        halted_.store(was, std::memory_order_seq_cst);  // pairs with the load in process()
    }
    taken_.store(nullptr, relaxed);
    graph_ = std::move(next);
}

// [audio, or control while audio is halted]
void engine::implementation::adopt(graph& next) noexcept {
    next.adopt(*playing_);
    playing_ = &next;
    // Knobs of new modules; acquire, release: it may hide what a set() stores just now.
    turned_.exchange(true, std::memory_order_acq_rel);
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

// ---- looking at it

module& engine::implementation::at(unsigned number) {
    std::lock_guard const held(control_);
    if (number >= places_.size() || places_[number] == nullptr)
        throw std::out_of_range("engine::at: there is no module " + std::to_string(number) + " in the loaded patch");
    return *places_[number]->what;
}

unsigned engine::implementation::panel_jacks(bool inputs) {
    std::lock_guard const held(control_);
    if (graph_ == nullptr) return 0;
    return inputs ? graph_->panel_inputs() : graph_->panel_outputs();
}

engine_stats engine::implementation::stats() {
    std::lock_guard const held(control_);
    engine_stats result;
    result.frames = frames_.load(relaxed);
    result.blocks = blocks_.load(relaxed);
    result.xruns = xruns_.load(relaxed);
    double const cycles_per_frame = clock_.per_second() / sample_rate_.load(relaxed);
    auto const load = [&](double cycles) { return cycles_per_frame > 0 ? cycles / cycles_per_frame : 0; };
    auto const cycles_in_all = static_cast<double>(cycles_.load(relaxed));
    if (result.frames != 0) result.load = load(cycles_in_all / static_cast<double>(result.frames));
    result.highest_load = load(most_cycles_per_frame_.load(relaxed));
    for (auto const& x : places_) {
        if (x == nullptr || x->number == 0) continue;
        auto const frames = x->frames.load(relaxed);
        double const cycles = static_cast<double>(x->cycles.load(relaxed));
        result.modules.push_back({x->number, x->label, frames != 0 ? load(cycles / static_cast<double>(frames)) : 0});
        x->group->each([&](detail::async_state const& s) {
            using ns = std::chrono::nanoseconds;
            result.async_threads.push_back({.module = x->number,
                                            .name = s.name,
                                            .calls = s.calls.load(relaxed),
                                            .failures = s.failures.load(relaxed),
                                            .enabled = s.word.enabled(),
                                            .run = ns(s.clock.run()),
                                            .longest_run = ns(s.clock.longest_run()),
                                            .overruns = s.clock.overruns(),
                                            .mean_period = ns(s.clock.mean_period()),
                                            .longest_period = ns(s.clock.longest_period())});
            result.async_calls += result.async_threads.back().calls;
            result.async_failures += result.async_threads.back().failures;
        });
    }
    return result;
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

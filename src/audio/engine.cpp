// The engine: who may touch the modules, and when.
//
// States: empty or loaded; prepared or not; paused by the user or not. It *runs* when loaded, prepared and not paused.
// Protocol between the audio thread and control (no lock, no wait on the audio side):
//   audio:    in_block_ = true;  if muted_: silence;  else: the graph;  in_block_ = false
//   control:  muted_ = true;  wait until in_block_ is false;  touch the modules;  muted_ = false
// Memory order: all four are sequentially consistent: of the two stores one is seen by the other side's load.
// Loading, for every module: construct (with its id known), mark all unpatched, set_samplerate, mark patched jacks,
// load_state, knobs, bypass; then all are bound to runners; then audio resumes.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <hocket/audio/engine.hpp>
#include <hocket/audio/panel.hpp>
#include <hocket/mutex.hpp>
#include <hocket/this_fiber.hpp>
#include <mutex>
#include <optional>
#include <thread>

#include "audio/async_group.hpp"
#include "audio/construction.hpp"
#include "audio/denormals.hpp"
#include "audio/graph.hpp"
#include "audio/misuse.hpp"
#include "audio/module_access.hpp"
#include "audio/runners.hpp"

namespace hocket::inline HOCKET_ABI::audio {

load_error::~load_error() = default;

using detail::async_group;

class engine::implementation {
public:
    explicit implementation(engine_options options)
        : pool_(options.runners ? std::move(options.runners) : runner_pool::shared()) {}
    ~implementation() { clear(); }

    void load(patch const& p);
    void unload();
    void prepare(unsigned sample_rate, unsigned max_block, tick_source ticks);
    void release();
    void pause(bool on);
    void process(std::span<float const* const> inputs, std::span<float* const> outputs, unsigned frames) noexcept;
    void tick();
    module& at(unsigned number);
    engine_stats stats();

    // Written by control, which excludes itself, while nothing runs.
    std::optional<detail::graph> graph_;
    unsigned panel_inputs_ = 0;
    unsigned panel_outputs_ = 0;
    unsigned sample_rate_ = 48000;

    std::atomic<std::uint64_t> frames_{0};  // the audio thread alone counts

private:
    void build(patch const& p);
    void build_one(patch const& p, unsigned number);
    void clear() noexcept;
    void halt() noexcept;
    void go_on() noexcept;
    void check_shapes(patch const& p) const;

    std::shared_ptr<runner_pool> const pool_;
    mutex control_;
    // Each group once, in the order of modules; groups_ outlives modules_, whose destructors leave it.
    std::vector<std::shared_ptr<async_group>> groups_;
    std::vector<unsigned> group_module_;  // the number of the module each came with
    std::vector<std::unique_ptr<module>> modules_;
    tick_source ticks_ = tick_source::wall_clock;
    bool prepared_ = false;
    bool paused_ = false;
    std::atomic<bool> muted_{true};
    std::atomic<bool> in_block_{false};
    std::atomic<std::thread::id> audio_thread_{};  // the last that called process()
    std::atomic<std::uint64_t> blocks_{0};
};

// Mutes, and waits for the block and the actions that are under way.
void engine::implementation::halt() noexcept {
    muted_.store(true, std::memory_order_seq_cst);  // pairs with the load in process()
    while (in_block_.load(std::memory_order_seq_cst)) {
        if (audio_thread_.load(std::memory_order_relaxed) == std::this_thread::get_id())
            detail::misuse("audio was paused by the audio thread inside process(), which would wait for itself");
        this_fiber::sleep_for(std::chrono::microseconds(50));
    }
    for (auto const& g : groups_) g->halt();
    for (auto const& g : groups_) g->settle();
}

void engine::implementation::go_on() noexcept {
    if (modules_.empty() || !prepared_ || paused_) return;
    for (auto const& g : groups_) g->open(ticks_ == tick_source::wall_clock);
    pool_->core().nudge();
    muted_.store(false, std::memory_order_seq_cst);  // pairs with the load in process()
}

void engine::implementation::clear() noexcept {
    halt();
    graph_.reset();
    for (auto const& g : groups_) g->close();
    while (!modules_.empty()) modules_.pop_back();
    groups_.clear();
    group_module_.clear();
    panel_inputs_ = panel_outputs_ = 0;
}

static std::string label(unsigned number, patch::part const& part) {
    return "module " + std::to_string(number) + " (" + part.name + ")";
}

void engine::implementation::build_one(patch const& p, unsigned number) {
    patch::part const& part = p.parts()[number - 1];
    auto const fail = [&](std::string const& why) {
        throw load_error("patch '" + p.name() + "': " + label(number, part) + " cannot be built: " + why);
    };
    auto group = async_group::make(label(number, part));
    try {
        detail::construction const scope(group);
        auto built = part.make();
        if (!built) fail("its factory returned nothing");
        if (auto const& own = detail::module_access::group(*built); own != group) {
            // Built before, elsewhere: it brings its group along.
            own->rename(label(number, part));
            group = own;
        }
        if (std::find(groups_.begin(), groups_.end(), group) != groups_.end()) fail("it is in this patch already");
        modules_.push_back(std::move(built));
        groups_.push_back(group);
        group_module_.push_back(number);

        module& m = *modules_.back();
        m.mark_all_inputs_unpatched();
        m.mark_all_outputs_unpatched();
        m.set_samplerate(static_cast<float>(sample_rate_));
        for (cable const& c : p.cables()) {
            if (c.to.module == number) m.mark_input_patched(c.to.number);
            if (c.from.module == number) m.mark_output_patched(c.from.number);
        }
        if (part.has_state) m.load_state(part.state);
        for (knob const& k : p.knobs())
            if (k.module == number) m.set_param(k.param, k.value);
        m.bypassed = part.bypassed;
    } catch (load_error const&) {
        throw;
    } catch (std::exception const& e) {
        fail(e.what());
    } catch (...) {
        fail("it threw something that is no std::exception");
    }
}

// Throws for cables and knobs that their modules do not have.
void engine::implementation::check_shapes(patch const& p) const {
    auto const check = [&](unsigned number, int which, int has, char const* what) {
        if (has < 0 || which < has) return;
        std::string const who = number == 0 ? std::string("the panel") : label(number, p.parts()[number - 1]);
        throw std::invalid_argument("patch '" + p.name() + "': " + who + " has no " + what + " " +
                                    std::to_string(which) + "; it has " + std::to_string(has));
    };
    for (cable const& c : p.cables()) {
        check(c.from.module, c.from.number, modules_[c.from.module]->shape().outputs, "output jack");
        check(c.to.module, c.to.number, modules_[c.to.module]->shape().inputs, "input jack");
    }
    for (knob const& k : p.knobs()) check(k.module, k.param, modules_[k.module]->shape().params, "knob");
}

void engine::implementation::build(patch const& p) {
    panel_inputs_ = static_cast<unsigned>(p.panel_inputs());
    panel_outputs_ = static_cast<unsigned>(p.panel_outputs());
    modules_.push_back(std::make_unique<panel>(p.panel_inputs(), p.panel_outputs()));
    for (unsigned number = 1; number <= p.parts().size(); ++number) build_one(p, number);
    check_shapes(p);
    graph_.emplace(p, modules_);
    for (auto const& g : groups_) g->bind(pool_->core(), pool_->core().next());
}

void engine::implementation::load(patch const& p) {
    std::lock_guard const held(control_);
    clear();
    frames_.store(0, std::memory_order_relaxed);
    blocks_.store(0, std::memory_order_relaxed);
    try {
        build(p);
    } catch (...) {
        clear();
        throw;
    }
    go_on();
}

void engine::implementation::unload() {
    std::lock_guard const held(control_);
    clear();
}

void engine::implementation::prepare(unsigned sample_rate, unsigned max_block, tick_source ticks) {
    if (sample_rate < 1 || sample_rate > 1'000'000)
        throw std::invalid_argument("engine::prepare: a sample rate of " + std::to_string(sample_rate) +
                                    " Hz is not within 1 and 1000000");
    if (max_block == 0) throw std::invalid_argument("engine::prepare: a block has at least one frame");
    std::lock_guard const held(control_);
    halt();
    if (sample_rate != sample_rate_)
        for (auto const& m : modules_) m->set_samplerate(static_cast<float>(sample_rate));
    sample_rate_ = sample_rate;
    ticks_ = ticks;
    prepared_ = true;
    go_on();
}

void engine::implementation::release() {
    std::lock_guard const held(control_);
    halt();
    prepared_ = false;
}

void engine::implementation::pause(bool on) {
    std::lock_guard const held(control_);
    paused_ = on;
    if (on)
        halt();
    else
        go_on();
}

void engine::implementation::process(std::span<float const* const> inputs, std::span<float* const> outputs,
                                     unsigned frames) noexcept {
    audio_thread_.store(std::this_thread::get_id(), std::memory_order_relaxed);
    in_block_.store(true, std::memory_order_seq_cst);  // pairs with the load in halt()
    if (muted_.load(std::memory_order_seq_cst)) {
        for (float* const out : outputs)
            if (out != nullptr) std::fill_n(out, frames, 0.0f);
    } else {
        detail::flush_denormals const scope;
        graph_->process(inputs, outputs, frames);
        frames_.store(frames_.load(std::memory_order_relaxed) + frames, std::memory_order_relaxed);
        blocks_.store(blocks_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }
    in_block_.store(false, std::memory_order_seq_cst);  // pairs with the load in halt()
}

void engine::implementation::tick() {
    std::lock_guard const held(control_);
    if (ticks_ != tick_source::audio_time) return;
    // What is due is settled before the first action runs: a request made by an action waits for the next tick.
    std::vector<std::pair<async_group*, std::vector<std::shared_ptr<detail::async_state>>>> work;
    for (auto const& g : groups_)
        if (auto due = g->due(); !due.empty()) work.emplace_back(g.get(), std::move(due));
    for (auto const& [group, due] : work)
        for (auto const& state : due) group->run(*state);
}

module& engine::implementation::at(unsigned number) {
    std::lock_guard const held(control_);
    if (number >= modules_.size())
        throw std::out_of_range("engine::at: there is no module " + std::to_string(number) + " in the loaded patch");
    return *modules_[number];
}

engine_stats engine::implementation::stats() {
    std::lock_guard const held(control_);
    engine_stats result;
    result.frames = frames_.load(std::memory_order_relaxed);
    result.blocks = blocks_.load(std::memory_order_relaxed);
    for (std::size_t i = 0; i < groups_.size(); ++i)
        groups_[i]->each([&](detail::async_state const& s) {
            async_thread_stats const one{group_module_[i], s.name, s.calls.load(std::memory_order_relaxed),
                                         s.failures.load(std::memory_order_relaxed), s.word.enabled()};
            result.async_calls += one.calls;
            result.async_failures += one.failures;
            result.async_threads.push_back(one);
        });
    return result;
}

engine::engine(engine_options options) : self_(std::make_unique<implementation>(std::move(options))) {}
engine::~engine() = default;

void engine::load(patch const& p) { self_->load(p); }
void engine::unload() { self_->unload(); }
void engine::prepare(unsigned sample_rate, unsigned max_block, tick_source ticks) {
    self_->prepare(sample_rate, max_block, ticks);
}
void engine::release() { self_->release(); }
void engine::pause() { self_->pause(true); }
void engine::resume() { self_->pause(false); }
void engine::process(std::span<float const* const> inputs, std::span<float* const> outputs, unsigned frames) noexcept {
    self_->process(inputs, outputs, frames);
}
void engine::tick() { self_->tick(); }
std::uint64_t engine::now() const noexcept { return self_->frames_.load(std::memory_order_relaxed); }
unsigned engine::sample_rate() const noexcept { return self_->sample_rate_; }
unsigned engine::panel_inputs() const noexcept { return self_->panel_inputs_; }
unsigned engine::panel_outputs() const noexcept { return self_->panel_outputs_; }
module& engine::at(unsigned number) const { return self_->at(number); }
engine_stats engine::stats() const { return self_->stats(); }

}  // namespace hocket::inline HOCKET_ABI::audio

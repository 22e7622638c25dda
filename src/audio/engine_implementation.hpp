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
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <hocket/audio/engine.hpp>
#include <hocket/mutex.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "audio/async_group.hpp"
#include "audio/cycle_clock.hpp"
#include "audio/graph.hpp"
#include "audio/place.hpp"
#include "audio/runners.hpp"

namespace hocket::inline HOCKET_ABI::audio {

using detail::async_group;
using detail::graph;
using detail::place;

constexpr auto relaxed = std::memory_order_relaxed;

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
    void tell_rate(unsigned sample_rate);
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
    bool rate_is_told_ = true;  // all modules have been told sample_rate_
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

}  // namespace hocket::inline HOCKET_ABI::audio

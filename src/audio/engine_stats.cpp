// What is seen of a loaded patch: its modules, its panel, its statistics.
#include "audio/engine_implementation.hpp"

namespace hocket::inline HOCKET_ABI::audio {

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

}  // namespace hocket::inline HOCKET_ABI::audio

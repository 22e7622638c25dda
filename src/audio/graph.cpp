// One sample after another.
#include "audio/graph.hpp"

#include <algorithm>

namespace hocket::inline HOCKET_ABI::audio::detail {

graph::graph(patch const& p, places by_number, cycle_clock const& clock, graph const* before)
    : clock_(clock),
      panel_(static_cast<panel&>(*by_number[0]->what)),
      panel_inputs_(static_cast<std::size_t>(p.panel_inputs())),
      outs_(static_cast<std::size_t>(p.panel_outputs())) {
    auto const bypassed = [&](unsigned number) { return number != 0 && p.parts()[number - 1].bypassed; };
    for (unsigned n = 1; n < by_number.size(); ++n) {
        if (by_number[n] == nullptr) continue;
        all_.push_back(by_number[n].get());
        bypass_.emplace_back(by_number[n]->what.get(), bypassed(n));
        if (bypassed(n)) continue;
        places_.push_back(by_number[n].get());
        modules_.push_back(by_number[n]->what.get());
    }
    for (cable const& c : p.cables()) {
        tap const t{by_number[c.from.module]->what.get(), c.from.number};
        if (c.from.module != 0 && std::ranges::find(outputs_used_, c.from) == outputs_used_.end())
            outputs_used_.push_back(c.from);
        if (c.to.module == 0) {
            auto& out = outs_[static_cast<std::size_t>(c.to.number)];
            if (!bypassed(c.from.module)) out.push_back(t);
            continue;
        }
        place* const at = by_number[c.to.module].get();
        auto s = std::ranges::find_if(sinks_, [&](sink const& x) { return x.at == at && x.jack == c.to.number; });
        if (s == sinks_.end()) s = sinks_.insert(s, sink{at, at->what.get(), c.to.number, {}, {}, 0});
        if (!bypassed(c.from.module)) (c.from.module == 0 ? s->panel : s->cables).push_back(t);
    }
    if (before != nullptr) compare(*before);
}

// Finds out what adopt() has to do. Modules that are new have been told of their jacks when they were built.
void graph::compare(graph const& before) {
    auto const stays = [](std::vector<place*> const& in, place const* x) { return std::ranges::find(in, x) != in.end(); };
    for (std::size_t i = 0; i < sinks_.size(); ++i) {
        auto const same = std::ranges::find_if(
            before.sinks_, [&](sink const& x) { return x.at == sinks_[i].at && x.jack == sinks_[i].jack; });
        if (same != before.sinks_.end())
            inherited_.push_back({static_cast<std::size_t>(same - before.sinks_.begin()), i});
        else if (stays(before.all_, sinks_[i].at))
            replugged_.push_back({sinks_[i].to, sinks_[i].jack, true, true});
    }
    for (sink const& s : before.sinks_)
        if (stays(all_, s.at) &&
            std::ranges::none_of(sinks_, [&](sink const& x) { return x.at == s.at && x.jack == s.jack; }))
            replugged_.push_back({s.to, s.jack, true, false});
    auto const outputs = [&](graph const& of, graph const& in, bool patched) {
        for (jack const& j : of.outputs_used_) {
            if (std::ranges::find(in.outputs_used_, j) != in.outputs_used_.end()) continue;
            for (place* const x : all_)
                if (x->number == j.module && stays(before.all_, x))
                    replugged_.push_back({x->what.get(), j.number, false, patched});
        }
    };
    outputs(*this, before, true);
    outputs(before, *this, false);
}

void graph::adopt(graph const& before) noexcept {
    for (auto const& [what, on] : bypass_) what->bypassed = on;
    for (auto const& i : inherited_) sinks_[i.now].carried = before.sinks_[i.before].carried;
    for (auto const& r : replugged_) {
        if (!r.input) {
            r.patched ? r.what->mark_output_patched(r.jack) : r.what->mark_output_unpatched(r.jack);
        } else if (r.patched) {
            r.what->mark_input_patched(r.jack);
        } else {
            r.what->set_input(r.jack, 0);
            r.what->mark_input_unpatched(r.jack);
        }
    }
    for (sink& s : sinks_) {
        if (s.cables.empty()) s.carried = 0;
        // What the panel put in goes with its cable, and what all sources did when they are bypassed.
        if (s.panel.empty()) s.to->set_input(s.jack, s.carried);
    }
    for (auto const& k : knobs_) k.what->set_param(k.param, k.value);
}

void graph::turn() noexcept {
    for (place* const x : all_) {
        x->turned->params.take([&](int which, float value) { x->what->set_param(which, value); });
        x->turned->inputs.take([&](int which, float value) { x->what->set_input(which, value); });
    }
}

float graph::sum(std::vector<tap> const& taps) noexcept {
    if (taps.size() == 1) return taps[0].from->get_output(taps[0].jack);
    float total = 0;
    for (tap const& t : taps) total += t.from->get_output(t.jack);
    return total;
}

void graph::process(std::span<float const* const> inputs, std::span<float* const> outputs, unsigned frames) noexcept {
    std::size_t const count = modules_.size();
    std::size_t const timed = timed_ < count ? timed_ : 0;
    std::uint64_t cycles = 0;
    for (unsigned i = 0; i < frames; ++i) {
        for (std::size_t j = 0; j < panel_inputs_; ++j)
            panel_.feed(j, j < inputs.size() && inputs[j] != nullptr ? inputs[j][i] : 0);
        for (sink const& s : sinks_)
            if (!s.panel.empty()) s.to->set_input(s.jack, s.cables.empty() ? sum(s.panel) : sum(s.panel) + s.carried);
        for (std::size_t m = 0; m < timed; ++m) modules_[m]->update();
        if (timed < count) {
            std::uint64_t const begin = cycle_clock::now();
            modules_[timed]->update();
            cycles += cycle_clock::now() - begin;
        }
        for (std::size_t m = timed + 1; m < count; ++m) modules_[m]->update();
        // All outputs are read as this update left them: modules do not change them in set_input().
        for (sink& s : sinks_) {
            if (s.cables.empty()) continue;
            s.carried = sum(s.cables);
            if (s.panel.empty()) s.to->set_input(s.jack, s.carried);
        }
        for (std::size_t j = 0; j < outs_.size(); ++j) {
            float const value = sum(outs_[j]);
            panel_.set_input(static_cast<int>(j), value);
            if (j < outputs.size() && outputs[j] != nullptr) outputs[j][i] = value;
        }
    }
    for (std::size_t j = outs_.size(); j < outputs.size(); ++j)
        if (outputs[j] != nullptr) std::fill_n(outputs[j], frames, 0.0f);
    if (count == 0) return;
    std::uint64_t const overhead = clock_.cost() * frames;
    place& measured = *places_[timed];
    auto const relaxed = std::memory_order_relaxed;
    measured.cycles.store(measured.cycles.load(relaxed) + (cycles > overhead ? cycles - overhead : 0), relaxed);
    measured.frames.store(measured.frames.load(relaxed) + frames, relaxed);
    timed_ = timed + 1 < count ? timed + 1 : 0;
}

}  // namespace hocket::inline HOCKET_ABI::audio::detail

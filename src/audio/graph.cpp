// One sample after another.
#include "audio/graph.hpp"

#include <algorithm>

namespace hocket::inline HOCKET_ABI::audio::detail {

graph::graph(patch const& p, std::span<std::unique_ptr<module> const> modules)
    : panel_(static_cast<panel&>(*modules[0])),
      panel_inputs_(static_cast<std::size_t>(p.panel_inputs())),
      outs_(static_cast<std::size_t>(p.panel_outputs())) {
    for (auto const& m : modules.subspan(1))
        if (!m->bypassed) modules_.push_back(m.get());
    for (cable const& c : p.cables()) {
        module const& from = *modules[c.from.module];
        tap const t{&from, c.from.number};
        if (c.to.module == 0) {
            auto& out = outs_[static_cast<std::size_t>(c.to.number)];
            if (!from.bypassed) out.push_back(t);
            continue;
        }
        module* const to = modules[c.to.module].get();
        auto s = std::find_if(sinks_.begin(), sinks_.end(),
                              [&](sink const& x) { return x.to == to && x.jack == c.to.number; });
        if (s == sinks_.end()) s = sinks_.insert(s, sink{to, c.to.number, {}, {}, 0});
        if (!from.bypassed) (c.from.module == 0 ? s->panel : s->cables).push_back(t);
    }
}

float graph::sum(std::vector<tap> const& taps) noexcept {
    if (taps.size() == 1) return taps[0].from->get_output(taps[0].jack);
    float total = 0;
    for (tap const& t : taps) total += t.from->get_output(t.jack);
    return total;
}

void graph::process(std::span<float const* const> inputs, std::span<float* const> outputs, unsigned frames) noexcept {
    for (unsigned i = 0; i < frames; ++i) {
        for (std::size_t j = 0; j < panel_inputs_; ++j)
            panel_.feed(j, j < inputs.size() && inputs[j] != nullptr ? inputs[j][i] : 0);
        for (sink const& s : sinks_)
            if (!s.panel.empty()) s.to->set_input(s.jack, s.cables.empty() ? sum(s.panel) : sum(s.panel) + s.carried);
        for (module* const m : modules_) m->update();
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
}

}  // namespace hocket::inline HOCKET_ABI::audio::detail

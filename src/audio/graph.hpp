// The engine step: one sample through all modules of a patch.
//
// Protocol, for every sample:
//   1. the panel's inputs go in;
//   2. every module that is not bypassed is updated, in the order of the patch;
//   3. cables carry outputs to inputs, where the next update finds them;
//   4. the panel's outputs come out.
// An input with several cables gets their sum, added in the order they were plugged in: the order is part of the
// result.
// At the beginning of a block knobs and inputs that other threads have turned are applied.
// A graph is built by control, which thereby touches all its memory, and does not change its shape. When it takes the place
//   of another, while audio runs, the audio thread adopts it: it tells modules which of their jacks have changed, and what
//   the cables carried last goes on.
#pragma once

#include <atomic>
#include <cstdint>
#include <hocket/audio/module.hpp>
#include <hocket/audio/panel.hpp>
#include <hocket/audio/patch.hpp>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "audio/cycle_clock.hpp"
#include "audio/place.hpp"

namespace hocket::inline HOCKET_ABI::audio::detail {

class graph {
public:
    using places = std::span<std::shared_ptr<place> const>;

    // Over modules that outlive it: number i of the patch is in places[i], 0 the panel; null for one that was removed.
    // `before`, if not null, is what it will take the place of. Throws std::bad_alloc. [control]
    graph(patch const& p, places by_number, cycle_clock const& clock, graph const* before = nullptr);

    struct knob_turn {
        module* what;
        int param;
        float value;
    };
    // What adopt() will turn. [control]
    void turn_when_adopted(std::vector<knob_turn> knobs) noexcept { knobs_ = std::move(knobs); }
    // Takes the place of `before`. [audio]
    void adopt(graph const& before) noexcept HOCKET_NONBLOCKING;
    // Applies what other threads have turned. [audio]
    void turn() noexcept HOCKET_NONBLOCKING;
    // As engine::process(); one module's updates are timed. [audio]
    void process(std::span<float const* const> inputs, std::span<float* const> outputs,
                 unsigned frames) noexcept HOCKET_NONBLOCKING;

    unsigned panel_inputs() const noexcept { return static_cast<unsigned>(panel_inputs_); }
    unsigned panel_outputs() const noexcept { return static_cast<unsigned>(outs_.size()); }

private:
    struct tap {
        module const* from;
        int jack;
    };
    struct sink {
        place* at;
        module* to;
        int jack;
        std::vector<tap> panel;   // read before the update
        std::vector<tap> cables;  // read after it
        float carried;            // what the cables brought after the last update
    };
    // A jack of a module that stays is patched, or no longer.
    struct replugged {
        module* what;
        int jack;
        bool input;
        bool patched;
    };
    struct inheritance {
        std::size_t before;
        std::size_t now;
    };

    static float sum(std::vector<tap> const& taps) noexcept;
    void compare(graph const& before);

    cycle_clock const& clock_;
    panel& panel_;
    std::size_t panel_inputs_;
    std::vector<place*> all_;              // the panel apart
    std::vector<place*> places_;           // those to be updated,
    std::vector<module*> modules_;         // and their modules
    std::vector<jack> outputs_used_;       // once each
    std::vector<sink> sinks_;
    std::vector<std::vector<tap>> outs_;   // of each panel output
    std::vector<std::pair<module*, bool>> bypass_;
    std::vector<knob_turn> knobs_;
    std::vector<replugged> replugged_;
    std::vector<inheritance> inherited_;   // sinks that both graphs have
    std::size_t timed_ = 0;                // the module that is timed next
};

}  // namespace hocket::inline HOCKET_ABI::audio::detail

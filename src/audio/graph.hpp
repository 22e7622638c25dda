// The engine step: one sample through all modules of a patch.
//
// Protocol, for every sample:
//   1. the panel's inputs go in;
//   2. every module that is not bypassed is updated, in the order of the patch;
//   3. cables carry outputs to inputs, where the next update finds them;
//   4. the panel's outputs come out.
// An input with several cables gets their sum, added in the order they were plugged in: the order is part of the
// result.
#pragma once

#include <hocket/audio/module.hpp>
#include <hocket/audio/panel.hpp>
#include <hocket/audio/patch.hpp>
#include <memory>
#include <span>
#include <vector>

namespace hocket::inline HOCKET_ABI::audio::detail {

class graph {
public:
    // Over modules that outlive it: number i of the patch is *modules[i], 0 the panel. Throws std::bad_alloc. [control]
    graph(patch const& p, std::span<std::unique_ptr<module> const> modules);

    // As engine::process(). [audio]
    void process(std::span<float const* const> inputs, std::span<float* const> outputs, unsigned frames) noexcept;

private:
    struct tap {
        module const* from;
        int jack;
    };
    struct sink {
        module* to;
        int jack;
        std::vector<tap> panel;   // read before the update
        std::vector<tap> cables;  // read after it
        float carried;            // what the cables brought after the last update
    };

    static float sum(std::vector<tap> const& taps) noexcept;

    panel& panel_;
    std::size_t panel_inputs_;
    std::vector<module*> modules_;  // those to be updated
    std::vector<sink> sinks_;
    std::vector<std::vector<tap>> outs_;  // of each panel output
};

}  // namespace hocket::inline HOCKET_ABI::audio::detail

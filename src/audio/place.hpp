// A module in the engine, with all that the engine keeps for it.
#pragma once

#include <atomic>
#include <cstdint>
#include <hocket/audio/module.hpp>
#include <hocket/audio/patch.hpp>
#include <hocket/detail/config.hpp>
#include <memory>
#include <span>
#include <string>

#include "audio/async_group.hpp"
#include "audio/controls.hpp"

namespace hocket::inline HOCKET_ABI::audio::detail {

struct place {
    unsigned number = 0;
    std::uint64_t serial = 0;             // of the part of the patch
    std::string label;                    // "module 3 (hocket:Mixer)"
    std::shared_ptr<async_group> group;   // outlives the module, whose destructor leaves it; null for the panel
    std::unique_ptr<module> what;
    std::shared_ptr<controls> turned = std::make_shared<controls>();
    // What update() has cost in those blocks in which it was measured. The audio thread alone writes.
    std::atomic<std::uint64_t> cycles{0};
    std::atomic<std::uint64_t> frames{0};
};

// For messages: a module of a patch.
std::string label_of(patch const& p, unsigned number);

// Builds module `number` of the patch, for the sample rate, and loads it: marks its jacks, sets state and knobs. Throws
// load_error. [control]
std::shared_ptr<place> build_place(patch const& p, unsigned number, unsigned sample_rate);

// Throws std::invalid_argument for cables and knobs that their modules do not have. `places` is by number, 0 the panel.
// [control]
void check_shapes(patch const& p, std::span<std::shared_ptr<place> const> places);

}  // namespace hocket::inline HOCKET_ABI::audio::detail

// A patch of registered modules, whichever there are, with every jack plugged and every knob turned.
#pragma once

#include <string>
#include <vector>

#include "support.hpp"

namespace support {

// Loads modules of these names: an oscillator and the panel feed every input, every output goes to the panel. A module
// that plays a file is given one, in `dir`. Returns the number of the first of them.
unsigned load_every_module(rig& r, folder const& dir, std::vector<std::string> const& slugs);

// One block of 64 frames, with a channel in and two out.
void play_block(audio::engine& e);

}  // namespace support

// One rendering: from files to a file and a report.
#pragma once

#include "options.hpp"
#include "report.hpp"

namespace play {

// Reads the patch and options.in, writes options.out. What is odd but can be played is told on standard error. Throws
// hocket::audio::patch_file_error, wav_error, load_error or another std::exception with one sentence. [control]
report render(options const& o);

}  // namespace play

// Modules by name, as patches name them.
#pragma once

#include <functional>
#include <hocket/audio/module.hpp>
#include <hocket/detail/config.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace hocket::inline HOCKET_ABI::audio {

using module_factory = std::function<std::unique_ptr<module>()>;

// Makes modules of this name available to patches; `slug` is 'Brand:Name'. Throws std::invalid_argument when the name
// is empty or taken, or the factory is empty. [control]
HOCKET_API void register_module(std::string_view slug, module_factory factory);

// The factory registered under the name; empty when there is none. The modules of this library are registered as
// hocket:Analyser, hocket:Convolver, hocket:Gain, hocket:Looper, hocket:Mixer, hocket:Noise, hocket:Oscillator,
// hocket:Recorder and hocket:WavPlayer. [control]
HOCKET_API module_factory find_module(std::string_view slug);

// All registered names, sorted. [control]
HOCKET_API std::vector<std::string> registered_modules();

}  // namespace hocket::inline HOCKET_ABI::audio

// Looks whether a file is a WAV that holds as many bytes as its header says, which libsndfile overlooks.
#pragma once

#include <hocket/detail/config.hpp>
#include <string>

namespace hocket::inline HOCKET_ABI::audio::detail {

// Throws wav_error: the file cannot be opened, is no WAV, has no samples, or is truncated. [control]
void check_riff(std::string const& path);

}  // namespace hocket::inline HOCKET_ABI::audio::detail

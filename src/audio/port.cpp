// The port that captures nothing.
#include <hocket/audio/port.hpp>

namespace hocket::inline HOCKET_ABI::audio {

port::~port() = default;
void port::capture(std::span<float* const>, unsigned) noexcept {}

}  // namespace hocket::inline HOCKET_ABI::audio

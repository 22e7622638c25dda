// Where a driver's audio comes from and goes to.
#pragma once

#include <hocket/detail/config.hpp>
#include <span>

namespace hocket::inline HOCKET_ABI::audio {

// Called by a driver around every block; a channel is `frames` samples in a row.
class HOCKET_API port {
public:
    virtual ~port();
    // Fills the engine's inputs, which hold zeros. [audio]
    virtual void capture(std::span<float* const> inputs, unsigned frames) noexcept;
    // Takes the engine's outputs. [audio]
    virtual void play(std::span<float const* const> outputs, unsigned frames) noexcept = 0;
};

}  // namespace hocket::inline HOCKET_ABI::audio

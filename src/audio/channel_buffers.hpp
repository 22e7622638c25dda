// A driver's blocks of samples, one row for each channel.
#pragma once

#include <hocket/detail/config.hpp>
#include <span>
#include <vector>

namespace hocket::inline HOCKET_ABI::audio::detail {

class channel_buffers {
public:
    // Throws std::bad_alloc. [control]
    channel_buffers(unsigned channels, unsigned frames)
        : samples_(static_cast<std::size_t>(channels) * frames), rows_(channels) {
        for (unsigned i = 0; i < channels; ++i) rows_[i] = samples_.data() + static_cast<std::size_t>(i) * frames;
    }
    std::span<float* const> write() noexcept { return rows_; }
    std::span<float const* const> read() const noexcept { return {rows_.data(), rows_.size()}; }

private:
    std::vector<float> samples_;
    std::vector<float*> rows_;
};

}  // namespace hocket::inline HOCKET_ABI::audio::detail

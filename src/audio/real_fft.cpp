// KissFFT's plans.
#include "audio/real_fft.hpp"

#include <bit>
#include <new>
#include <stdexcept>
#include <string>

namespace hocket::inline HOCKET_ABI::audio::detail {

real_fft::plan real_fft::make(std::size_t size, bool inverse) {
    if (size < 4 || size > (1u << 24) || !std::has_single_bit(size))
        throw std::invalid_argument("a transform has a power of two of samples, from 4 to 16777216, not " +
                                    std::to_string(size));
    plan p(kiss_fftr_alloc(static_cast<int>(size), inverse ? 1 : 0, nullptr, nullptr));
    if (!p) throw std::bad_alloc();
    return p;
}

real_fft::real_fft(std::size_t size) : size_(size), forward_(make(size, false)), inverse_(make(size, true)) {}

// Of powers of two KissFFT makes arithmetic in the plan's own memory; other factors would allocate.
HOCKET_TRUSTED
void real_fft::forward(std::span<float const> samples, std::span<bin> to) noexcept HOCKET_NONBLOCKING {
    kiss_fftr(forward_.get(), samples.data(), to.data());
}

void real_fft::inverse(std::span<bin const> bins, std::span<float> to) noexcept HOCKET_NONBLOCKING {
    kiss_fftri(inverse_.get(), bins.data(), to.data());
}
HOCKET_TRUSTED_END

}  // namespace hocket::inline HOCKET_ABI::audio::detail

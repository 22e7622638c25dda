// The Fourier transform of real samples, by KissFFT: 2 n samples to n + 1 bins and back.
//
// One user at a time: there is scratch memory inside. For powers of two KissFFT neither allocates nor enters the kernel
// in a transform.
#pragma once

#include <kiss_fftr.h>

#include <cstddef>
#include <hocket/detail/config.hpp>
#include <memory>
#include <span>

namespace hocket::inline HOCKET_ABI::audio::detail {

class real_fft {
public:
    using bin = kiss_fft_cpx;

    // For `size` samples. Throws std::invalid_argument unless that is a power of two from 4 on, std::bad_alloc.
    // [control]
    explicit real_fft(std::size_t size);

    std::size_t size() const noexcept { return size_; }
    std::size_t bins() const noexcept { return size_ / 2 + 1; }

    // size() samples to bins() bins; inverse() of it is the samples times size(). [audio]
    void forward(std::span<float const> samples, std::span<bin> to) noexcept HOCKET_NONBLOCKING;
    void inverse(std::span<bin const> bins, std::span<float> to) noexcept HOCKET_NONBLOCKING;

private:
    struct release {
        void operator()(kiss_fftr_cfg c) const noexcept { kiss_fftr_free(c); }
    };
    using plan = std::unique_ptr<kiss_fftr_state, release>;

    static plan make(std::size_t size, bool inverse);

    std::size_t size_;
    plan forward_;
    plan inverse_;
};

}  // namespace hocket::inline HOCKET_ABI::audio::detail

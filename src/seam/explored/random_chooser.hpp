// What all choosers that draw at random have in common.
#pragma once

#include <cmath>
#include <cstdint>

#include "seam/explored/chooser.hpp"
#include "seam/explored/random_stream.hpp"

namespace hocket::inline HOCKET_ABI::explorer {

class random_chooser : public chooser {
public:
    std::uint32_t below(std::uint32_t n) final { return random_.below(n); }

    bool happens(mischief m) final {
        switch (m) {
            case mischief::spurious_wake: return random_.below(32) == 0;
            case mischief::weak_failure: return random_.below(16) == 0;
            case mischief::timeout: return random_.below(16) == 0;
            case mischief::delay: return random_.below(8) == 0;
        }
        return false;
    }

protected:
    explicit random_chooser(std::uint64_t seed) noexcept : random_(seed) {}

    // Fixes the rate, in (0, 1], at which something is to happen at a point.
    void set_rate(double rate) noexcept { scale_ = rate < 1 ? 1 / std::log1p(-rate) : 0; }

    // How many points pass until then: geometric, so that nothing need be remembered when it is asked for anew.
    std::uint32_t gap() noexcept { return static_cast<std::uint32_t>(std::log(random_.unit()) * scale_); }

    random_stream random_;

private:
    double scale_ = 0;
};

}  // namespace hocket::inline HOCKET_ABI::explorer

// The chooser that preempts at random.
//
// One rate does not fit all: a race of two neighbouring accesses is found by switching often, one that needs a thread to
// stand still for a whole operation of another by switching seldom. Hence a rate per schedule.
#include <cmath>

#include "seam/explored/chooser.hpp"
#include "seam/explored/random_stream.hpp"

namespace hocket::inline HOCKET_ABI::explorer {
namespace {

class random_walk final : public chooser {
public:
    random_walk(std::uint64_t seed, unsigned percent) : random_(seed) {
        std::uint32_t const halvings = 1 + random_.below(7);  // drawn in any case: a replay may give no percentage
        double const rate = percent != 0 ? percent / 100.0 : std::ldexp(1.0, -static_cast<int>(halvings));
        gap_scale_ = rate < 1 ? 1 / std::log1p(-rate) : 0;
    }

    std::uint32_t quiet(bool) override {
        // Geometric: the number of failures before the first success of that rate.
        return static_cast<std::uint32_t>(std::log(random_.unit()) * gap_scale_);
    }

    std::size_t next(std::span<int const> able, int running, bool) override {
        if (able.size() == 1) return 0;
        // Any but the running one: quiet() has already decided that it is to stop.
        bool among = false;
        std::size_t at = 0;
        for (std::size_t i = 0; i < able.size(); ++i)
            if (able[i] == running) among = true, at = i;
        auto const n = static_cast<std::uint32_t>(able.size());
        if (!among) return random_.below(n);
        std::size_t const other = random_.below(n - 1);
        return other < at ? other : other + 1;
    }

    std::uint32_t below(std::uint32_t n) override { return random_.below(n); }

    bool happens(mischief m) override {
        switch (m) {
            case mischief::spurious_wake: return random_.below(32) == 0;
            case mischief::weak_failure: return random_.below(16) == 0;
            case mischief::timeout: return random_.below(16) == 0;
            case mischief::delay: return random_.below(8) == 0;
        }
        return false;
    }

private:
    random_stream random_;
    double gap_scale_;
};

}  // namespace

std::unique_ptr<chooser> make_random_walk(std::uint64_t seed, unsigned percent) {
    return std::make_unique<random_walk>(seed, percent);
}

}  // namespace hocket::inline HOCKET_ABI::explorer

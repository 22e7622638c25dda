// The chooser that preempts at random.
//
// One rate does not fit all: a race of two neighbouring accesses is found by switching often, one that needs a thread
// to stand still for a whole operation of another by switching seldom. Hence a rate per schedule.
#include <cmath>

#include "seam/explored/random_chooser.hpp"

namespace hocket::inline HOCKET_ABI::explorer {
namespace {

class random_walk final : public random_chooser {
public:
    random_walk(std::uint64_t seed, unsigned percent) : random_chooser(seed) {
        int const halvings = 1 + static_cast<int>(random_.below(7));
        set_rate(percent != 0 ? percent / 100.0 : std::ldexp(1.0, -halvings));
    }

    std::uint32_t quiet(bool) override { return gap(); }

    std::size_t next(std::span<int const> able, int running, bool) override {
        auto const n = static_cast<std::uint32_t>(able.size());
        // Any but the running one: quiet() has already decided that it is to stop.
        for (std::size_t at = 0; at < n; ++at)
            if (able[at] == running) {
                std::size_t const other = n > 1 ? random_.below(n - 1) : 0;
                return n == 1 || other < at ? other : other + 1;
            }
        return random_.below(n);
    }
};

}  // namespace

std::unique_ptr<chooser> make_random_walk(std::uint64_t seed, unsigned percent) {
    return std::make_unique<random_walk>(seed, percent);
}

}  // namespace hocket::inline HOCKET_ABI::explorer

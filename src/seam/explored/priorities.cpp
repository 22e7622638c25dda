// The chooser that always runs the thread of the highest priority.
//
// Priorities are drawn when a thread turns up; now and then the running thread falls below all others, and so does one
// that spins. So a thread can stand still for as long as the others have anything to do, which a random walk hardly
// ever brings about. After Burckhardt, Kothari, Musuvathi and Nagarakatte, A Randomized Scheduler with Probabilistic
// Guarantees of Finding Bugs, 2010, but for the falls, which come at a rate and not a fixed number of times, so that
// a schedule needs no guess of its length.
#include <cmath>
#include <vector>

#include "seam/explored/random_chooser.hpp"

namespace hocket::inline HOCKET_ABI::explorer {
namespace {

class priorities final : public random_chooser {
public:
    explicit priorities(std::uint64_t seed) : random_chooser(seed) {
        // One in 8, 16 ... 1024 steps. Not rarer: it ends the turn of a thread that spins without pause().
        set_rate(std::ldexp(1.0, -3 - static_cast<int>(random_.below(8))));
    }

    std::uint32_t quiet(bool changed) override {
        falls_ = !changed;
        return changed ? 0 : gap();  // the new one may be above the running one: look at the next point
    }

    std::size_t next(std::span<int const> able, int running, bool yields) override {
        if (running >= 0 && (yields || falls_)) of(running) = --lowest_;
        std::size_t best = 0;
        for (std::size_t i = 1; i < able.size(); ++i)
            if (of(able[i]) > of(able[best])) best = i;
        return best;
    }

private:
    std::int64_t& of(int thread) {
        auto const at = static_cast<std::size_t>(thread);
        while (priority_.size() <= at) priority_.push_back(1 + random_.below(1u << 30));
        return priority_[at];
    }

    bool falls_ = false;
    std::int64_t lowest_ = 0;
    std::vector<std::int64_t> priority_;
};

}  // namespace

std::unique_ptr<chooser> make_priorities(std::uint64_t seed) { return std::make_unique<priorities>(seed); }

}  // namespace hocket::inline HOCKET_ABI::explorer

// Knobs and inputs of one module that other threads have turned, on their way to the audio thread.
//
// Protocol: who sets a value stores it and then its mark; the audio thread, at the beginning of a block, takes the marks and
//   then reads the values. Both sides are wait-free. A value that is set again meanwhile is applied with its new value now,
//   or again at the next block: the latest always wins.
// Memory order: a mark is released after its value and acquired before it.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <hocket/audio/patch.hpp>
#include <hocket/detail/config.hpp>

namespace hocket::inline HOCKET_ABI::audio::detail {

class control_values {
public:
    static constexpr int count = patch::max_jacks;

    // [any thread]
    void set(int which, float value) noexcept {
        auto const i = static_cast<std::size_t>(which);
        values_[i].store(value, std::memory_order_relaxed);
        marks_[i / 64].fetch_or(std::uint64_t{1} << (i % 64), std::memory_order_release);  // pairs with take()
    }

    // Calls f(which, value) for each that was set since the last time. [audio]
    template <class F>
    void take(F&& f) noexcept {
        for (std::size_t word = 0; word < marks_.size(); ++word) {
            if (marks_[word].load(std::memory_order_relaxed) == 0) continue;
            // acquire: pairs with the release in set()
            for (auto set = marks_[word].exchange(0, std::memory_order_acquire); set != 0; set &= set - 1) {
                std::size_t const i = word * 64 + static_cast<std::size_t>(std::countr_zero(set));
                f(static_cast<int>(i), values_[i].load(std::memory_order_relaxed));
            }
        }
    }

private:
    std::array<std::atomic<float>, count> values_{};
    std::array<std::atomic<std::uint64_t>, count / 64> marks_{};
};

struct controls {
    control_values params;
    control_values inputs;
};

}  // namespace hocket::inline HOCKET_ABI::audio::detail

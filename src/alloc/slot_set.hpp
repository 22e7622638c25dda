// A set of numbers below a limit, as bits: its lowest and its highest are found at once.
//
// Nothing is locked. A set of n numbers maps n / 8 bytes and touches those near numbers that were ever in it.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <hocket/detail/config.hpp>
#include <new>

#include "alloc/pages.hpp"

namespace hocket::inline HOCKET_ABI::detail {

class slot_set {
public:
    // Throws std::bad_alloc. [any thread]
    explicit slot_set(std::size_t limit)
        : bytes_(pages::round_up((limit + 63) / 64 * sizeof(std::uint64_t))),
          words_(static_cast<std::uint64_t*>(pages::map(bytes_))) {
        if (words_ == nullptr) throw std::bad_alloc();
    }
    slot_set(slot_set const&) = delete;
    slot_set& operator=(slot_set const&) = delete;
    ~slot_set() { pages::unmap(words_, bytes_); }

    std::size_t size() const noexcept { return size_; }
    bool contains(std::size_t n) const noexcept { return (words_[n / 64] >> n % 64 & 1) != 0; }

    // `n` is not in it. [who holds it]
    void insert(std::size_t n) noexcept {
        std::size_t const word = n / 64;
        words_[word] |= std::uint64_t{1} << n % 64;
        first_ = size_ == 0 ? word : std::min(first_, word);
        last_ = size_ == 0 ? word : std::max(last_, word);
        ++size_;
    }

    // Takes one out; the set is not empty. [who holds it]
    std::size_t take_lowest() noexcept {
        while (words_[first_] == 0) ++first_;
        return take(first_, static_cast<std::size_t>(std::countr_zero(words_[first_])));
    }
    std::size_t take_highest() noexcept {
        while (words_[last_] == 0) --last_;
        return take(last_, static_cast<std::size_t>(std::bit_width(words_[last_])) - 1);
    }

private:
    std::size_t take(std::size_t word, std::size_t bit) noexcept {
        words_[word] &= ~(std::uint64_t{1} << bit);
        --size_;
        return word * 64 + bit;
    }

    std::size_t const bytes_;
    std::uint64_t* const words_;
    std::size_t size_ = 0;
    std::size_t first_ = 0;  // no number in words below this one, while the set is not empty
    std::size_t last_ = 0;   // nor above this one
};

}  // namespace hocket::inline HOCKET_ABI::detail

// A quicksort whose halves, and whose partitions of large ranges, are jobs.
//
// Protocol: a range is divided into what is less than a pivot, the pivot with what is set aside as its equal, and the
//   rest; the first and the last are then independent. Ranges of at most `leaf_size` go to std::sort. Each range may be
//   divided 2 log2 n times; where that was not enough the input is made to be bad, and what is left is heap-sorted.
// A large partition: each block is partitioned by itself. That tells where the border will be; what then lies on the
//   wrong side of it is as much on the left as on the right, and changes places.
// Source: Musser, Introspective sorting (1997); Bentley and McIlroy, Engineering a sort function (1993), for the pivot;
//   Francis and Pannan, A parallel partition for enhanced parallel quicksort (1992).
// Rejected: merge sort, which needs n elements of memory. A partition that sends equals to both sides: it spoils the
//   blocks' independence; setting them aside when few are less costs one pass and makes many equals cheap.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <functional>
#include <hocket/detail/pieces.hpp>
#include <iterator>
#include <utility>

namespace hocket::inline HOCKET_ABI::detail {

template <class I, class Less>
class quicksort {
public:
    quicksort(I first, I last, Less& less) : begin_(first), end_(last), less_(less) {}

    void run() { sort(begin_, end_, 2 * static_cast<int>(std::bit_width(static_cast<offset>(end_ - begin_)))); }

private:
    using size = std::iter_difference_t<I>;

    // About 10 us of integers: a fork of 4 ns does not count.
    static constexpr size leaf_size = 512;
    // About 50 us of integers, and few enough that the lists of partition_blocks() fit on any stack.
    static constexpr size least_block = 1 << 14;
    static constexpr std::size_t most_blocks = 32;

    struct range {
        I first{}, last{};
        size length() const { return last - first; }
    };

    // `levels`: how often the range may still be divided.
    void sort(I first, I last, int levels) {
        if (failed_.before(position(first))) return;
        if (last - first <= leaf_size || levels == 0) return sort_here(first, last);
        range const equal = divide(first, last);
        parallel_invoke([&] { sort(first, equal.first, levels - 1); }, [&] { sort(equal.last, last, levels - 1); });
    }

    HOCKET_NOINLINE void sort_here(I first, I last) {
        failed_.watch(position(last), [&] {
            if (last - first <= leaf_size) return std::sort(first, last, std::ref(less_));
            std::make_heap(first, last, std::ref(less_));
            std::sort_heap(first, last, std::ref(less_));
        });
    }

    // Puts what is less than some element before it and returns the place of that element and of some of its equals.
    HOCKET_NOINLINE range divide(I first, I last) {
        range equal;
        failed_.watch(position(last), [&] {
            std::iter_swap(first, pivot(first, last));
            I const border = partition(first + 1, last, [&](auto&& x) { return less(x, *first); }) - 1;
            std::iter_swap(first, border);
            equal = {border, border + 1};
            if (border - first >= (last - first) / 8) return;
            // A bad choice, or one of many equals: these need no more work.
            equal.last = partition(equal.last, last, [&](auto&& x) { return !less(*border, x); });
        });
        return equal;
    }

    // The median of three medians of three, from all over the range.
    I pivot(I first, I last) {
        size const step = (last - first) / 8;
        return median(median(first, first + step, first + 2 * step),
                      median(first + 3 * step, first + 4 * step, first + 5 * step),
                      median(first + 6 * step, first + 7 * step, last - 1));
    }

    I median(I a, I b, I c) {
        if (less(*b, *a)) std::swap(a, b);
        if (!less(*c, *b)) return b;
        return less(*c, *a) ? a : c;
    }

    // As std::partition.
    template <class Belongs>
    I partition(I first, I last, Belongs const& belongs) {
        if (last - first < 2 * least_block) return std::partition(first, last, belongs);
        return partition_blocks(first, last, belongs);
    }

    template <class Belongs>
    HOCKET_NOINLINE I partition_blocks(I first, I last, Belongs const& belongs) {
        struct block {
            I first{}, border{}, last{};
        };
        auto const n = static_cast<offset>(last - first);
        cut const blocks{n, std::max<offset>(least_block, n / most_blocks + 1)};
        std::size_t const count = blocks.pieces();
        std::array<block, most_blocks> list;
        for_pieces(n, blocks.grain, [&](offset at, offset size) {
            I const begin = advanced(first, at), end = advanced(begin, size);
            list[at / blocks.grain] = {begin, std::partition(begin, end, belongs), end};
        });

        I border = first;
        for (std::size_t i = 0; i < count; ++i) border += list[i].border - list[i].first;

        std::array<std::pair<range, I>, 2 * most_blocks> swaps;
        std::size_t swap_count = 0;
        range left, right;  // what is being exchanged: on the left what does not belong there, on the right what does
        for (std::size_t i = 0, j = 0;;) {
            for (; i < count && left.length() <= 0; ++i) left = {list[i].border, std::min(list[i].last, border)};
            for (; j < count && right.length() <= 0; ++j) right = {std::max(list[j].first, border), list[j].border};
            size const both = std::min(left.length(), right.length());
            if (both <= 0) break;
            swaps[swap_count++] = {{left.first, left.first + both}, right.first};
            left.first += both;
            right.first += both;
        }
        for_pieces(swap_count, 1, [&](offset at, offset) {
            auto const& [from, to] = swaps[at];
            std::swap_ranges(from.first, from.last, to);
        });
        return border;
    }

    template <class A, class B>
    bool less(A&& a, B&& b) {
        return static_cast<bool>(std::invoke(less_, a, b));
    }
    offset position(I at) const { return static_cast<offset>(at - begin_); }

    I const begin_, end_;
    Less& less_;
    failure_mark failed_;
};

}  // namespace hocket::inline HOCKET_ABI::detail

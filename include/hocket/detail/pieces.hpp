// A range cut into pieces, each a job: what the parallel algorithms have in common.
//
// Protocol: the pieces are halved by parallel_invoke() until one is left; it runs from its first element to its last.
//   All have `grain` elements but the last. Which elements make a piece depends on count and grain alone, never on the
//   number of workers or on who was stolen from.
// Failure: who fails marks where its part of the range ends; what begins there or behind is not begun any more, what
//   lies before goes on as a sequential loop would have done it. So the leftmost failure of all is always met, and
//   parallel_invoke() rethrows it: the exception does not depend on timing either.
// Memory order: the mark is relaxed: to see it late costs time only. All else is ordered by parallel_invoke().
// Source: halving of loops, from Cilk's cilk_for.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <functional>
#include <hocket/detail/atomic.hpp>
#include <hocket/parallel_invoke.hpp>
#include <iterator>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace hocket::inline HOCKET_ABI::detail {

// Elements are counted without sign, so that every range of every integer type has a length.
using offset = std::uint64_t;

template <class I>
concept loop_integer = std::integral<I> && !std::same_as<I, bool> && sizeof(I) <= sizeof(offset);

// What a range may begin and end with.
template <class I>
concept loop_position = loop_integer<I> || std::random_access_iterator<I>;

// How many elements [first, last) has; none when last lies before first.
template <loop_position I>
constexpr offset length(I const& first, I const& last) noexcept(loop_integer<I>) {
    if (!(first < last)) return 0;
    if constexpr (loop_integer<I>) {
        using u = std::make_unsigned_t<I>;
        return static_cast<u>(static_cast<u>(last) - static_cast<u>(first));
    } else {
        return static_cast<offset>(last - first);
    }
}

template <loop_position I>
constexpr I advanced(I const& first, offset n) noexcept(loop_integer<I>) {
    if constexpr (loop_integer<I>) {
        using u = std::make_unsigned_t<I>;
        return static_cast<I>(static_cast<u>(static_cast<u>(first) + static_cast<u>(n)));
    } else {
        return first + static_cast<std::iter_difference_t<I>>(n);
    }
}

// What a callable gets for a position: a copy of the integer, or what the iterator refers to.
template <loop_position I>
constexpr decltype(auto) element(I const& at) noexcept(loop_integer<I>) {
    if constexpr (loop_integer<I>)
        return I(at);
    else
        return *at;
}
template <class I>
using element_t = decltype(element(std::declval<I const&>()));

// The grain when none is given: such that there are at most 256 pieces. 256 forks cost about a microsecond, a fifth of
// what it costs to wake a worker that could help, so a body may be trivial; and 16 workers find 16 pieces each, so that
// the one who ends last is late by a sixteenth of the whole. The number of workers does not enter: a reduction of
// floating-point numbers gives the same bits on every machine.
constexpr offset most_pieces = 256;
constexpr offset default_grain(offset count) noexcept {
    return std::max<offset>(1, count / most_pieces + (count % most_pieces != 0));
}

// Throws std::invalid_argument unless it is positive.
template <std::integral G>
constexpr offset checked_grain(G grain, char const* algorithm) {
    if (std::cmp_less(grain, 1)) throw std::invalid_argument(std::string(algorithm) + ": the grain must be at least 1");
    return static_cast<offset>(grain);
}

// How far a range is still worth doing.
class failure_mark {
public:
    // Something that lies before `at` has failed.
    bool before(offset at) const noexcept { return end_.load(relaxed) <= at; }

    // Calls f, which works on the range as far as `end`; when it throws, all from `end` on is given up.
    template <class F>
    void watch(offset end, F&& f) {
        try {
            f();
        } catch (...) {
            set(end);
            throw;
        }
    }

private:
    void set(offset end) noexcept {
        offset seen = end_.load(relaxed);
        while (end < seen && !end_.compare_exchange_weak(seen, end, relaxed)) {
        }
    }

    atomic<offset> end_{UINT64_MAX};  // beyond every beginning
};

// A range of `count` elements in pieces of `grain`; count is not 0.
struct cut {
    offset count;
    offset grain;

    offset pieces() const noexcept { return count / grain + (count % grain != 0); }
    // The elements of the piece that begins at `at`.
    offset size_at(offset at) const noexcept { return std::min(grain, count - at); }
};

// Calls leaf(at, n) for each piece [at, at + n).
template <class Leaf>
class pieces_run {
public:
    pieces_run(cut c, Leaf& leaf) noexcept : cut_(c), leaf_(leaf) {}
    void run() { run(0, cut_.pieces()); }

private:
    void run(offset at, offset pieces) {
        if (failed_.before(at)) return;
        if (pieces > 1) {
            offset const left = pieces - pieces / 2;
            parallel_invoke([&] { run(at, left); }, [&] { run(at + left * cut_.grain, pieces - left); });
        } else {
            run_leaf(at, cut_.size_at(at));
        }
    }

    // Not inlined, here and in the other algorithms: what a callable needs of the stack is needed once, not in each
    // frame of the halving.
    HOCKET_NOINLINE void run_leaf(offset at, offset n) {
        failed_.watch(at + n, [&] { leaf_(at, n); });
    }

    cut const cut_;
    Leaf& leaf_;
    failure_mark failed_;
};

template <class Leaf>
void for_pieces(offset count, offset grain, Leaf&& leaf) {
    if (count != 0) pieces_run<std::remove_reference_t<Leaf>>({count, grain}, leaf).run();
}

}  // namespace hocket::inline HOCKET_ABI::detail

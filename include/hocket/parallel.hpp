// Loops, reductions and sorting, divided among the workers.
//
// What holds for all of them:
//
// - A range is a pair of integers of one type, [first, last), or of random-access iterators. It is empty when last does
//   not lie after first; then nothing is called.
// - The callables are called from several tasks at once, as std's are with std::execution::par. They are never copied
//   or moved, may suspend, and may use these functions in their turn.
// - The range is cut into pieces of `grain` elements. The first is done by the caller as itself, each other is a job of
//   parallel_invoke(), with an id, fiber-locals and an arena of its own and the caller's name and stop token. Within a
//   piece the elements are visited in order. A grain below 1 is std::invalid_argument. Without a grain there are at
//   most 256 pieces, about a microsecond of forks in all; who has a short range and bodies of nanoseconds gives a
//   grain, or writes a loop.
// - When a call throws, its piece ends, no piece behind it is begun any more, and what is begun goes on to its end. The
//   pieces before it are done in any case: the exception that comes out is the one that the same work done in order
//   would have thrown, whoever ran first.
// - Each returns when no call is under way any more, perhaps on another worker. A stop request does not end a loop: the
//   token of the caller is the callables' own (this_fiber::get_stop_token), and who wants to stop asks it and throws.
// - On a plain thread all is done by the caller, in the same pieces.
#pragma once

#include <concepts>
#include <functional>
#include <hocket/detail/pieces.hpp>
#include <hocket/detail/quicksort.hpp>
#include <hocket/detail/reduction.hpp>
#include <iterator>
#include <type_traits>
#include <utility>

namespace hocket::inline HOCKET_ABI {

// Calls f(i) for each integer i of [first, last), or f(*i) for each iterator, at most `grain` of them in one job. What
// f returns is ignored. Throws what f throws, std::invalid_argument. length calls, length / grain forks. [any thread]
template <detail::loop_position I, std::integral G, class F>
    requires std::invocable<F&, detail::element_t<I>>
void parallel_for(I first, I last, G grain, F&& f) {
    detail::offset const each = detail::checked_grain(grain, "hocket::parallel_for");
    detail::for_pieces(detail::length(first, last), each, [&](detail::offset at, detail::offset n) {
        for (I i = detail::advanced(first, at); n != 0; --n, ++i) static_cast<void>(std::invoke(f, detail::element(i)));
    });
}
// The same with at most 256 pieces. [any thread]
template <detail::loop_position I, class F>
    requires std::invocable<F&, detail::element_t<I>>
void parallel_for(I first, I last, F&& f) {
    hocket::parallel_for(first, last, detail::default_grain(detail::length(first, last)), f);
}

// As std::transform_reduce, but in order: init, transform(e1), transform(e2) ... combined by `reduce`, which must be
// associative and need not be commutative. init enters once, at the left, and need not be an identity; for an empty
// range it is the result.
//
// Each piece is folded from left to right, then neighbours are combined, two by two. How they are bracketed follows
// from length and grain alone: also where `reduce` is only nearly associative, as with floating-point numbers, the
// result is the same every time. What transform returns is converted to T, and so is what reduce(T, T) returns; both
// arguments are moved in. One T for each level of halving, log2(length / grain) of them, lies on the stack.
//
// Throws what the callables and T's move throw, std::invalid_argument. length calls of each. [any thread]
template <detail::loop_position I, std::integral G, std::movable T, class Reduce, class Transform>
    requires detail::reduces<I, T, Reduce, Transform>
[[nodiscard]] T parallel_reduce(I first, I last, G grain, T init, Reduce&& reduce, Transform&& transform) {
    detail::offset const each = detail::checked_grain(grain, "hocket::parallel_reduce");
    detail::offset const length = detail::length(first, last);
    if (length == 0) return init;
    return detail::reduction<I, T, std::remove_reference_t<Reduce>, std::remove_reference_t<Transform>>(
               first, {length, each}, init, reduce, transform)
        .run();
}
// The same with at most 256 pieces, however many workers there are. [any thread]
template <detail::loop_position I, std::movable T, class Reduce, class Transform>
    requires detail::reduces<I, T, Reduce, Transform>
[[nodiscard]] T parallel_reduce(I first, I last, T init, Reduce&& reduce, Transform&& transform) {
    return hocket::parallel_reduce(first, last, detail::default_grain(detail::length(first, last)), std::move(init),
                                   reduce, transform);
}

// As std::sort: puts [first, last) in the order of `comp`, equal elements in any; which one does not depend on timing.
// In place. n log n comparisons, also for input made to be bad, and n log n time: large ranges are divided by several
// tasks at once.
//
// Throws what comp and the moves throw; the range then holds valid elements, but as with std::sort some of their values
// may be lost. [any thread]
template <std::random_access_iterator I, class Compare>
    requires std::sortable<I, std::remove_reference_t<Compare>&>
void parallel_sort(I first, I last, Compare&& comp) {
    if (first < last) detail::quicksort<I, std::remove_reference_t<Compare>>(first, last, comp).run();
}
// By operator<. [any thread]
template <std::random_access_iterator I>
    requires std::sortable<I, std::less<>>
void parallel_sort(I first, I last) {
    hocket::parallel_sort(first, last, std::less<>());
}

}  // namespace hocket::inline HOCKET_ABI

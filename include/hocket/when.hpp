// Several futures as one: all of them, or whichever is first. Names and results are those of the Concurrency TS
// (ISO/IEC TS 19571:2016).
//
// The waiting is done by a task, so each of these is called in a runtime, throws as go() does, and then has used up the
// futures it was given. The future that it returns does not wait in its destructor; those inside do, if they came from
// async().
#pragma once

#include <cstddef>
#include <hocket/future.hpp>
#include <iterator>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace hocket::inline HOCKET_ABI {

// What when_any() found.
template <class Sequence>
struct when_any_result {
    std::size_t index;  // of one that is ready; static_cast<std::size_t>(-1) when there was none to wait for
    Sequence futures;   // all, in the order in which they were given
};

namespace detail {

template <class I>
using futures_of = std::vector<typename std::iterator_traits<I>::value_type>;

template <class Futures>
auto wait_for_all(Futures futures) {
    return result_of_task([futures = std::move(futures)]() mutable {
        if constexpr (requires { futures.begin(); })
            for (auto& f : futures) f.wait();
        else
            std::apply([](auto&... f) { (f.wait(), ...); }, futures);
        return std::move(futures);
    });
}

template <class Futures>
auto wait_for_any(Futures futures, std::vector<completion*> all) {
    return result_of_task([futures = std::move(futures), all = std::move(all)]() mutable {
        std::size_t const index = completion::wait_any(all.data(), all.size());
        return when_any_result<Futures>{index, std::move(futures)};
    });
}

}  // namespace detail

// A future of all these futures, ready when each of them is: a vector of those in [first, last), which are moved from
// (shared_futures too), or a tuple. Throws future_error(no_state) when one is not valid, and nothing is moved then. [fiber]
template <std::forward_iterator I>
    requires detail::is_future<typename std::iterator_traits<I>::value_type>
[[nodiscard]] auto when_all(I first, I last) {
    for (I i = first; i != last; ++i) static_cast<void>(detail::future_access::completion_of(*i));
    return detail::wait_for_all(
        detail::futures_of<I>(std::make_move_iterator(first), std::make_move_iterator(last)));
}
template <class... Futures>
    requires(detail::is_future<std::decay_t<Futures>> && ...)
[[nodiscard]] auto when_all(Futures&&... futures) {
    (static_cast<void>(detail::future_access::completion_of(futures)), ...);
    return detail::wait_for_all(std::tuple<std::decay_t<Futures>...>(std::forward<Futures>(futures)...));
}

// A future of all these futures and the number of one of them, ready when that one is: the first in their order, if
// several are ready by then. Else as when_all(). [fiber]
template <std::forward_iterator I>
    requires detail::is_future<typename std::iterator_traits<I>::value_type>
[[nodiscard]] auto when_any(I first, I last) {
    std::vector<detail::completion*> all;
    for (I i = first; i != last; ++i) all.push_back(detail::future_access::completion_of(*i));
    return detail::wait_for_any(
        detail::futures_of<I>(std::make_move_iterator(first), std::make_move_iterator(last)), std::move(all));
}
template <class... Futures>
    requires(detail::is_future<std::decay_t<Futures>> && ...)
[[nodiscard]] auto when_any(Futures&&... futures) {
    std::vector<detail::completion*> all{detail::future_access::completion_of(futures)...};
    return detail::wait_for_any(std::tuple<std::decay_t<Futures>...>(std::forward<Futures>(futures)...),
                                std::move(all));
}

}  // namespace hocket::inline HOCKET_ABI

// One parallel_reduce() under way.
//
// Protocol: a piece is folded into the place its parent gave it, a pair of halves is folded into two such places and
//   then combined in the left one. A place stays empty when something before it has failed; nobody looks at it then but
//   those who pass it on, for the exception comes out at the top.
#pragma once

#include <algorithm>
#include <concepts>
#include <functional>
#include <hocket/detail/pieces.hpp>
#include <optional>
#include <type_traits>
#include <utility>

namespace hocket::inline HOCKET_ABI::detail {

template <class I, class T, class Reduce, class Transform>
concept reduces = std::invocable<Transform&, element_t<I>> &&
                  std::convertible_to<std::invoke_result_t<Transform&, element_t<I>>, T> &&
                  std::invocable<Reduce&, T, T> && std::convertible_to<std::invoke_result_t<Reduce&, T, T>, T>;

template <class I, class T, class Reduce, class Transform>
class reduction {
public:
    reduction(I first, cut c, T& init, Reduce& reduce, Transform& transform)
        : first_(first), cut_(c), init_(init), reduce_(reduce), transform_(transform) {}

    T run() {
        std::optional<T> all;
        fold(0, cut_.pieces(), all);
        return std::move(all).value();
    }

private:
    void fold(offset at, offset pieces, std::optional<T>& out) {
        if (failed_.before(at)) return;
        if (pieces == 1) return fold_piece(at, cut_.size_at(at), out);

        offset const left = pieces - pieces / 2, middle = at + left * cut_.grain;
        std::optional<T> right;
        parallel_invoke([&] { fold(at, left, out); }, [&] { fold(middle, pieces - left, right); });
        if (!out || !right) return out.reset();
        offset const end = middle + std::min(cut_.count - middle, (pieces - left) * cut_.grain);
        combine(*out, *right, end);
    }

    HOCKET_NOINLINE void combine(T& left, T& right, offset end) {
        failed_.watch(end, [&] { left = combined(std::move(left), std::move(right)); });
    }

    HOCKET_NOINLINE void fold_piece(offset at, offset n, std::optional<T>& out) {
        failed_.watch(at + n, [&] {
            I i = advanced(first_, at);
            T sum = at == 0 ? combined(std::move(init_), transformed(i)) : transformed(i);
            for (++i; --n != 0; ++i) sum = combined(std::move(sum), transformed(i));
            out.emplace(std::move(sum));
        });
    }

    T transformed(I const& i) { return static_cast<T>(std::invoke(transform_, element(i))); }
    T combined(T&& left, T&& right) { return static_cast<T>(std::invoke(reduce_, std::move(left), std::move(right))); }

    I const first_;
    cut const cut_;
    T& init_;
    Reduce& reduce_;
    Transform& transform_;
    failure_mark failed_;
};

}  // namespace hocket::inline HOCKET_ABI::detail

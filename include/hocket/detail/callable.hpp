// A callable of which only the signature is known, and which need not be copied.
#pragma once

#include <functional>
#include <hocket/detail/config.hpp>
#include <type_traits>
#include <utility>

namespace hocket::inline HOCKET_ABI::detail {

template <class Signature>
class callable;

template <class R, class... Args>
class callable<R(Args...)> {
public:
    callable() noexcept = default;
    callable(callable const&) = delete;
    callable& operator=(callable const&) = delete;
    virtual ~callable() = default;
    virtual R call(Args... args) = 0;
};

template <class F, class Signature>
class callable_of;

template <class F, class R, class... Args>
class callable_of<F, R(Args...)> final : public callable<R(Args...)> {
public:
    template <class G>
    explicit callable_of(G&& function) : function_(std::forward<G>(function)) {}
    R call(Args... args) override {
        if constexpr (std::is_void_v<R>)
            static_cast<void>(std::invoke(function_, std::forward<Args>(args)...));
        else
            return std::invoke(function_, std::forward<Args>(args)...);
    }

private:
    F function_;
};

}  // namespace hocket::inline HOCKET_ABI::detail

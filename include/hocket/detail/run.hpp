// runtime::run(): the first task lives in its caller's frame, and so does its result.
#pragma once

#include <exception>
#include <functional>
#include <hocket/runtime.hpp>
#include <optional>
#include <tuple>
#include <type_traits>

namespace hocket::inline HOCKET_ABI::detail {

template <class F, class... Args>
std::invoke_result_t<F, Args...> run_in(runtime& rt, F&& f, Args&&... args) {
    using result = std::invoke_result_t<F, Args...>;
    struct frame {
        F&& function;
        std::tuple<Args&&...> arguments;
        std::exception_ptr failure{};
        std::conditional_t<std::is_void_v<result> || std::is_reference_v<result>, void*, std::optional<result>> value{};
    } call{std::forward<F>(f), std::tuple<Args&&...>(std::forward<Args>(args)...)};

    rt.run_first(
        [](void* p) {
            auto& c = *static_cast<frame*>(p);
            try {
                auto invoke = [&c](auto&&... a) -> result {
                    return std::invoke(std::forward<F>(c.function), std::forward<decltype(a)>(a)...);
                };
                if constexpr (std::is_void_v<result>) {
                    std::apply(invoke, std::move(c.arguments));
                } else if constexpr (std::is_reference_v<result>) {
                    auto&& r = std::apply(invoke, std::move(c.arguments));
                    c.value = const_cast<void*>(static_cast<void const volatile*>(std::addressof(r)));
                } else {
                    c.value.emplace(std::apply(invoke, std::move(c.arguments)));
                }
            } catch (...) {
                c.failure = std::current_exception();
            }
        },
        &call);

    if (call.failure) std::rethrow_exception(std::move(call.failure));
    if constexpr (std::is_reference_v<result>)
        return static_cast<result>(*static_cast<std::remove_reference_t<result>*>(call.value));
    else if constexpr (!std::is_void_v<result>)
        return std::move(*call.value);
}

}  // namespace hocket::inline HOCKET_ABI::detail

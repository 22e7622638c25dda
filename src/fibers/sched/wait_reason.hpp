// Why a fiber does not run: every suspension names one. Dumps, logs and the harness print it.
#pragma once

#include <cstdint>
#include <hocket/detail/config.hpp>

namespace hocket::inline HOCKET_ABI::detail {

enum class wait_reason : std::uint8_t {
    none,
    yield,
    sleep,
    mutex,
    condition,
    semaphore,
    latch,
    barrier,
    event,
    channel_send,
    channel_receive,
    select,
    limiter,
    completion,
    join,
};

// "waits for a mutex", "sleeps" ...
char const* to_string(wait_reason r) noexcept;

}  // namespace hocket::inline HOCKET_ABI::detail

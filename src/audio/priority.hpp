// The scheduling class of a thread: the audio thread's and the runners'. The only file of the audio library that sets
// one.
#pragma once

#include <hocket/detail/config.hpp>

namespace hocket::inline HOCKET_ABI::audio::detail {

// Puts the calling thread into SCHED_FIFO at `priority` (1 .. 99); false when the system does not permit that.
// [control]
bool become_realtime(int priority) noexcept;

// Puts the calling thread below the audio thread: an ordinary class, whatever its creator's was, and nice 10. Never a
// real-time class: runners that saturate the cores in one make the kernel's throttling stop the audio thread. Returns
// true. [worker]
bool become_background() noexcept;

}  // namespace hocket::inline HOCKET_ABI::audio::detail

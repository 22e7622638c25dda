// The scheduling class and the core of a thread: the audio thread's and the runners'. The only file of the audio library
// that sets them.
#pragma once

#include <hocket/detail/config.hpp>
#include <vector>

namespace hocket::inline HOCKET_ABI::audio::detail {

// Of a runner's thread: as it was created; nice 10 with short turns, which come soon after it wakes (Linux 6.12 and later);
// nice 10 with turns as everybody has them, for actions that take long; SCHED_IDLE. Never a real-time class: runners that
// saturate the cores in one make the kernel's throttling stop the audio thread.
enum class thread_class : unsigned char { ordinary, background, patient, idle };

// Puts the calling thread into SCHED_FIFO at `priority` (1 .. 99); false when the system does not permit that.
// [control]
bool become_realtime(int priority) noexcept;

// Puts the calling thread into one of the runners' classes, as far as the system permits that; each but SCHED_IDLE is
// SCHED_OTHER whatever its creator's was. [worker]
void become(thread_class wanted) noexcept;

// The cores that the calling thread may use. Throws std::bad_alloc. [any thread]
std::vector<int> usable_cores();

// From now on the calling thread runs on this core only, if the system permits that. [worker]
void bind_to_core(int core) noexcept;

}  // namespace hocket::inline HOCKET_ABI::audio::detail

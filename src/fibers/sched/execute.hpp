// A task's life from call to end.
#pragma once

#include <hocket/detail/config.hpp>

namespace hocket::inline HOCKET_ABI::detail {

struct task;

// Calls the task, on whichever stack this is, and does what follows its end, in this order: closure destroyed,
// fiber-locals, arena destructors in reverse, arena reset, completion published, record given back. Returns perhaps
// on another worker. [carrier]
void execute(task& t) noexcept;

}  // namespace hocket::inline HOCKET_ABI::detail

// A task's arena, and the way from one task to the next of a worker.
#pragma once

#include <hocket/arena.hpp>

namespace hocket::inline HOCKET_ABI::detail {

struct task_memory {
    task_memory(block_pool& pool, std::size_t limit) noexcept : memory(pool, limit) {}
    arena memory;
    task_memory* next = nullptr;  // in the worker's idle list
};

}  // namespace hocket::inline HOCKET_ABI::detail

// A task's arena, and the way from one task to the next of a worker.
#pragma once

#include <hocket/arena.hpp>
#include <new>

#include "fibers/sched/scheduler.hpp"
#include "fibers/sched/worker.hpp"

namespace hocket::inline HOCKET_ABI::detail {

struct task_memory {
    task_memory(block_pool& pool, std::size_t limit) noexcept : memory(pool, limit) {}
    arena memory;
    task_memory* next = nullptr;  // in the worker's idle list
    std::size_t held = 0;         // bytes that it has kept, while it is there
};

// The most that a worker keeps.
constexpr unsigned idle_memories = 16;

static_assert(sizeof(task_memory) <= task::slab_bytes && alignof(task_memory) <= task::slab_align);

inline void worker::end_memory(task_memory* m) noexcept {
    m->~task_memory();
    closures.give(m);
}

inline task_memory* worker::take_memory() {
    task_memory* const m = idle_memory;
    if (m == nullptr) [[unlikely]] {
        void* const place = closures.take();
        if (place == nullptr) throw std::bad_alloc();
        return ::new (place) task_memory(sched.blocks, sched.options.arena_limit);
    }
    idle_memory = m->next;
    --idle_memory_count;
    idle_memory_bytes.store(idle_memory_bytes.load(relaxed) - m->held, relaxed);
    return m;
}

inline void worker::give_memory(task_memory* m) noexcept {
    if (idle_memory_count == idle_memories) [[unlikely]] {
        end_memory(m);
        return;
    }
    m->next = idle_memory;
    idle_memory = m;
    ++idle_memory_count;
    m->held = m->memory.reserved();
    idle_memory_bytes.store(idle_memory_bytes.load(relaxed) + m->held, relaxed);
}

}  // namespace hocket::inline HOCKET_ABI::detail

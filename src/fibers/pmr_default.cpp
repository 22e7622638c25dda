// Each allocation carries its origin in front of it, because memory may be freed on the other side of the border
// between a task and the rest: what came from the heap goes back to it, what came from an arena is left to the
// arena's reset. What outlives its task must not use this resource inside the task.
#include "fibers/pmr_default.hpp"

#include <algorithm>
#include <cstddef>
#include <hocket/this_fiber.hpp>
#include <memory_resource>
#include <new>

#include "fibers/sched/worker.hpp"

namespace hocket::inline HOCKET_ABI::detail {

namespace {

class task_or_heap final : public std::pmr::memory_resource {
public:
    explicit task_or_heap(std::pmr::memory_resource* heap) noexcept : heap_(heap) {}

private:
    enum class origin : std::uintptr_t { heap = 0x48454150, arena = 0x4152454e };

    // Room in front, which keeps the alignment.
    static std::size_t front(std::size_t align) noexcept { return std::max(align, sizeof(origin)); }

    void* do_allocate(std::size_t bytes, std::size_t align) override {
        bool const inside = this_task() != nullptr;
        std::size_t const whole = front(align) + bytes;
        if (whole < bytes) throw std::bad_alloc();
        align = std::max(align, alignof(origin));
        auto* const base = static_cast<std::byte*>(inside ? this_fiber::arena().allocate(whole, align)
                                                          : heap_->allocate(whole, align));
        std::byte* const user = base + front(align);
        ::new (user - sizeof(origin)) origin(inside ? origin::arena : origin::heap);
        return user;
    }

    void do_deallocate(void* p, std::size_t bytes, std::size_t align) override {
        auto* const user = static_cast<std::byte*>(p);
        align = std::max(align, alignof(origin));
        if (*std::launder(reinterpret_cast<origin*>(user - sizeof(origin))) == origin::heap)
            heap_->deallocate(user - front(align), front(align) + bytes, align);
    }

    bool do_is_equal(std::pmr::memory_resource const& other) const noexcept override { return this == &other; }

    std::pmr::memory_resource* const heap_;
};

}  // namespace

void install_pmr_default() {
    // Never destroyed: containers in static storage may free through it at the very end.
    static auto* const resource = new task_or_heap(std::pmr::get_default_resource());
    std::pmr::set_default_resource(resource);
}

}  // namespace hocket::inline HOCKET_ABI::detail

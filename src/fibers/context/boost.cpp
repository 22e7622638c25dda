// Makes a boost::context::fiber, and carries it as a pointer-sized token.
//
// A fiber object is one pointer, Boost's fcontext_t, and move-only; the scheduler keeps its contexts in one word whichever
// backend made them. So the object is moved into a token's bytes, and never destroyed while it holds a context (its
// destructor would unwind the stack): a token is used up by exactly one jump.
#include "fibers/context/boost.hpp"

#include <boost/context/fiber.hpp>
#include <boost/context/preallocated.hpp>
#include <boost/context/stack_context.hpp>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

namespace hocket::inline HOCKET_ABI::detail {

using boost_fiber = ::boost::context::fiber;
static_assert(sizeof(boost_fiber) == sizeof(void*), "the token is the object");

static void* to_token(boost_fiber&& f) noexcept {
    alignas(boost_fiber) std::byte place[sizeof(boost_fiber)];
    ::new (place) boost_fiber(std::move(f));
    void* token;
    std::memcpy(&token, place, sizeof token);
    return reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(token) | boost_bit);
}

namespace {
// The stacks are the pool's: Boost is only told where they are.
struct no_allocator {
    ::boost::context::stack_context allocate() { return {}; }
    void deallocate(::boost::context::stack_context&) noexcept {}
};
}  // namespace

void* boost_make(stack& s, entry_function entry) noexcept {
    ::boost::context::stack_context description;
    description.sp = s.top();
    description.size = static_cast<std::size_t>(s.top() - s.base);
    ::boost::context::preallocated const place(s.top(), description.size, description);
    return to_token(boost_fiber(std::allocator_arg, place, no_allocator{}, [entry](boost_fiber&& from) -> boost_fiber {
        entry(context{to_token(std::move(from))});
        __builtin_unreachable();
    }));
}

}  // namespace hocket::inline HOCKET_ABI::detail

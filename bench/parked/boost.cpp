// parked with Boost.Fiber: stacks with a guard page, default size, round_robin. The stack allocator's mprotect fails at
// the kernel's limit of mappings; by itself it would assert that, or where assertions are off go on without a guard.
#define BOOST_ENABLE_ASSERT_HANDLER
#include <boost/fiber/condition_variable.hpp>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/mutex.hpp>
#include <boost/fiber/operations.hpp>
#include <boost/fiber/protected_fixedsize_stack.hpp>
#include <chrono>
#include <mutex>
#include <new>

#include "memory.hpp"

namespace boost {
void assertion_failed(char const*, char const*, char const*, long) { throw std::bad_alloc(); }
void assertion_failed_msg(char const*, char const*, char const*, char const*, long) { throw std::bad_alloc(); }
}  // namespace boost

namespace hocket::bench {
namespace {

struct crowd {
    std::uint64_t arrived = 0, gone = 0, sum = 0, unguarded = 0;
    bool open = false;
    boost::fibers::mutex guard;
    boost::fibers::condition_variable gate;

    void stand(std::uint64_t i, std::size_t deep, std::size_t guard_bytes) {
        if (deep != 0) run_deep(deep);
        if (guard_bytes != 0 && looks_for_guard(i) && !guard_within(guard_bytes)) ++unguarded;
        std::uint64_t volatile mine = i;
        {
            std::unique_lock lock(guard);
            ++arrived;
            gate.wait(lock, [this] { return open; });
        }
        sum += mine;
        ++gone;
    }
    // Parks so many, or as many as there can be, calls f() and wakes them. Returns how many there were.
    template <class F>
    std::uint64_t park(std::uint64_t fibers, std::size_t deep, std::size_t guard_bytes, F f) {
        std::uint64_t i = 0;
        try {
            for (; i < fibers; ++i)
                boost::fibers::fiber(boost::fibers::launch::dispatch, std::allocator_arg,
                                     boost::fibers::protected_fixedsize_stack(),
                                     [this, i, deep, guard_bytes] { stand(i, deep, guard_bytes); })
                    .detach();
        } catch (std::bad_alloc const&) {
        }
        while (arrived < i) boost::this_fiber::yield();
        f();
        open = true;
        gate.notify_all();
        while (gone < i) boost::this_fiber::yield();
        return i;
    }
};

sample parked(parameters const& p) {
    sample s;
    std::uint64_t const fibers = p["fibers"], deep = p["deep"];
    need_memory(fibers, 9000 + deep);
    crowd all;
    meter const m;
    std::uint64_t const before = resident();
    std::uint64_t const there = all.park(fibers, deep, 0, [&] {
        boost::this_fiber::sleep_for(std::chrono::milliseconds(p["settle_ms"]));
        s.bytes = resident() - before;
    });
    m.stop(s);
    if (there < fibers) throw unable("has no more than " + std::to_string(there) + " stacks (vm.max_map_count)");
    s.count = fibers;
    s.checksum = all.sum;
    return s;
}

sample guarded(parameters const& p) {
    sample s;
    std::uint64_t const fibers = p["fibers"];
    need_memory(fibers, 9000);
    crowd all;
    meter const m;
    s.count = all.park(fibers, 0, boost::context::stack_traits::default_size() + 8192, [] {});
    m.stop(s);
    bool const right = all.sum == s.count * (s.count - 1) / 2 && all.unguarded == 0;
    s.checksum = right ? fibers : 0;
    return s;
}

bench_case const parked_case("parked", parked);
bench_case const guarded_case("guarded", guarded);

}  // namespace
}  // namespace hocket::bench

// parked: a million fibers stand still at once, each on a guarded stack of its own, and all go on with what they had.
//
// Each fiber keeps a value of its own in its frame, over its wait, and adds it up afterwards; one in sixteen has run deep
// into its stack before, so that what lies below its frames has been in use. While all are parked, the guards of 100 of
// them, chosen at random, are tried in forked children: a write to the guard must kill the child, a write to the lowest part
// of the stack must not.
// Remarks: what a parked fiber costs, in resident memory and page tables.
// Op: a fiber that went on. Latency: none.
// Broken: one fiber forgets its value.
#include <alloca.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <hocket/go.hpp>
#include <hocket/runtime.hpp>
#include <hocket/semaphore.hpp>
#include <hocket/this_fiber.hpp>
#include <system_error>
#include <vector>

#include "stress/crew.hpp"
#include "stress/memory.hpp"
#include "stress/scenarios/all.hpp"
#include "stress/stage.hpp"

namespace hocket::stress {

namespace {

constexpr std::size_t stack_bytes = 64_KiB;
constexpr unsigned guards = 100;

// Whether a child that writes to `address` lives. It shares this process's memory (a copy of a million stacks' page
// tables takes seconds), so the address must be one that nobody uses.
bool writable(std::byte* address) {
    rlimit before;
    getrlimit(RLIMIT_CORE, &before);
    pid_t const child = vfork();
    if (child == 0) {
        rlimit const none{0, before.rlim_max};
        setrlimit(RLIMIT_CORE, &none);
        for (int const s : {SIGSEGV, SIGBUS}) signal(s, SIG_DFL);
        *const_cast<std::byte volatile*>(address) = std::byte{1};
        _exit(0);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child) throw std::system_error(errno, std::generic_category(), "vfork");
    return WIFEXITED(status);
}

// Runs through half of the stack, so that its pages have memory.
[[gnu::noinline]] void dive() {
    auto* const deep = static_cast<char volatile*>(alloca(stack_bytes / 2));
    for (std::size_t at = 0; at < stack_bytes / 2; at += 1024) deep[at] = 1;
}

}  // namespace

void parked(trial& t) {
    std::uint64_t const fibers = t.asked().fibers != 0 ? t.asked().fibers : t.scaled(100'000, 200);
    std::uint64_t const forgetful = t.broken() ? fibers / 2 : fibers;
    std::vector<std::byte*> frames(fibers);
    tally values;
    std::atomic<std::uint64_t> waiting{0};
    counting_semaphore<> gate{0};

    runtime_options options = t.options();
    options.stack_size = stack_bytes;
    options.max_stacks = std::max<std::size_t>(options.max_stacks, fibers + fibers / 8 + 1000);
    stage s(t, options);
    memory_use const before = memory_use::now();
    memory_use all_parked;
    s.run([&] {
        crew sleepers(t);
        for (std::uint64_t i = 0; i < fibers; ++i) {
            sleepers.go([&, i] {
                std::uint64_t volatile mine = mix(i);
                frames[i] = reinterpret_cast<std::byte*>(const_cast<std::uint64_t*>(&mine));
                if (i % 16 == 0) dive();
                waiting.fetch_add(1, std::memory_order_relaxed);
                gate.acquire();
                if (i == forgetful) mine = 0;
                values.add(mine);
                t.ops.add(1);
            });
            if (i % 1000 == 999) this_fiber::yield();
        }
        while (waiting.load(std::memory_order_relaxed) != fibers) this_fiber::yield();
        this_fiber::sleep_for(std::chrono::seconds(1));  // until what lies below the frames has been given back
        all_parked = memory_use::now();

        generator choice = t.random(0);
        for (unsigned i = 0; i < guards; ++i) {
            std::byte* const frame = frames[choice.below(fibers)];
            // The frame lies near the top, and the guard is 16 KiB or more.
            blocking([&] {
                if (writable(frame - stack_bytes)) t.fail("a stack has no guard: a write below it went through");
                if (!writable(frame - stack_bytes + 4_KiB)) t.fail("a stack ends too early: a write within it was fatal");
            });
        }
        gate.release(static_cast<std::ptrdiff_t>(fibers));
        sleepers.join();
    });
    std::uint64_t wanted = 0;
    for (std::uint64_t i = 0; i < fibers; ++i) wanted += mix(i);
    t.expect("sum of the values kept on the stacks", values.sum(), wanted);
    if (memory_use::means_something())
        t.remark(std::to_string(fibers) + " parked fibers cost " +
                 std::to_string((all_parked.resident - before.resident) / fibers) + " bytes each, and " +
                 std::to_string((all_parked.page_tables - before.page_tables) / fibers) + " of page tables");
    s.close();
}

}  // namespace hocket::stress

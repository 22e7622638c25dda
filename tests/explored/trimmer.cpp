// Memory is taken from below the frames of a parked fiber: never while it runs.
#include "fibers/sched/trimmer.hpp"

#include <chrono>
#include <cstddef>
#include <hocket/semaphore.hpp>

#include "check.hpp"
#include "fibers/sched/scheduler.hpp"
#include "seam/pause.hpp"

using hocket::detail::atomic;
using hocket::detail::scheduler;
using hocket::detail::task_kind;
using hocket::detail::seam::fault;
using hocket::explorer::complete;
using hocket::explorer::finds;
using hocket::explorer::passes;
using hocket::explorer::require;
using hocket::explorer::thread;
using hocket::explorer::whole;
namespace seam = hocket::detail::seam;

namespace {

// Writes to the stack below its caller's frame, lets others go on, and finds what it wrote.
[[gnu::noinline]] void use_stack(atomic<int>& word) {
    constexpr std::size_t bytes = 12 * 1024;
    std::byte volatile room[bytes];
    for (std::size_t i = 0; i < bytes; i += 64) room[i] = std::byte{0x42};
    word.fetch_add(1);
    word.fetch_add(1);
    for (std::size_t i = 0; i < bytes; i += 64) require(room[i] == std::byte{0x42}, "the stack keeps what is written to it");
}

// A fiber is parked, woken and parked again while rounds go on; a pinned one by letter.
void woken_meanwhile(hocket::launch const& how) {
    scheduler s(complete(1));
    s.start();
    hocket::counting_semaphore<> gate{0};
    atomic<int> parked{0}, word{0};
    hocket::detail::spawn_with(&s, task_kind::ordinary, &how, [&] {
        for (int i = 0; i < 2; ++i) {
            use_stack(word);
            parked.fetch_add(1);
            gate.acquire();
        }
        use_stack(word);
    });
    while (parked.load() == 0) seam::pause();
    thread trimmer(
        [&] {
            for (int i = 0; i < 4; ++i) s.trim.round(s.at(0));
        },
        "trimmer");
    gate.release();
    while (parked.load() != 2) seam::pause();
    gate.release();
    trimmer.join();
    s.shutdown();
}

// Fibers that wait with a deadline, which fires, or is cancelled, while rounds go on.
void timed() {
    scheduler s(complete(2));
    s.start();
    hocket::counting_semaphore<> gate{0};
    atomic<int> parked{0}, word{0};
    for (int n = 0; n < 2; ++n)
        hocket::detail::spawn_with(&s, task_kind::ordinary, nullptr, [&] {
            use_stack(word);
            parked.fetch_add(1);
            static_cast<void>(gate.try_acquire_for(std::chrono::microseconds(20)));
            use_stack(word);
        });
    while (parked.load() == 0) seam::pause();
    for (int i = 0; i < 3; ++i) s.trim.round(s.at(0));
    gate.release();
    s.trim.round(s.at(0));
    s.shutdown();
}

}  // namespace

TEST_CASE("trimmer: a fiber that is woken while its stack is being trimmed finds it whole") {
    passes(whole("woken while trimmed"), [] { woken_meanwhile({}); });
    passes(whole("woken by letter while trimmed"), [] { woken_meanwhile({.worker = 0}); });
    passes(whole("timed waits while trimmed", 600), timed);
    // It loses what it wrote, or the address it wants to return to.
    finds(fault::wake_during_trim, whole("woken while trimmed", 20'000), "", [] { woken_meanwhile({}); });
    finds(fault::wake_during_trim, whole("woken by letter while trimmed", 20'000), "",
          [] { woken_meanwhile({.worker = 0}); });
}

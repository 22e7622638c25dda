// async_call with the standard library: `mutex_pair`: a std::mutex that nobody else wants is locked and unlocked. A
// second thread lives meanwhile: in a process of one thread the C library locks without an atomic operation.
#include <atomic>
#include <mutex>
#include <thread>

#include "side.hpp"

namespace hocket::bench {
namespace {

sample mutex_pair(parameters const& p) {
    std::atomic<bool> over{false};
    std::thread other([&] { over.wait(false); });
    sample s;
    std::uint64_t const count = p["count"];
    std::uint64_t volatile sum = 0;
    std::mutex guard;
    thread_meter const m;
    for (std::uint64_t i = 0; i < count; ++i) {
        guard.lock();
        sum = sum + i;
        guard.unlock();
    }
    m.stop(s);
    over = true;
    over.notify_one();
    other.join();
    s.count = count;
    s.checksum = sum;
    return s;
}

bench_case const mutex_pair_case("mutex_pair", mutex_pair);

}  // namespace
}  // namespace hocket::bench

// handover between two std::threads through std::mutex and std::condition_variable. With bound = 1 each is bound to a
// core of its own, with 0 they stand where the system puts them.
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "cores.hpp"
#include "side.hpp"

namespace hocket::bench {
namespace {

class box {
public:
    void put(std::uint64_t value) {
        {
            std::lock_guard const lock(guard_);
            value_ = value;
            full_ = true;
        }
        filled_.notify_one();
    }
    std::uint64_t take() {
        std::unique_lock lock(guard_);
        filled_.wait(lock, [this] { return full_; });
        full_ = false;
        return value_;
    }

private:
    std::mutex guard_;
    std::condition_variable filled_;
    std::uint64_t value_ = 0;
    bool full_ = false;
};

constexpr std::uint64_t enough = UINT64_MAX;

sample handover(parameters const& p) {
    sample s;
    std::uint64_t const count = p["count"];
    std::chrono::microseconds const pause(p["pause_us"]);
    bool const bound = p["bound"] != 0;
    box there, back;
    std::thread echo([&] {
        if (bound) bind_to(1);
        for (std::uint64_t v; (v = there.take()) != enough;) back.put(v + 1);
    });
    std::thread first([&] {
        if (bound) bind_to(0);
        std::uint64_t value = 0;
        s.latencies_ns.reserve(count);
        meter const m;
        for (std::uint64_t i = 0; i < count; ++i) {
            if (pause.count() != 0) std::this_thread::sleep_for(pause);
            std::int64_t const start = pause.count() != 0 ? now_ns() : 0;
            there.put(value);
            value = back.take();
            if (pause.count() != 0) s.latencies_ns.push_back(static_cast<double>(now_ns() - start));
        }
        m.stop(s);
        s.count = count;
        s.checksum = value;
        there.put(enough);
    });
    first.join();
    echo.join();
    return s;
}

bench_case const handover_case("handover", handover);

}  // namespace
}  // namespace hocket::bench

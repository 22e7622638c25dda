// Programs that are others in each schedule.
#include <chrono>
#include <cstdint>
#include <hocket/hocket.hpp>
#include <hocket/parallel_invoke.hpp>
#include <hocket/scope.hpp>
#include <mutex>
#include <optional>

#include "check.hpp"
#include "seam/choice.hpp"

using hocket::explorer::passes;
using hocket::explorer::require;
using hocket::explorer::small;
using hocket::explorer::tally;
using hocket::explorer::thread;
using hocket::explorer::whole;
namespace seam = hocket::detail::seam;

namespace {

// A program that is another one in each schedule: tasks that do whatever the dice say, and a stranger who hands in
// more.
class random_program {
public:
    void run() {
        {
            hocket::runtime_options options = small(1 + below(3), 1 + below(2));
            if (below(3) == 0) options.context = hocket::context_backend::boost;
            hocket::runtime rt{options};
            if (below(3) == 0) rt.start();
            thread stranger(
                [&] {
                    for (std::uint32_t n = below(3); n != 0; --n) {
                        try {
                            ++begun_;
                            rt.go([this] { task(1); });
                        } catch (hocket::no_runtime const&) {
                            ++ended_;
                        }
                    }
                    if (below(4) == 0) rt.shutdown();
                },
                "stranger");
            try {
                for (std::uint32_t n = below(3); n != 0; --n) rt.run([this] { act(2); });
            } catch (hocket::no_runtime const&) {
            }
            if (below(2) == 0) rt.shutdown();
            stranger.join();
        }
        require(begun_ == ended_, "each task runs once");
    }

private:
    std::uint32_t below(std::uint32_t n) { return seam::choice(1).below(n); }

    void task(int depth) {
        act(depth);
        ++ended_;
    }

    void spawn(int depth, hocket::launch how) {
        ++begun_;
        if (below(2) == 0)
            hocket::go(how, [this, depth] { task(depth); });
        else
            hocket::async(how, [this, depth] { task(depth); }).get();
    }

    void fork(int depth) {
        begun_ += 3;
        auto job = [&] { task(depth); };
        hocket::parallel_invoke(job, job, job);
    }

    void spawn_into_scope(int depth) {
        hocket::scope s;
        for (std::uint32_t n = below(4); n != 0; --n) {
            ++begun_;
            s.spawn([this, &s, depth] {
                if (below(3) == 0) {
                    ++begun_;
                    s.spawn([this] { task(0); });
                }
                task(depth);
            });
        }
        if (below(2) == 0) s.join();
    }

    // Not in a blocking task, where nothing may suspend but for the thread.
    void act(int depth) {
        for (std::uint32_t n = below(4); n != 0; --n) {
            auto const some = std::chrono::microseconds(below(60));
            switch (below(depth > 0 ? 13 : 6)) {
                case 0: hocket::this_fiber::yield(); break;
                case 1: hocket::this_fiber::sleep_for(some); break;
                case 2: {
                    std::lock_guard held(mutex_);
                    require(++inside_ == 1, "one at a time");
                    if (below(2) == 0) hocket::this_fiber::yield();
                    --inside_;
                    break;
                }
                case 3:
                    if (below(2) == 0)
                        permits_.acquire();
                    else if (!permits_.try_acquire_for(some))
                        break;
                    if (below(2) == 0) hocket::this_fiber::yield();
                    permits_.release();
                    break;
                case 4:
                    static_cast<void>(box_.try_send(1));
                    break;
                case 5: {
                    std::optional<int> got;
                    static_cast<void>(box_.try_recv(got));
                    break;
                }
                case 6: spawn(depth - 1, {}); break;
                case 7: spawn(depth - 1, {.worker = 0}); break;
                case 8: spawn(depth - 1, {.delay = some}); break;
                case 9: spawn(depth - 1, {.stack_size = 128 * 1024}); break;
                case 10: hocket::blocking([&] { hocket::this_fiber::sleep_for(some); }); break;
                case 11: fork(depth - 1); break;
                case 12: spawn_into_scope(depth - 1); break;
            }
        }
    }

    hocket::mutex mutex_;
    int inside_ = 0;  // guarded by mutex_
    hocket::counting_semaphore<> permits_{1};
    hocket::channel<int> box_{1};
    tally begun_, ended_;
};

}  // namespace

TEST_CASE("random programs: each task runs once, and everything ends") {
    passes(whole("random program", 8000), [] { random_program().run(); });
}

// cancel: a runtime that is cancelled in the middle of its work ends soon, and nothing that was handed over is lost.
//
// A row of runtimes. In each a crowd of fibers does without end what can be waited for: they send numbered values to each
// other and to plain threads, by channels and selects, with and without deadlines; hold permits and a lock while they
// sleep; spawn children and delayed tasks. At some moment all is cancelled. Every fiber must have been left by unwinding,
// every value that was sent have been received once or lie in its channel, every permit and the lock be free.
// Op: a fiber that ended. Latency: how long the cancellation took.
// Broken: the first value that is received is forgotten.
#include <array>
#include <atomic>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include <hocket/hocket.hpp>

#include "stress/clock.hpp"
#include "stress/guarded_pair.hpp"
#include "stress/scenarios/all.hpp"
#include "stress/stage.hpp"

namespace hocket::stress {

namespace {

constexpr unsigned fibers = 48, outside = 2, people = fibers + outside;
constexpr std::uint32_t values_each = 4096;
constexpr std::ptrdiff_t all_permits = 5;

// Something that must be gone at the end.
class presence {
public:
    explicit presence(std::atomic<int>& n) noexcept : n_(&n) { n.fetch_add(1); }
    presence(presence&& other) noexcept : n_(std::exchange(other.n_, nullptr)) {}
    ~presence() {
        if (n_ != nullptr) n_->fetch_sub(1);
    }

private:
    std::atomic<int>* n_;
};

class storm {
public:
    storm(trial& t, std::uint64_t round) : trial_(t), round_(round), seen_(people * values_each) {}

    // Until it is cancelled. [fiber]
    void live(unsigned me) {
        presence const here(present_);
        generator choice = trial_.random(round_ * people + me);
        std::uint32_t next = me * values_each;
        std::uint32_t const end = next + values_each;
        while (next != end) switch (choice.below(8)) {
                case 0:
                    if (line(choice).send(next)) sent(next++);
                    break;
                case 1: got(line(choice).recv()); break;
                case 2:
                    select(on_send(line_[0], next,
                                   [&](bool taken) {
                                       if (taken) sent(next++);
                                   }),
                           on_recv(line_[1], [&](auto v) { got(v); }), on_recv(line_[2], [&](auto v) { got(v); }));
                    break;
                case 3: exchange_in_time(choice, next); break;
                case 4: {
                    permits_.acquire();
                    permit const mine{permits_};
                    this_fiber::sleep_for(std::chrono::microseconds(choice.below(50)));
                    break;
                }
                case 5: {
                    std::lock_guard const held(door_);
                    if (!pair_.equal()) trial_.fail("two were behind one lock");
                    pair_.add_one(choice.one_in(4));
                    if (choice.one_in(8)) this_fiber::sleep_for(std::chrono::microseconds(choice.below(50)));
                    break;
                }
                case 6: {
                    scope children;
                    for (int i = 0; i < 3; ++i)
                        children.spawn([this, mine = presence(present_)] {
                            auto const v = line_[2].recv(this_fiber::get_stop_token());
                            if (v) got(v);
                        });
                    if (line_[2].send(next)) sent(next++);
                    this_fiber::sleep_for(std::chrono::microseconds(choice.below(20)));
                    children.request_stop();
                    children.join();
                    break;
                }
                default:
                    go({.delay = std::chrono::microseconds(choice.below(2000))},
                       [mine = presence(present_)] { this_fiber::sleep_for(std::chrono::microseconds(100)); });
            }
    }

    // [thread]
    void live_outside(unsigned me, std::stop_token stop) {
        generator choice = trial_.random(round_ * people + me);
        std::uint32_t next = me * values_each;
        std::uint32_t const end = next + values_each;
        while (next != end && !stop.stop_requested()) exchange_in_time(choice, next);
    }

    void check() {
        trial_.expect("fibers, children and closures that are left", present_.load(), 0);
        for (auto& l : line_) {
            std::optional<std::uint32_t> v;
            while (l.try_recv(v) == channel_status::success) got(v);
        }
        for (std::size_t i = 0; i < seen_.size(); ++i)
            if (auto const s = seen_[i].load(); s != 0 && s != was_sent + was_received)
                trial_.fail("value " + std::to_string(i) +
                            (s == was_sent ? " was lost" : " came and was not sent, or came twice"));
        std::ptrdiff_t free = 0;
        while (permits_.try_acquire()) ++free;
        trial_.expect("permits", free, all_permits);
        if (!door_.try_lock()) return trial_.fail("the lock is held by nobody");
        door_.unlock();
    }

private:
    static constexpr unsigned char was_sent = 1, was_received = 16;

    struct permit {
        counting_semaphore<>& of;
        ~permit() { of.release(); }
    };

    channel<std::uint32_t>& line(generator& choice) { return line_[choice.below(2)]; }

    void exchange_in_time(generator& choice, std::uint32_t& next) {
        std::chrono::microseconds const some(choice.below(200));
        if (choice.one_in(2)) {
            if (line(choice).send_for(next, some) == channel_status::success) sent(next++);
        } else {
            std::optional<std::uint32_t> v;
            if (line(choice).recv_for(v, some) == channel_status::success) got(v);
        }
    }
    void sent(std::uint32_t v) { seen_[v].fetch_add(was_sent); }
    void got(std::optional<std::uint32_t> v) {
        if (!v) return trial_.fail("a channel that nobody closed was closed");
        if (trial_.broken() && !forgot_.exchange(true)) return;
        seen_[*v].fetch_add(was_received);
    }

    trial& trial_;
    std::uint64_t const round_;
    std::array<channel<std::uint32_t>, 3> line_{
        {channel<std::uint32_t>(rendezvous), channel<std::uint32_t>(4), channel<std::uint32_t>(unbounded)}};
    counting_semaphore<> permits_{all_permits};
    hocket::mutex door_;
    guarded_pair pair_{false};
    std::atomic<int> present_{0};
    std::atomic<bool> forgot_{false};
    std::vector<std::atomic<unsigned char>> seen_;
};

}  // namespace

void cancel_storm(trial& t) {
    std::uint64_t const runtimes = t.scaled(200, 2);
    generator choice = t.random(hash("moments"));
    for (std::uint64_t round = 1; round <= runtimes; ++round) {
        storm all(t, round);
        stage s(t);
        std::int64_t const start = now_ns();
        if (choice.one_in(4)) {
            for (unsigned i = 0; i < fibers; ++i) s.runtime().go([&all, i] { all.live(i); });
            s.runtime().start();
        } else {
            s.runtime().start();
            for (unsigned i = 0; i < fibers; ++i) s.runtime().go([&all, i] { all.live(i); });
        }
        {
            std::vector<std::jthread> threads;
            for (unsigned i = fibers; i < people; ++i)
                threads.emplace_back([&all, i](std::stop_token stop) { all.live_outside(i, stop); });
            std::this_thread::sleep_for(std::chrono::microseconds(choice.below(4000)));
            std::int64_t const begin = now_ns();
            s.runtime().shutdown(cancel);  // the watchdog looks on: this may hang
            t.latency.record(now_ns() - begin);
        }
        t.worked(now_ns() - start);
        t.ops.add(fibers);
        s.close_draining();
        all.check();
    }
}

}  // namespace hocket::stress

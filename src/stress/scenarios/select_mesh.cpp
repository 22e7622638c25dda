// select: in a mesh of selects every value is handed over exactly once.
//
// Fibers and plain threads stand around four channels, two without a buffer. Each has numbered values to send, and does
// so by selects that offer its next one to one or two channels and receive from others at the same time, some with a
// deadline, some with a case left out, some in place of a select a plain call with a deadline. One fiber only receives,
// until all have sent; so nobody is left without a partner. What nobody took by then is drained.
// Op: a value received. Latency: of one select in 16, from call to return.
// Broken: a value that was not taken is counted as sent.
#include <array>
#include <atomic>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include <hocket/select.hpp>

#include "stress/clock.hpp"
#include "stress/crew.hpp"
#include "stress/scenarios/all.hpp"
#include "stress/stage.hpp"

namespace hocket::stress {

namespace {

constexpr unsigned fiber_people = 6, thread_people = 2, people = fiber_people + thread_people;
constexpr std::uint32_t lines = 4;

class mesh {
public:
    mesh(trial& t, std::uint64_t each, std::size_t capacity)
        : trial_(t), each_(each), line_{{channel<std::uint64_t>(capacity), channel<std::uint64_t>(1),
                                         channel<std::uint64_t>(rendezvous), channel<std::uint64_t>(rendezvous)}},
          got_(each * people) {}

    void talk(unsigned me) {
        generator choice = trial_.random(me + 1);
        std::uint64_t const first = me * each_;
        std::uint64_t next = first, turns = 0;
        auto const sent = [&](bool taken) {
            if (taken)
                ++next;
            else
                trial_.fail("a channel was closed under a select");
        };
        auto const got = [this](std::optional<std::uint64_t> v) { take(v); };
        while (next != first + each_) {
            auto& a = line_[choice.below(lines)];
            auto& b = line_[choice.below(lines)];
            std::chrono::microseconds const some(choice.below(100));
            bool const timed = ++turns % 16 == 0;
            std::int64_t const begin = timed ? now_ns() : 0;
            if (choice.one_in(8)) {
                if (a.send_for(next, some) == channel_status::success) sent(true);
            } else if (choice.one_in(4)) {
                std::optional<std::uint64_t> v;
                if (b.recv_for(v, some) == channel_status::success) take(v);
            } else if (choice.one_in(2)) {
                select(on_send(a, next, sent), on_recv(b, got), on_recv(a, got).when(choice.one_in(2)));
            } else {
                select(on_recv(a, got), on_send(b, next, sent), on_send(a, next, sent), on_timeout(some, [] {}));
            }
            if (trial_.broken() && me == 0 && next + 1 == first + each_) ++next;
            if (timed) trial_.latency.record(now_ns() - begin);
        }
    }

    void receive_until(std::stop_token stop) {
        bool more = true;
        auto const got = [this](std::optional<std::uint64_t> v) { take(v); };
        while (more)
            select(on_recv(line_[0], got), on_recv(line_[1], got), on_recv(line_[2], got), on_recv(line_[3], got),
                   on_stop(stop, [&] { more = false; }));
    }

    void check() {
        std::optional<std::uint64_t> v;
        for (auto& l : line_) {
            while (l.try_recv(v) == channel_status::success) take(v);
            if (!l.close() || l.size() != 0) trial_.fail("a channel is not as it was left");
        }
        for (std::uint64_t i = 0; i < got_.size(); ++i)
            if (got_[i].load(std::memory_order_relaxed) == 0) trial_.fail("value " + std::to_string(i) + " never came");
    }

private:
    void take(std::optional<std::uint64_t> v) {
        if (!v || *v >= got_.size()) return trial_.fail("a value came out changed");
        if (got_[*v].fetch_add(1, std::memory_order_relaxed) != 0)
            trial_.fail("value " + std::to_string(*v) + " came twice");
        trial_.ops.add(1);
    }

    trial& trial_;
    std::uint64_t const each_;
    std::array<channel<std::uint64_t>, lines> line_;
    std::vector<std::atomic<unsigned char>> got_;
};

}  // namespace

void select_mesh(trial& t) {
    std::uint64_t const each = t.scaled(4'000, 20);
    std::size_t const drawn = t.random(0).between(2, 16);
    on_stage(t, [&] {
        mesh all(t, each, drawn);
        std::stop_source over;
        std::vector<std::jthread> outside;
        crew stays(t);
        stays.go([&] { all.receive_until(over.get_token()); });
        {
            crew talking(t);
            for (unsigned i = 0; i < fiber_people; ++i) talking.go([&all, i] { all.talk(i); });
            for (unsigned i = fiber_people; i < people; ++i) outside.emplace_back([&all, i] { all.talk(i); });
            talking.join();
        }
        // hocket::blocking, so that this fiber's worker goes on with the one who stays, whom the threads may need.
        blocking([&] { outside.clear(); });
        over.request_stop();
        stays.join();
        all.check();
    });
}

}  // namespace hocket::stress

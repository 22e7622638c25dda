// channel: with many senders and many receivers every value arrives exactly once, and each sender's values in its
// order.
//
// Fibers and plain threads send numbered messages through one channel: without a buffer, with one place, with a
// capacity drawn from the seed, and without bound. A message owns memory, so that one lost or delivered twice is seen
// by a sanitizer too. Senders and receivers sometimes try before they wait. After close() a send must be refused and
// leave its message alone.
// Op: a message. Latency: from send to receipt, of one message in 16.
// Broken: a sender sends one number twice instead of the next.
#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <hocket/channel.hpp>

#include "stress/clock.hpp"
#include "stress/crew.hpp"
#include "stress/scenarios/all.hpp"
#include "stress/stage.hpp"

namespace hocket::stress {

namespace {

struct message {
    unsigned sender;
    std::uint64_t number;
    std::int64_t sent_ns;  // 0: not timed
    std::unique_ptr<std::uint64_t> proof;
};

constexpr unsigned fiber_senders = 4, thread_senders = 1, senders = fiber_senders + thread_senders;
constexpr unsigned fiber_receivers = 3, thread_receivers = 1;

std::uint64_t proof_of(unsigned sender, std::uint64_t number) noexcept { return mix(number * senders + sender); }

class crowd {
public:
    crowd(trial& t, channel<message>& line, std::uint64_t each) : trial_(t), line_(line), each_(each) {
        for (auto& s : seen_) s = std::vector<std::atomic<unsigned char>>(each);
    }

    void send_all(unsigned me, std::uint64_t stream) {
        generator choice = trial_.random(stream);
        for (std::uint64_t i = 0; i < each_; ++i) {
            std::uint64_t const number = trial_.broken() && me == 0 && i == each_ / 2 ? i - 1 : i;
            message m{me, number, i % 16 == 0 ? now_ns() : 0, std::make_unique<std::uint64_t>(proof_of(me, number))};
            bool const try_first = choice.one_in(4);
            if (choice.one_in(32)) this_fiber::yield();
            if (try_first && sent_at_once(std::move(m))) continue;
            if (!line_.send(std::move(m))) return trial_.fail("the channel was closed under a sender");
        }
    }

    void receive_all() {
        std::vector<std::uint64_t> next(senders, 0);  // the least number that may come from each
        bool trying = false;
        while (auto m = trying ? tried() : line_.recv()) {
            if (m->sent_ns != 0) trial_.latency.record(now_ns() - m->sent_ns);
            if (m->sender >= senders || m->number >= each_ || !m->proof ||
                *m->proof != proof_of(m->sender, m->number)) {
                trial_.fail("a message came out changed");
                continue;
            }
            if (seen_[m->sender][m->number].fetch_add(1, std::memory_order_relaxed) != 0)
                trial_.fail(name_of(m->sender, m->number) + " came twice");
            if (m->number < next[m->sender]) trial_.fail(name_of(m->sender, m->number) + " came after a later one");
            next[m->sender] = m->number + 1;
            trial_.ops.add(1);
            trying = mix(m->number) % 4 == 0;
        }
    }

    void check_all_came() {
        for (unsigned s = 0; s < senders; ++s)
            for (std::uint64_t i = 0; i < each_; ++i)
                if (seen_[s][i].load(std::memory_order_relaxed) == 0) trial_.fail(name_of(s, i) + " never came");
    }

private:
    static std::string name_of(unsigned sender, std::uint64_t number) {
        return "number " + std::to_string(number) + " of sender " + std::to_string(sender);
    }

    // False when there is no room; m is then untouched.
    bool sent_at_once(message&& m) {
        switch (line_.try_send(std::move(m))) {
            case channel_status::success: return true;
            case channel_status::would_block:
                if (!m.proof) trial_.fail("a message that was not taken was changed");
                return false;
            default: trial_.fail("the channel was closed under a sender");
        }
        return false;
    }

    std::optional<message> tried() {
        std::optional<message> m;
        switch (line_.try_recv(m)) {
            case channel_status::success: return m;
            case channel_status::closed: return std::nullopt;
            default: break;
        }
        return line_.recv();
    }

    trial& trial_;
    channel<message>& line_;
    std::uint64_t const each_;
    std::vector<std::atomic<unsigned char>> seen_[senders];
};

}  // namespace

static void one_channel(trial& t, channel<message>& line, std::uint64_t each, std::uint64_t court) {
    crowd people(t, line, each);
    std::vector<std::jthread> outside;
    crew receivers(t);
    for (unsigned i = 0; i < fiber_receivers; ++i) receivers.go([&] { people.receive_all(); });
    for (unsigned i = 0; i < thread_receivers; ++i) outside.emplace_back([&] { people.receive_all(); });
    {
        crew sending(t);
        for (unsigned i = 0; i < fiber_senders; ++i)
            sending.go([&people, i, court] { people.send_all(i, court * senders + i); });
        for (unsigned i = fiber_senders; i < senders; ++i)
            outside.emplace_back([&people, i, court] { people.send_all(i, court * senders + i); });
        sending.join();
    }
    // hocket::blocking, so that this fiber's worker goes on with the receivers, which the threads may need.
    blocking([&] {
        for (unsigned i = thread_receivers; i < outside.size(); ++i) outside[i].join();
    });
    line.close();
    receivers.join();
    for (unsigned i = 0; i < thread_receivers; ++i) outside[i].join();

    people.check_all_came();
    message late{0, 0, 0, std::make_unique<std::uint64_t>(1)};
    if (line.send(std::move(late))) t.fail("a closed channel took a message");
    if (!late.proof) t.fail("a refused message was taken away");
}

void channel_crowd(trial& t) {
    std::uint64_t const each = t.scaled(10'000, 20);
    std::size_t const drawn = t.random(0).between(2, 64);
    on_stage(t, [&] {
        std::uint64_t court = 1;
        for (std::size_t const capacity : {std::size_t{0}, std::size_t{1}, drawn}) {
            channel<message> line(capacity);
            one_channel(t, line, each, court++);
        }
        channel<message> line(unbounded);
        one_channel(t, line, each, court);
    });
}

}  // namespace hocket::stress

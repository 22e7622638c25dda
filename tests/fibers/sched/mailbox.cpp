// The mailbox, with many who put and one who takes.
#include "fibers/sched/mailbox.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

using hocket::detail::mailbox;

namespace {

struct letter {
    letter* link = nullptr;
    int sender = 0;
    int number = 0;
};

}  // namespace

TEST_CASE("mailbox: all that is in it comes out at once, oldest first") {
    letter a, b, c;
    mailbox<letter> m;
    CHECK(m.empty());
    CHECK(m.take_all() == nullptr);
    m.put(&a);
    m.put(&b);
    m.put(&c);
    CHECK_FALSE(m.empty());
    letter* const first = m.take_all();
    CHECK(first == &a);
    CHECK(a.link == &b);
    CHECK(b.link == &c);
    CHECK(c.link == nullptr);
    CHECK(m.empty());
}

TEST_CASE("mailbox: every letter arrives once, those of one sender in order") {
    constexpr int senders = 3, each = 20'000;
    std::vector<std::vector<letter>> letters(senders, std::vector<letter>(each));
    mailbox<letter> m;
    std::vector<std::thread> threads;
    for (int s = 0; s < senders; ++s)
        threads.emplace_back([&, s] {
            for (int i = 0; i < each; ++i) {
                letter& l = letters[static_cast<std::size_t>(s)][static_cast<std::size_t>(i)];
                l.sender = s;
                l.number = i;
                m.put(&l);
            }
        });
    std::vector<int> next(senders, 0);
    int wrong = 0;
    for (int arrived = 0; arrived < senders * each;) {
        letter* l = m.take_all();
        if (l == nullptr) std::this_thread::yield();
        for (; l != nullptr; l = l->link, ++arrived)
            if (l->number != next[static_cast<std::size_t>(l->sender)]++) ++wrong;
    }
    for (std::thread& t : threads) t.join();
    CHECK(wrong == 0);
    CHECK(m.empty());
}

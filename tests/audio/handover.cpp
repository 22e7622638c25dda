// The handover: the newest offer arrives whole, and every object dies once, where it was made.
#include <doctest/doctest.h>

#include <hocket/audio/handover.hpp>
#include <thread>
#include <vector>

using hocket::audio::handover;

namespace {

// Not atomic: only the maker may create and destroy.
int alive = 0;

struct thing {
    explicit thing(int n) : number(n), copies(64, n) { ++alive; }
    thing(thing const&) = delete;
    ~thing() { --alive; }
    int number;
    std::vector<int> copies;
};

}  // namespace

TEST_CASE("the newest offer is taken; another only when what was worn has been collected") {
    {
        handover<thing> h;
        CHECK(h.get() == nullptr);
        CHECK_FALSE(h.take());
        h.offer(std::make_unique<thing>(1));
        h.offer(std::make_unique<thing>(2));
        CHECK(alive == 1);
        CHECK(h.waiting());
        CHECK(h.take());
        CHECK_FALSE(h.waiting());
        CHECK(h.get()->number == 2);
        CHECK_FALSE(h.take());

        h.offer(std::make_unique<thing>(3));
        CHECK(h.take());
        CHECK(alive == 2);  // the worn one
        h.offer(std::make_unique<thing>(4));
        CHECK(alive == 2);  // collected by the offer
        CHECK(h.take());
        h.collect();
        CHECK(alive == 1);
        CHECK(h.get()->number == 4);

        h.offer(std::make_unique<thing>(5));
        CHECK(h.take());
        h.offer(std::make_unique<thing>(6));
        CHECK(h.take());
        h.offer(std::make_unique<thing>(7));
        CHECK(alive == 2);
        h.clear();
        CHECK(alive == 0);
        CHECK(h.get() == nullptr);
        h.offer(std::make_unique<thing>(8));
        CHECK(h.take());
        h.offer(std::make_unique<thing>(9));
    }
    CHECK(alive == 0);
}

TEST_CASE("between two threads every object arrives whole and in order, and is destroyed by its maker") {
    constexpr int rounds = 20, last = 5'000;
    bool whole = true, rising = true;
    for (int round = 0; round < rounds; ++round) {
        handover<thing> h;
        // Allocated beforehand, so that little else is done than offering; written just before that.
        std::vector<std::unique_ptr<thing>> made(last);
        for (auto& one : made) one = std::make_unique<thing>(0);
        std::thread audio([&] {
            for (int before = 0; before != last;) {
                if (!h.take()) continue;
                rising = rising && h.get()->number > before;
                before = h.get()->number;
                for (int const copy : h.get()->copies) whole = whole && copy == before;
            }
        });
        for (int n = 1; n <= last; ++n) {
            auto& one = made[static_cast<std::size_t>(n - 1)];
            one->number = n;
            one->copies.assign(64, n);
            h.offer(std::move(one));
        }
        while (h.waiting()) h.collect();
        audio.join();
    }
    CHECK(whole);
    CHECK(rising);
    CHECK(alive == 0);
}

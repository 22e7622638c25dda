// Sleeping workers: nobody sleeps while there is work that needs him.
#include "fibers/sched/parking.hpp"

#include <cstdint>
#include <hocket/detail/atomic.hpp>
#include <memory>
#include <vector>

#include "check.hpp"
#include "seam/futex.hpp"

using hocket::detail::atomic;
using hocket::detail::parking;
using hocket::detail::seam::fault;
using hocket::explorer::finds;
using hocket::explorer::passes;
using hocket::explorer::require;
using hocket::explorer::thread;
namespace seam = hocket::detail::seam;

namespace {

// Counts up, and somebody sleeps until it has reached a number.
class milestone {
public:
    void reach() {
        count_.fetch_add(1);
        seam::futex_wake(count_, 100);
    }
    void wait_for(std::uint32_t n) {
        for (std::uint32_t seen = count_.load(); seen < n; seen = count_.load()) seam::futex_wait(count_, seen);
    }

private:
    atomic<std::uint32_t> count_{0};
};

// A pool of workers over one counter of waiting work, with the loop of a worker: search, sleep, pass the search on.
class pool {
public:
    enum class manner { right, keeps_found_to_itself };

    pool(int workers, void (*job)(pool&), manner m) : job_(job), manner_(m) {
        for (int i = 0; i < workers; ++i) workers_.push_back(std::make_unique<thread>([this] { work(); }, "worker"));
    }
    void add() {
        work_.fetch_add(1);
        seats.wake();
    }
    void end() {
        over_.store(true);
        seats.wake_all();
        for (auto& w : workers_) w->join();
        require(seats.sleepers() == 0, "nobody is listed at the end");
        require(seats.searchers() == 0, "nobody is counted as searching at the end");
    }

    parking seats;
    milestone begun, done;

private:
    bool take() {
        std::uint32_t n = work_.load();
        while (n != 0)
            if (work_.compare_exchange_weak(n, n - 1)) return true;
        return false;
    }

    void work() {
        parking::seat seat;
        for (;;) {
            seats.start_search(seat);
            if (take()) {
                if (seats.found(seat) && work_.load() != 0 && manner_ == manner::right) seats.wake();
                job_(*this);
                continue;
            }
            if (over_.load()) {
                seats.found(seat);
                return;
            }
            seats.sleep(seat, seam::forever, [] {}, [&] { return work_.load() != 0 || over_.load(); });
        }
    }

    void (*const job_)(pool&);
    manner const manner_;
    atomic<std::uint32_t> work_{0};
    atomic<bool> over_{false};
    std::vector<std::unique_ptr<thread>> workers_;
};

// Each job is done although everybody has gone to sleep in between.
void jobs_one_by_one() {
    pool p(2, [](pool& self) { self.done.reach(); }, pool::manner::right);
    for (std::uint32_t i = 1; i <= 3; ++i) {
        p.add();
        p.done.wait_for(i);
    }
    p.end();
}

// Two jobs each of which ends only when both have begun: one sleeper woken for two jobs must have the other woken.
void jobs_that_meet(pool::manner m) {
    pool p(
        2,
        [](pool& self) {
            self.begun.reach();
            self.begun.wait_for(2);
            self.done.reach();
        },
        m);
    thread other([&] { p.add(); }, "adder");
    p.add();
    p.done.wait_for(2);
    other.join();
    p.end();
}

// Work for one worker only: its owner is called by name, and gives what he was told of as searching back.
void one_seat() {
    parking seats;
    parking::seat mine;
    atomic<std::uint32_t> mail{0};
    thread owner(
        [&] {
            for (std::uint32_t got = 0; got < 3;) {
                if (std::uint32_t const n = mail.exchange(0); n != 0) {
                    got += n;
                    seats.found(mine);
                    continue;
                }
                seats.sleep(mine, seam::forever, [] {}, [&] { return mail.load() != 0; });
            }
            seats.found(mine);
        },
        "owner");
    auto post = [&] {
        mail.fetch_add(1);
        seats.wake(mine);
    };
    thread other([&] { post(), post(); }, "poster");
    post();
    other.join();
    owner.join();
    require(seats.sleepers() == 0 && seats.searchers() == 0, "all counts are back at nothing");
}

// A deadline that passes while somebody wakes: the counts stay right, and the work is done.
void deadlines() {
    parking seats;
    atomic<std::uint32_t> work{0};
    thread sleeper(
        [&] {
            parking::seat mine;
            for (;;) {
                seats.start_search(mine);
                if (work.exchange(0) != 0) break;
                bool const called = seats.sleep(mine, seam::now() + 1000, [] {}, [&] { return work.load() != 0; });
                require(called == mine.searching, "who is called counts as searching");
            }
            seats.found(mine);
        },
        "sleeper");
    work.store(1);
    seats.wake();
    sleeper.join();
    require(seats.sleepers() == 0 && seats.searchers() == 0, "all counts are back at nothing");
}

// One worker rests from stealing, the other does not. What is in nobody's own queues is for both, and needs both.
void one_rests(bool tells_those_who_rest) {
    parking seats;
    milestone begun, done;
    atomic<std::uint32_t> injected{0};
    auto tell = [&] {
        seats.wake();
        if (tells_those_who_rest && seats.resting() != 0) seats.wake_resting();
    };
    auto inject = [&] {
        injected.fetch_add(1);
        tell();
    };
    auto work = [&](bool rests) {
        parking::seat seat;
        for (bool did = false; !did;) {
            if (!rests) seats.start_search(seat);
            std::uint32_t n = injected.load();
            while (n != 0 && !did) did = injected.compare_exchange_weak(n, n - 1);
            if (did) {
                if (seats.found(seat) && injected.load() != 0) tell();
            } else {
                seats.sleep(seat, seam::forever, [] {}, [&] { return injected.load() != 0; }, rests);
            }
        }
        begun.reach();
        begun.wait_for(2);
        done.reach();
    };
    thread a([&] { work(true); }, "one who rests"), b([&] { work(false); }, "one who steals");
    inject();
    inject();
    done.wait_for(2);
    a.join(), b.join();
    require(seats.sleepers() == 0 && seats.resting() == 0 && seats.searchers() == 0, "all counts are back at nothing");
}

// The word by which sleepers tell a worker of themselves, so that he need not look at what all share: see
// scheduler::feed() and tell_hunger(). Two thieves are each needed at the same time for what one worker gives.
class giver {
public:
    enum class manner { right, forgets_the_second };

    explicit giver(manner m) : manner_(m) {}

    void run() {
        thread a([&] { steal(); }, "thief"), b([&] { steal(); }, "thief");
        give();
        give();
        done_.wait_for(2);
        a.join(), b.join();
        require(seats_.sleepers() == 0 && seats_.searchers() == 0, "all counts are back at nothing");
    }

private:
    void give() {
        work_.fetch_add(1);
        if (hungry_.load() == 0) return;
        hungry_.exchange(0);
        if (seats_.sleepers() == 0) return;
        if (manner_ == manner::right) hungry_.store(1);
        seats_.wake();
    }
    bool take() {
        std::uint32_t n = work_.load();
        while (n != 0)
            if (work_.compare_exchange_weak(n, n - 1)) return true;
        return false;
    }
    void steal() {
        parking::seat seat;
        for (;;) {
            seats_.start_search(seat);
            if (take()) break;
            seats_.sleep(seat, seam::forever, [&] { hungry_.store(1); }, [&] { return work_.load() != 0; });
        }
        if (manner_ == manner::right) {
            if (seats_.found(seat) && work_.load() != 0) seats_.wake();
        } else {
            seats_.found(seat);
        }
        begun_.reach();
        begun_.wait_for(2);
        done_.reach();
    }

    manner const manner_;
    parking seats_;
    atomic<std::uint32_t> work_{0}, hungry_{0};
    milestone begun_, done_;
};

}  // namespace

TEST_CASE("parking: no wake is lost") {
    passes({.name = "parking", .schedules = 10'000}, jobs_one_by_one);
    passes({.name = "parking, meeting", .schedules = 10'000}, [] { jobs_that_meet(pool::manner::right); });
    passes({.name = "parking, one seat", .schedules = 10'000}, one_seat);
    passes({.name = "parking, deadlines", .schedules = 5000}, deadlines);
    passes({.name = "parking, one rests", .schedules = 10'000}, [] { one_rests(true); });
    passes({.name = "parking, hungry thieves", .schedules = 10'000}, [] { giver(giver::manner::right).run(); });
}

TEST_CASE("parking: a sleeper that does not look again is found") {
    finds(fault::sleep_without_recheck, {.name = "parking, broken", .schedules = 20'000}, "deadlock", jobs_one_by_one);
    finds(fault::sleep_without_recheck, {.name = "parking, one seat, broken", .schedules = 20'000}, "deadlock",
          one_seat);
    finds(fault::sleep_without_recheck, {.name = "parking, one rests, broken", .schedules = 20'000}, "deadlock",
          [] { one_rests(true); });
    finds(fault::sleep_without_recheck, {.name = "parking, hungry thieves, broken", .schedules = 20'000}, "deadlock",
          [] { giver(giver::manner::right).run(); });
}

TEST_CASE("parking: a waker that does not think of those who rest is found") {
    finds({.name = "parking, nobody tells those who rest", .schedules = 20'000}, "deadlock",
          [] { one_rests(false); });
}

TEST_CASE("parking: a worker that forgets the other hungry thief is found") {
    finds({.name = "parking, second thief forgotten", .schedules = 20'000}, "deadlock",
          [] { giver(giver::manner::forgets_the_second).run(); });
}

TEST_CASE("parking: a searcher that does not pass the search on is found") {
    finds({.name = "parking, broken user", .schedules = 20'000}, "deadlock",
          [] { jobs_that_meet(pool::manner::keeps_found_to_itself); });
}

// Waits that may be given up, by time or by stop, among plain threads: whoever ends one, nothing is lost.
#include <chrono>
#include <hocket/condition_variable.hpp>
#include <hocket/event.hpp>
#include <hocket/semaphore.hpp>
#include <hocket/shared_mutex.hpp>
#include <hocket/timed_mutex.hpp>
#include <memory>
#include <mutex>
#include <stop_token>

#include "check.hpp"
#include "seam/clock.hpp"

using hocket::detail::seam::fault;
using hocket::explorer::explore_options;
using hocket::explorer::finds;
using hocket::explorer::passes;
using hocket::explorer::require;
using hocket::explorer::tally;
using hocket::explorer::thread;
namespace seam = hocket::detail::seam;
using namespace std::chrono_literals;

namespace {

explore_options named(char const* name, unsigned schedules = 10'000) {
    return {.name = name, .schedules = schedules, .max_steps = 20'000};
}

// Two who may give up, one who is patient.
void timed_mutex_of_threads() {
    hocket::timed_mutex m;
    int inside = 0;
    auto enter = [&] {
        require(++inside == 1, "one at a time");
        seam::now();  // a scheduling point
        --inside;
        m.unlock();
    };
    auto hasty = [&] {
        if (m.try_lock_for(1us)) enter();
    };
    m.lock();
    thread a(hasty, "hasty"), b(hasty, "hasty");
    thread c([&] { m.lock(), enter(); }, "patient");
    seam::now();
    m.unlock();
    a.join(), b.join(), c.join();
    require(m.try_lock(), "the mutex is free at the end");
    m.unlock();
}

// Whoever has it last destroys it, though another has given up in the same moment.
void timed_mutex_that_dies_early() {
    auto m = std::make_unique<hocket::timed_mutex>();
    hocket::timed_mutex* const known = m.get();
    known->lock();
    thread hasty(
        [&] {
            if (known->try_lock_for(1us)) known->unlock();
        },
        "hasty");
    known->unlock();
    hasty.join();
    m.reset();
}

// A stop that meets a permit: the permit is either taken or still there.
void permit_or_stop() {
    hocket::counting_semaphore<> s(0);
    std::stop_source stop;
    tally got;
    auto wait = [&] { got += s.acquire(stop.get_token()); };
    thread a(wait, "a"), b(wait, "b");
    thread asks([&] { stop.request_stop(); }, "stopper");
    s.release();
    a.join(), b.join(), asks.join();
    require(got + s.try_acquire() == 1, "one permit, one owner");
    require(!s.try_acquire(), "and no more");
}

// The stop, the time and the permit, each of which may come first.
void permit_or_stop_or_time() {
    hocket::counting_semaphore<> s(0);
    std::stop_source stop;
    tally got;
    thread a([&] { got += s.try_acquire_for(stop.get_token(), 1us); }, "a");
    thread b([&] { got += s.try_acquire_for(stop.get_token(), 20us); }, "b");
    thread asks([&] { stop.request_stop(); }, "stopper");
    s.release();
    a.join(), b.join(), asks.join();
    require(got + s.try_acquire() == 1, "one permit, one owner");
}

// Nobody but the stop ends this wait.
void only_a_stop() {
    hocket::event e;
    std::stop_source stop;
    thread a([&] { require(!e.wait(stop.get_token()), "it was never set"); }, "waiter");
    stop.request_stop();
    a.join();
}

void condition_or_stop() {
    hocket::mutex m;
    hocket::condition_variable cv;
    std::stop_source stop;
    int tokens = 0, taken = 0;
    auto take = [&] {
        std::unique_lock held(m);
        if (!cv.wait(held, stop.get_token(), [&] { return tokens != 0; })) return;
        --tokens, ++taken;
    };
    thread a(take, "a"), b(take, "b");
    thread asks([&] { stop.request_stop(); }, "stopper");
    {
        std::lock_guard held(m);
        ++tokens;
        cv.notify_one();
    }
    a.join(), b.join(), asks.join();
    require(tokens + taken == 1, "a token is taken once or still there");
}

// Readers see what writers leave, also when some give up.
void readers_and_writers() {
    hocket::shared_timed_mutex m;
    int written = 0;
    tally reading;
    auto write = [&](bool got) {
        if (!got) return;
        require(reading == 0, "a writer is alone");
        ++written;
        seam::now();
        require(reading == 0, "a writer stays alone");
        m.unlock();
    };
    auto read = [&](bool got) {
        if (!got) return;
        ++reading;
        int const seen = written;
        seam::now();
        require(seen == written, "nothing changes while somebody reads");
        --reading;
        m.unlock_shared();
    };
    thread a([&] { write(m.try_lock_for(1us)), read(m.try_lock_shared_for(1us)); }, "hasty");
    thread b([&] { m.lock(), write(true), read(m.try_lock_shared()); }, "writer");
    thread c([&] { m.lock_shared(), read(true), write(m.try_lock()); }, "reader");
    thread d([&] { m.lock_shared(), read(true); }, "reader");
    a.join(), b.join(), c.join(), d.join();
    require(m.try_lock(), "it is free at the end");
    m.unlock();
}

// The reader waits for nothing but the writer before it, who gives up while another still reads.
void writer_that_gives_up() {
    hocket::shared_timed_mutex m;
    std::stop_source stop;
    m.lock_shared();
    thread writer([&] { require(!m.lock(stop.get_token()), "it was never free"); }, "writer");
    thread reader([&] { m.lock_shared(), m.unlock_shared(); }, "reader");
    stop.request_stop();
    writer.join(), reader.join();
    m.unlock_shared();
}

void shared_mutex_that_dies_early(bool reads) {
    auto m = std::make_unique<hocket::shared_mutex>();
    m->lock();
    thread heir([&] {
        reads ? m->lock_shared() : m->lock();
        reads ? m->unlock_shared() : m->unlock();
        m.reset();
    });
    m->unlock();
    heir.join();
}

}  // namespace

TEST_CASE("limits: timed mutex") {
    passes(named("timed mutex of threads"), timed_mutex_of_threads);
    passes(named("timed mutex that dies early"), timed_mutex_that_dies_early);
    finds(fault::mutex_is_left_to_the_gone, named("mutex left to the gone", 50'000), "", timed_mutex_of_threads);
    finds(fault::claim_in_two_steps, named("claim of a mutex, broken", 50'000), "", timed_mutex_of_threads);
}

TEST_CASE("limits: stop") {
    passes(named("permit or stop"), permit_or_stop);
    passes(named("permit or stop or time"), permit_or_stop_or_time);
    passes(named("only a stop"), only_a_stop);
    passes(named("condition or stop"), condition_or_stop);
    finds(fault::stop_is_asked_once, named("stop asked once", 50'000), "deadlock", only_a_stop);
    finds(fault::claim_in_two_steps, named("claim against a stop, broken", 50'000), "", permit_or_stop);
}

TEST_CASE("limits: shared mutex") {
    passes(named("readers and writers"), readers_and_writers);
    passes(named("writer that gives up"), writer_that_gives_up);
    for (bool const reads : {false, true})
        passes(named("shared mutex that dies early"), [=] { shared_mutex_that_dies_early(reads); });
    finds(fault::gone_writer_bars_readers, named("gone writer bars readers", 50'000), "deadlock",
          writer_that_gives_up);
    finds(fault::claim_in_two_steps, named("claim of a shared mutex, broken", 50'000), "", readers_and_writers);
}

// exceptions: what a fiber throws, handles and passes on is its own, wherever it goes on in the middle of it.
//
// Fibers throw numbered exceptions through frames whose destructors yield; handle them, and suspend in the handler; throw
// and handle others in there; rethrow, nest, carry them to others through futures and channels. At each step the exception
// that is being handled, and std::uncaught_exceptions(), must be what this fiber made them.
// Op: an exception that was caught. Latency: from the throw to the handler of one in 16, with yields on its way.
// Broken: one exception is caught as if it were another.
#include <exception>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <hocket/channel.hpp>
#include <hocket/future.hpp>
#include <hocket/parallel_invoke.hpp>
#include <hocket/scope.hpp>

#include "stress/clock.hpp"
#include "stress/crew.hpp"
#include "stress/scenarios/all.hpp"
#include "stress/stage.hpp"

namespace hocket::stress {

namespace {

struct numbered : std::runtime_error {
    explicit numbered(std::uint64_t n) : std::runtime_error("exception " + std::to_string(n)), number(n) {}
    std::uint64_t number;
};

class thrower {
public:
    thrower(trial& t, channel<std::exception_ptr>& passed_on, std::uint64_t me, bool breaks)
        : trial_(t), passed_on_(passed_on), choice_(t.random(me)), first_(me << 32), breaks_(breaks) {}

    void turn() {
        std::uint64_t const n = ++thrown_ + first_;
        bool const timed = ++turns_ % 16 == 0;
        std::int64_t const begin = timed ? now_ns() : 0;
        try {
            throw_from(n, choice_.below(6));
        } catch (numbered const& e) {
            if (timed) trial_.latency.record(now_ns() - begin);
            trial_.ops.add(1);
            check(e, std::exchange(breaks_, false) ? n + 1 : n, "caught");
            handle(e, n);
        }
        if (std::uncaught_exceptions() != 0) trial_.fail("an exception is in flight that nobody threw");
        if (std::current_exception()) trial_.fail("an exception is handled that has been handled");
    }

private:
    // Yields while the exception passes.
    struct frame {
        thrower& of;
        int const before = std::uncaught_exceptions();
        ~frame() {
            int const now = std::uncaught_exceptions();
            of.rest();
            if (std::uncaught_exceptions() != now || now != before + 1)
                of.trial_.fail("uncaught_exceptions() changed while a destructor yielded");
        }
    };

    void rest() {
        if (choice_.one_in(2)) this_fiber::yield();
        if (choice_.one_in(32)) this_fiber::sleep_for(std::chrono::microseconds(1));
    }

    void throw_from(std::uint64_t n, std::uint64_t depth) {
        frame const here{*this};
        if (depth != 0) return throw_from(n, depth - 1);
        switch (choice_.below(5)) {
            case 0: async([n] { throw numbered(n); }).get(); break;
            case 1: {
                scope s;
                s.spawn([n] { this_fiber::yield(), throw numbered(n); });
                s.join();
                break;
            }
            case 2: parallel_invoke([] {}, [n] { throw numbered(n); }); break;
            default: throw numbered(n);
        }
    }

    void check(numbered const& e, std::uint64_t n, char const* when) {
        if (e.number != n || e.what() != "exception " + std::to_string(e.number))
            trial_.fail(std::string(when) + ": exception " + std::to_string(e.number) + ", must be " +
                        std::to_string(n));
    }

    // In the handler of `e`.
    void handle(numbered const& e, std::uint64_t n) {
        std::exception_ptr const held = std::current_exception();
        rest();
        check(e, n, "after a suspension in its handler");
        if (std::current_exception() != held) trial_.fail("another exception is handled after a suspension");
        std::uint64_t const inner = ++thrown_ + first_;
        try {
            frame const here{*this};
            throw numbered(inner);
        } catch (numbered const& other) {
            rest();
            check(other, inner, "in a handler in a handler");
        }
        if (std::current_exception() != held) trial_.fail("the outer exception is not handled any more");
        try {
            rest();
            throw;
        } catch (numbered const& again) {
            check(again, n, "rethrown");
        }
        try {
            std::throw_with_nested(numbered(inner));
        } catch (numbered const& outer) {
            rest();
            check(outer, inner, "thrown around another");
            try {
                std::rethrow_if_nested(outer);
                trial_.fail("what was nested is gone");
            } catch (numbered const& nested) {
                check(nested, n, "nested");
            }
        }
        trial_.ops.add(3);
#ifdef HOCKET_TSAN
        // The last owner frees it, ordered by a count in libstdc++, of which ThreadSanitizer knows nothing: a copy has one owner.
        std::exception_ptr shared = std::make_exception_ptr(numbered(n));
#else
        std::exception_ptr shared = held;
#endif
        if (!passed_on_.send(std::move(shared))) trial_.fail("the channel was closed");
    }

    trial& trial_;
    channel<std::exception_ptr>& passed_on_;
    generator choice_;
    std::uint64_t const first_;
    std::uint64_t thrown_ = 0, turns_ = 0;
    bool breaks_;
};

}  // namespace

void exception_storm(trial& t) {
    constexpr std::uint64_t fibers = 32;
    std::uint64_t const turns = t.scaled(1'000, 4);
    on_stage(t, [&] {
        channel<std::exception_ptr> passed_on(16);
        std::vector<std::uint64_t> seen(fibers, 0);
        crew all(t), reader(t);
        reader.go([&] {
            for (std::exception_ptr e : passed_on) try {
                    std::rethrow_exception(std::move(e));
                } catch (numbered const& n) {
                    std::uint64_t const who = n.number >> 32;
                    this_fiber::yield();
                    if (who < 1 || who > fibers || (n.number & 0xffff'ffff) <= seen[who - 1])
                        return t.fail("another exception came out of the channel");
                    seen[who - 1] = n.number & 0xffff'ffff;
                }
        });
        for (std::uint64_t me = 1; me <= fibers; ++me)
            all.go([&, me] {
                thrower one(t, passed_on, me, t.broken() && me == 1);
                for (std::uint64_t i = 0; i < turns; ++i) one.turn();
            });
        all.join();
        passed_on.close();
        reader.join();
        for (std::uint64_t const last : seen) t.expect("the last exception that came", last, 2 * turns - 1);
    });
}

}  // namespace hocket::stress

// Faults that are no overflow, and who else has a say in them. Each in a forked child of a process without other
// threads.
#include <doctest/doctest.h>
#include <signal.h>

#include <hocket/hocket.hpp>
#include <string>
#include <thread>
#include <vector>

#include "overflowing.hpp"

using hocket::runtime;

namespace {

// It dies of SIGSEGV, and nobody speaks of stacks.
template <class F>
void dies_of_its_fault(F&& body) {
    child_end const end = in_child(std::forward<F>(body));
    INFO("the child said: " << end.text);
    CHECK(end.signal == SIGSEGV);
    CHECK_FALSE(says(end, "stack overflow"));
}

}  // namespace

TEST_CASE("a fault that is no overflow is one: on every kind of thread") {
    dies_of_its_fault([] {
        runtime rt(small(1));
        rt.run(&touch_nothing);
    });
    dies_of_its_fault([] {
        runtime rt(small());
        rt.run([] {
            hocket::go({.worker = 1}, &touch_nothing);
            park();
        });
    });
    dies_of_its_fault([] {
        runtime rt(small());
        rt.run([] { hocket::blocking(&touch_nothing); });
    });
    dies_of_its_fault([] {
        runtime const rt(small());
        std::thread(&touch_nothing).join();
    });
    dies_of_its_fault([] {
        { runtime const rt(small()); }
        touch_nothing();
    });
    dies_of_its_fault([] {  // sent, not raised by the kernel
        runtime rt(small());
        rt.run([] { raise(SIGSEGV); });
    });
}

TEST_CASE("a wild pointer into a guard is a fault like any other") {
    dies_of_its_fault([] {
        runtime rt(small(1));
        rt.run([] {
            char volatile* const base = static_cast<char*>(__builtin_frame_address(0)) - 64 * 1024;
            base[-8 * 1024] = 1;
        });
    });
}

TEST_CASE("faults reach the handler that was there, as it asked to be called") {
#ifdef HOCKET_TSAN
    static constexpr char const* bare = "masked";  // its own handler, which calls ours, blocks all signals
#else
    static constexpr char const* bare = "bare";
#endif
    struct handler {
        static void plain(int) {
            sigset_t now;
            pthread_sigmask(SIG_BLOCK, nullptr, &now);
            fprintf(stderr, "plain, %s, %s\n", sigismember(&now, SIGSEGV) != 0 ? "blocked" : "free",
                    sigismember(&now, SIGUSR1) != 0 ? "masked" : bare);
            _exit(42);
        }
        static void detailed(int, siginfo_t* info, void* context) {
            bool const known = info->si_addr == nullptr && context != nullptr;
            fprintf(stderr, "detailed, %s\n", known ? "at null" : "somewhere");
            _exit(42);
        }
        static void once(int) { fprintf(stderr, "once\n"); }
    };
    struct {
        int flags;
        bool masks;
        std::string text;
    } const cases[] = {
        {0, false, std::string("plain, blocked, ") + bare + "\n"},
        {0, true, "plain, blocked, masked\n"},
        {SA_NODEFER, false, std::string("plain, free, ") + bare + "\n"},
        {SA_SIGINFO, false, "detailed, at null\n"},
    };
    auto const fault = [](struct sigaction const& a) {
        return in_child([&a] {
            sigaction(SIGSEGV, &a, nullptr);
            runtime rt(small());
            rt.run([] {
                hocket::go({.worker = 1}, &touch_nothing);
                park();
            });
        });
    };
    for (auto const& c : cases) {
        CAPTURE(c.text);
        struct sigaction a {};
        if ((c.flags & SA_SIGINFO) != 0)
            a.sa_sigaction = &handler::detailed;
        else
            a.sa_handler = &handler::plain;
        a.sa_flags = c.flags;
        if (c.masks) sigaddset(&a.sa_mask, SIGUSR1);
        child_end const end = fault(a);
        CHECK(end.code == 42);
        CHECK(end.text == c.text);
    }
    struct sigaction a {};
    a.sa_handler = &handler::once;
    a.sa_flags = static_cast<int>(SA_RESETHAND);
    child_end const end = fault(a);
    CHECK(end.signal == SIGSEGV);
    CHECK(end.text == "once\n");
}

TEST_CASE("an ignored SIGSEGV that somebody sends is ignored; a fault is not") {
    child_end const sent = in_child([] {
        signal(SIGSEGV, SIG_IGN);
        runtime rt(small());
        rt.run([] { raise(SIGSEGV); });
        raise(SIGSEGV);
        _exit(42);
    });
    CHECK(sent.code == 42);
    dies_of_its_fault([] {
        signal(SIGSEGV, SIG_IGN);
        runtime rt(small());
        rt.run(&touch_nothing);
    });
}

namespace {
struct sigaction under;  // what was the handler when in_front() was put in its place
void in_front(int number, siginfo_t* info, void* context) {
    fprintf(stderr, "in front\n");
    under.sa_sigaction(number, info, context);
}
void put_in_front() {
    struct sigaction a {};
    a.sa_sigaction = &in_front;
    a.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigaction(SIGSEGV, &a, &under);
}
bool handled_by(void (*f)(int)) {
    struct sigaction now {};
    sigaction(SIGSEGV, nullptr, &now);
    return (now.sa_flags & SA_SIGINFO) == 0 && now.sa_handler == f;
}
}  // namespace

TEST_CASE("the handler is put back when the last runtime goes, and comes again with the next") {
    static auto const users = [](int) { _exit(42); };
    child_end const end = in_child([] {
        signal(SIGSEGV, users);
        {
            runtime const one(small());
            require_in_child(!handled_by(users), "ours is not there");
            { runtime const two(small()); }
            require_in_child(!handled_by(users), "ours has gone too early");
        }
        require_in_child(handled_by(users), "theirs is not put back");
        runtime rt(small(1));
        rt.run(&overflow);
    });
    INFO("the child said: " << end.text);
    CHECK(end.signal == SIGABRT);
    CHECK(says(end, "hocket: stack overflow"));
}

TEST_CASE("a handler in front of ours stays, and neither passes a fault to the other for ever") {
    child_end const overflowing = in_child([] {
        {
            runtime const rt(small());
            put_in_front();
        }
        runtime rt(small(1));
        rt.run(&overflow);
    });
    CHECK(overflowing.signal == SIGABRT);
    CHECK(overflowing.text.rfind("in front\nhocket: stack overflow", 0) == 0);
    child_end const faulting = in_child([] {
        for (int i = 0; i < 3; ++i) {
            runtime const rt(small());
            if (i == 0) put_in_front();
        }
        touch_nothing();
    });
    CHECK(faulting.signal == SIGSEGV);
    CHECK(faulting.text == "in front\n");
    child_end const removed = in_child([] {
        {
            runtime const rt(small());
            put_in_front();
        }
        signal(SIGSEGV, SIG_DFL);  // somebody has thrown both away
        runtime rt(small(1));
        rt.run(&overflow);
    });
    CHECK(removed.signal == SIGABRT);
    CHECK(says(removed, "hocket: stack overflow"));
}

TEST_CASE("run()'s caller keeps its signal stack, during run() if that is large enough, after it in any case") {
    for (std::size_t const bytes : {std::size_t{0}, std::size_t{16 * 1024}, std::size_t{256 * 1024}}) {
        CAPTURE(bytes);
        child_end const end = in_child([bytes] {
            std::vector<char> memory(bytes);
            stack_t mine{};
            mine.ss_sp = memory.data();
            mine.ss_size = bytes;
            mine.ss_flags = bytes == 0 ? SS_DISABLE : 0;
            require_in_child(sigaltstack(&mine, nullptr) == 0, "sigaltstack");
            auto const now = [] {
                stack_t s{};
                sigaltstack(nullptr, &s);
                return s;
            };
            runtime rt(small(1));
            for (int i = 0; i < 3; ++i) {
                rt.run([&] {
                    stack_t const inside = now();
                    require_in_child((inside.ss_flags & SS_DISABLE) == 0, "none inside");
                    require_in_child((inside.ss_sp == mine.ss_sp) == (bytes > 64 * 1024), "the wrong one inside");
                    require_in_child(inside.ss_size >= 64 * 1024, "a small one inside");
                });
                stack_t const after = now();
                require_in_child(after.ss_flags == mine.ss_flags, "not as it was");
                require_in_child(bytes == 0 || (after.ss_sp == mine.ss_sp && after.ss_size == bytes), "not put back");
            }
            rt.run(&overflow);
        });
        INFO("the child said: " << end.text);
        CHECK(end.signal == SIGABRT);
        CHECK(says(end, "hocket: stack overflow"));
    }
}

TEST_CASE("signal stacks are given back with their runtimes") {
    child_end const end = in_child([] {
        auto const mappings = [] {
            std::size_t n = 0;
            if (FILE* const f = fopen("/proc/self/maps", "r")) {
                for (int c; (c = fgetc(f)) != EOF;) n += c == '\n' ? 1 : 0;
                fclose(f);
            }
            return n;
        };
        auto const once = [] {
            runtime rt(small(4));
            rt.run([] { hocket::blocking([] {}); });
        };
        once();
        std::size_t const before = mappings();
        for (int i = 0; i < 40; ++i) once();
        // Forty rounds of five stacks, each of them two mappings, would be 400. Allocators map some more.
        require_in_child(mappings() < before + 200, "mappings are lost");
    });
    INFO("the child said: " << end.text);
    CHECK(end.signal == 0);
    CHECK(end.code == 0);
}

// The C++ runtime's record of exceptions being handled can be taken along from context to context, and from thread to thread.
#include <doctest/doctest.h>
#include <signal.h>

#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "child.hpp"
#include "coroutine.hpp"

using namespace hocket::detail;

namespace {

// Pauses in its destructor, which may run while an exception unwinds.
struct pauses_at_end {
    coroutine& self;
    std::vector<int>& uncaught;
    ~pauses_at_end() {
        uncaught.push_back(std::uncaught_exceptions());
        self.pause();
        uncaught.push_back(std::uncaught_exceptions());
    }
};

int number_in_flight() {
    if (!std::current_exception()) return -1;
    try {
        throw;
    } catch (int n) {
        return n;
    } catch (...) {
        return -2;
    }
}

}  // namespace

TEST_CASE("exceptions: one that is thrown in a context is caught in it") {
    for (backend const b : backends()) {
        CAPTURE(static_cast<int>(b));
        std::string caught;
        coroutine c(b, [&](coroutine& self) {
            for (int i = 0; i < 3; ++i) {
                try {
                    self.pause();
                    throw std::runtime_error("number " + std::to_string(i));
                } catch (std::runtime_error const& e) {
                    caught += e.what();
                    caught += ';';
                }
            }
        });
        while (!c.over()) {
            c.resume();
            CHECK(std::uncaught_exceptions() == 0);
            CHECK(std::current_exception() == nullptr);
        }
        CHECK(caught == "number 0;number 1;number 2;");
    }
}

TEST_CASE("exceptions: each context that pauses in a catch block keeps what it handles, and can rethrow it") {
    for (backend const b : backends()) {
        CAPTURE(static_cast<int>(b));
        constexpr int n = 8;
        std::vector<int> before(n, -9), after(n, -9), rethrown(n, -9);
        std::vector<std::unique_ptr<coroutine>> all;
        for (int i = 0; i < n; ++i)
            all.push_back(std::make_unique<coroutine>(b, [&, i](coroutine& self) {
                auto const at = static_cast<std::size_t>(i);
                try {
                    try {
                        throw i;
                    } catch (int) {
                        before[at] = number_in_flight();
                        self.pause();
                        after[at] = number_in_flight();
                        self.pause();
                        throw;
                    }
                } catch (int k) {
                    rethrown[at] = k;
                    self.pause();
                }
                if (std::current_exception() != nullptr) rethrown[at] = -3;
            }));
        // Forth, back, forth, so that nobody's is the last one set.
        for (auto& c : all) {
            c->resume();
            CHECK(std::current_exception() == nullptr);
        }
        for (auto c = all.rbegin(); c != all.rend(); ++c) (*c)->resume();
        for (auto& c : all) c->resume();
        for (auto c = all.rbegin(); c != all.rend(); ++c) (*c)->resume();
        for (int i = 0; i < n; ++i) {
            auto const at = static_cast<std::size_t>(i);
            CHECK(all[at]->over());
            CHECK(before[at] == i);
            CHECK(after[at] == i);
            CHECK(rethrown[at] == i);
        }
    }
}

TEST_CASE("exceptions: a context that is entered from a catch block sees none, and leaves it as it was") {
    for (backend const b : backends()) {
        CAPTURE(static_cast<int>(b));
        bool clean = false;
        coroutine c(b, [&](coroutine& self) {
            clean = std::current_exception() == nullptr && std::uncaught_exceptions() == 0;
            try {
                throw 2;
            } catch (int) {
                self.pause();
            }
        });
        try {
            throw 1;
        } catch (int) {
            c.resume();
            CHECK(number_in_flight() == 1);
            c.resume();
            CHECK(number_in_flight() == 1);
        }
        CHECK(clean);
        CHECK(c.over());
        CHECK(std::current_exception() == nullptr);
    }
}

TEST_CASE("exceptions: uncaught_exceptions() counts those of the context, also when it pauses while it unwinds") {
    for (backend const b : backends()) {
        CAPTURE(static_cast<int>(b));
        std::vector<int> first, second;
        int caught = 0;
        auto const body = [&caught](std::vector<int>& uncaught) {
            return [&](coroutine& self) {
                try {
                    pauses_at_end const p{self, uncaught};
                    throw 5;
                } catch (int n) {
                    caught += n;
                    uncaught.push_back(std::uncaught_exceptions());
                }
            };
        };
        coroutine a(b, body(first));
        coroutine c(b, body(second));
        a.resume();
        CHECK(std::uncaught_exceptions() == 0);
        // While a unwinds, another throws and catches, and another unwinds.
        try {
            throw 3;
        } catch (int n) {
            CHECK(n == 3);
        }
        c.resume();
        CHECK(std::uncaught_exceptions() == 0);
        a.resume();
        c.resume();
        CHECK(a.over());
        CHECK(c.over());
        CHECK(caught == 10);
        CHECK(first == std::vector<int>{1, 1, 0});
        CHECK(second == std::vector<int>{1, 1, 0});
    }
}

TEST_CASE("exceptions: a context that pauses in a catch block goes on, and rethrows, on another thread") {
    for (backend const b : backends()) {
        CAPTURE(static_cast<int>(b));
        int inside = 0, rethrown = 0;
        coroutine c(b, [&](coroutine& self) {
            try {
                try {
                    throw 7;
                } catch (int) {
                    self.pause();
                    inside = number_in_flight();
                    throw;
                }
            } catch (int n) {
                rethrown = n;
            }
        });
        std::thread([&] {
            c.resume();
            if (std::current_exception() != nullptr) inside = -5;
        }).join();
        std::thread([&] {
            try {
                throw 8;
            } catch (int) {
                c.resume();
                if (number_in_flight() != 8) rethrown = -8;
            }
        }).join();
        CHECK(c.over());
        CHECK(inside == 7);
        CHECK(rethrown == 7);
    }
}

TEST_CASE("exceptions: one that leaves an entry function ends the program") {
    for (backend const b : backends()) {
        CAPTURE(static_cast<int>(b));
        child_end const end = in_child([b] {
            std::set_terminate([] {
                fprintf(stderr, "terminate was called\n");
                abort();
            });
            coroutine c(b, [](coroutine&) { throw 1; });
            c.resume();
        });
        CHECK(end.signal == SIGABRT);
        CHECK(end.text.find("terminate was called") != std::string::npos);
    }
}

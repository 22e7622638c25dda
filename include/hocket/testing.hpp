// The test harness: doctest whose test cases are fibers on the real runtime.
//
// Link hocket-testing: doctest's implementation and main() live there, so DOCTEST_CONFIG_IMPLEMENT must not be defined.
// A CHECK or REQUIRE may stand in any fiber of the runtime under test; its report carries the INFO and CAPTURE of its
// own fiber, wherever that fiber has been since. Two things doctest cannot do: a SUBCASE belongs into the body itself
// (one in another fiber fails the case), and an operator<< used in a message must not suspend.
//
// Environment, or options of the test program beside doctest's own:
//   HOCKET_TEST_WORKERS=1,2,4   --hk-workers=   worker counts of the cases that do not name theirs (2)
//   HOCKET_TEST_TIMEOUT=60      --hk-timeout=   seconds after which a test case counts as hung (60)
//   HOCKET_TEST_SEED=N          --hk-seed=      seed of the runtime, as a failed case prints it (from the clock)
//   HOCKET_CONTEXT=native|boost --hk-context=   how contexts are switched
// Exit codes: those of doctest (0 passed, 1 failed); 2 for a wrong option, 3 when a case hung, 77 when no case was run.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <exception>
#include <hocket/runtime.hpp>
#include <hocket/this_fiber.hpp>
#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

namespace hocket::inline HOCKET_ABI::testing {

// What may be said of one test case, after its name: FIBER_TEST_CASE("pool shrinks", .workers = {1, 4}) { ... }
struct case_options {
    // The body runs once for each of these, each time on a fresh runtime. Empty: HOCKET_TEST_WORKERS.
    std::vector<unsigned> workers{};
    // And for each of these. Empty: HOCKET_CONTEXT.
    std::vector<context_backend> contexts{};
    // How long one run may take before the process is ended with a dump of its fibers. 0: HOCKET_TEST_TIMEOUT.
    std::chrono::nanoseconds timeout{0};
    // How long detached tasks may take to finish after the body has ended; then they count as leaked.
    std::chrono::nanoseconds grace = std::chrono::seconds(1);
    // No leak: the runtime is drained after the body, within the timeout.
    bool tasks_may_outlive_body = false;
    // All else. workers, context and observer are the harness's; on_unhandled gets what is not a failed REQUIRE.
    runtime_options runtime{};
};

// The runtime of the running FIBER_TEST_CASE. Throws no_runtime when there is none. [any thread]
HOCKET_API runtime& runtime_under_test();

// Its seed, also for random choices of the test's own. [any thread]
HOCKET_API std::uint64_t seed();

// `options` for a runtime that a test makes itself: failures in its fibers then carry their own INFO, and an exception
// that leaves a detached task fails the test case instead of ending the program. [any thread]
HOCKET_API runtime_options observed(runtime_options options = {});

namespace detail {

// What INFO and CAPTURE put on the stack: a text that is made only when something fails. Unlike doctest's own it is
// made before a reporter takes its lock, and when an exception passes it is kept for its own fiber.
class HOCKET_API info_base : public doctest::detail::ContextScopeBase {
public:
    info_base(info_base const&) = delete;
    info_base& operator=(info_base const&) = delete;

    // Makes the text as it is now.
    void prepare();
    void stringify(std::ostream* out) const final;

protected:
    info_base();
    ~info_base() override;
    // The scope ends; called while write() still works.
    void leave() noexcept;
    virtual void write(std::ostream* out) const = 0;

private:
    std::string text_;
    bool prepared_ = false;
    bool preparing_ = false;
    int exceptions_;  // in flight when the scope was entered
};

template <class Write>
class info final : public info_base {
public:
    explicit info(Write write) : write_(std::move(write)) {}
    ~info() override { leave(); }

private:
    void write(std::ostream* out) const override { write_(out); }
    Write write_;
};

// Adds a case to those that are registered with doctest when it starts.
HOCKET_API int add_case(doctest::detail::TestCase const& what, void (*body)(), case_options options);

}  // namespace detail
}  // namespace hocket::inline HOCKET_ABI::testing

#undef DOCTEST_INFO_IMPL
#define DOCTEST_INFO_IMPL(builder, out, ...)                                                         \
    hocket::testing::detail::info const DOCTEST_ANONYMOUS(DOCTEST_CAPTURE_)([&](std::ostream* out) { \
        doctest::detail::MessageBuilder builder(__FILE__, __LINE__, doctest::assertType::is_warn);   \
        builder.m_stream = out;                                                                      \
        builder* __VA_ARGS__;                                                                        \
    })

// FIBER_TEST_CASE("name") { body }, FIBER_TEST_CASE("name" * doctest::may_fail(), .workers = {1, 2, 4}) { body }: a
// test case whose body is the first task of a runtime of its own. Tasks, stacks, arena bytes and timers that are left
// over fail it.
#define FIBER_TEST_CASE(...) HOCKET_TESTING_CASE(DOCTEST_ANONYMOUS(HOCKET_TESTING_CASE_), __VA_ARGS__, )
#define HOCKET_TESTING_CASE(body, name, ...)                                                             \
    static void body();                                                                                  \
    DOCTEST_GLOBAL_NO_WARNINGS(                                                                          \
        DOCTEST_ANONYMOUS(HOCKET_TESTING_VAR_),                                                          \
        hocket::testing::detail::add_case(                                                               \
            doctest::detail::TestCase(&body, __FILE__, __LINE__,                                         \
                                      doctest_detail_test_suite_ns::getCurrentTestSuite()) *             \
                name,                                                                                    \
            &body, hocket::testing::case_options{__VA_ARGS__}))                                          \
    static void body()

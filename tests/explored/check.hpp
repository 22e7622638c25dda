// What every test of this folder says of a body: that no schedule fails, or that some schedule does.
#pragma once

#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <hocket/detail/fault.hpp>
#include <hocket/runtime.hpp>
#include <string>
#include <string_view>

#include "fibers/context/context.hpp"
#include "seam/explored/explore.hpp"
#include "seam/explored/unwatched.hpp"

namespace hocket::inline HOCKET_ABI::explorer {

// A number that every virtual thread may count up: they stand on one OS thread. It is no scheduling point and publishes
// nothing, so it does not help the code under test.
class tally {
public:
    int operator++() {
        unwatched const here;
        return ++n_;
    }
    int operator--() {
        unwatched const here;
        return --n_;
    }
    void operator+=(int n) {
        unwatched const here;
        n_ += n;
    }
    operator int() const {
        unwatched const here;
        return n_;
    }

private:
    int n_ = 0;
};

// Options for a body that runs a whole runtime. Isolated, because the library keeps state beyond a runtime, which an
// abandoned schedule would leave half changed, and because many a wrong switch ends the process.
inline explore_options whole(char const* name, unsigned schedules = 1500) {
    return {.name = name, .schedules = schedules, .max_steps = 50'000, .isolated = true};
}

// A runtime for such a body.
inline runtime_options small(unsigned workers, unsigned blocking = 1) {
    return {.workers = workers,
            .blocking_workers = blocking,
            .stack_size = 64 * 1024,
            .seed = 1,
            .logger = [](log_level, std::string_view) {}};
}

// The same, complete, for a scheduler without the runtime's face.
inline runtime_options complete(unsigned workers) {
    runtime_options o = small(workers);
    o.context = detail::has_native_backend ? context_backend::native : context_backend::boost;
    return o;
}

// With HOCKET_TRACE in the environment: the steps that led there. addr2line -Cfipe tells the places.
inline void show(explore_options options, std::uint64_t seed, std::function<void()> const& body) {
    if (std::getenv("HOCKET_TRACE") == nullptr) return;
    options.seed = seed;
    options.schedules = 1;
    options.trace = true;
    std::fputs(explore(options, body).trace.c_str(), stderr);
}

// All schedules pass. Under sanitizers, which make each take some ten times as long, a third of them.
inline void passes(explore_options options, std::function<void()> const& body) {
#if defined(HOCKET_ASAN) || defined(HOCKET_TSAN)
    options.schedules = (options.schedules + 2) / 3;
#endif
    explore_result const r = explore(options, body);
    if (r.failed) show(options, r.seed, body);
    INFO(std::string(options.name) << ": " << r.message << ", with HOCKET_SEED=" << r.seed);
    CHECK(!r.failed);
    CHECK(r.schedules_run >= options.schedules);
}

// Some schedule fails with a message that contains `expected`, and its seed alone makes it fail in the same way; one that
// wrote where it must not, and so ended its process, may do something else where earlier schedules have left nothing.
inline void finds(explore_options options, [[maybe_unused]] std::string const& expected,
                  std::function<void()> const& body) {
    options.isolated = true;  // a fault may break more than what is looked for
    options.quiet = true;
    explore_result const found = explore(options, body);
    INFO(std::string(options.name) << ": " << found.message << ", with HOCKET_SEED=" << found.seed);
    CHECK(found.failed);
    if (!found.failed) return;
#ifndef HOCKET_TSAN  // which may find the fault first, and say so in its own way
    CHECK(found.message.find(expected) != std::string::npos);
    if (found.message.starts_with("the schedule ended the process")) return;
    explore_options once = options;
    once.seed = found.seed;
    once.schedules = 1;
    explore_result const again = explore(once, body);
    CHECK(again.failed);
    CHECK(again.message == found.message);
    CHECK(again.digest == found.digest);
#endif
}

// The same with a fault in the library.
inline void finds(detail::seam::fault fault, explore_options const& options, std::string const& expected,
                  std::function<void()> const& body) {
    detail::seam::with_fault const broken(fault);
    finds(options, expected, body);
}

}  // namespace hocket::inline HOCKET_ABI::explorer

// One scenario under way: what it may ask for, and where it tells what it saw.
//
// Protocol: the campaign makes a trial, calls next_round() and the scenario's function for each round, and takes the
//   outcome at the end. The scenario's tasks, and threads of its own, call fail() and the members of `ops` and
//   `latency` at any time; the watchdog reads progress() and, when it gives up, snapshot().
#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <exception>
#include <functional>
#include <hocket/runtime.hpp>
#include <iosfwd>
#include <mutex>
#include <string>
#include <string_view>

#include "stress/histogram.hpp"
#include "stress/outcome.hpp"
#include "stress/random.hpp"
#include "stress/settings.hpp"
#include "stress/tally.hpp"

namespace hocket::stress {

class trial {
public:
    // `outer`, if any, is the trial that runs this one beside its own work; it shows this one's runtime.
    trial(scenario const& what, settings const& how, trial* outer = nullptr)
        : scenario_(what), settings_(how), outer_(outer) {}
    trial(trial const&) = delete;
    trial& operator=(trial const&) = delete;

    // ---- for the scenario

    settings const& asked() const noexcept { return settings_; }

    // `standard` times the scale, at least `least`.
    std::uint64_t scaled(std::uint64_t standard, std::uint64_t least = 1) const noexcept;

    // The random choices of stream `number` of this round.
    generator random(std::uint64_t number) noexcept;

    // The options of a runtime as the command line asks for it. An exception that leaves a detached task is a crash.
    runtime_options options();

    // True in a breakable build when this scenario shall do its job wrong; each scenario says how in its file.
#ifdef HOCKET_BREAKABLE
    bool broken() const noexcept { return settings_.broken == scenario_.name; }
#else
    static constexpr bool broken() noexcept { return false; }
#endif

    // Units of work done; which they are the scenario says in its file. [any thread]
    tally ops;
    // How long such a unit took, where that means something; the scenario's file says what is measured. [any thread]
    histogram latency;

    // The invariant does not hold; `sentence` says what was seen. [any thread]
    void fail(std::string sentence) { add(exit_code::invariant, std::move(sentence)); }

    // Fails unless `seen` is `wanted`. [any thread]
    template <std::integral T, std::integral U>
    void expect(std::string_view what, T seen, U wanted) {
        if (std::cmp_equal(seen, wanted)) return;
        fail(std::string(what) + ": " + std::to_string(seen) + ", must be " + std::to_string(wanted));
    }

    // What should be known but fails nothing. [any thread]
    void remark(std::string sentence);

    // A runtime kept something. [any thread]
    void leaked(std::string sentence) { add(exit_code::leak, std::move(sentence)); }

    // What came of a trial that ran beside this one: its failures are this one's too. [any thread]
    void adopt(outcome const& other);

    // An exception came where none may: std::bad_alloc and std::system_error are a shortage, all else a crash. [any
    // thread]
    void caught(std::exception_ptr what, std::string_view where);

    // ---- for the stage and the campaign

    // The runtime that the watchdog looks at and dumps; null for none. [any thread]
    void shows(runtime const* rt);
    void dump(std::ostream& out);

    // Time that counts as the scenario's. [any thread]
    void worked(std::int64_t ns) noexcept { worked_ns_.fetch_add(ns, std::memory_order_relaxed); }
    std::int64_t worked_ns() const noexcept { return worked_ns_.load(std::memory_order_relaxed); }

    void next_round() noexcept { rounds_.fetch_add(1, std::memory_order_relaxed); }
    bool passed();

    // A number that changes as long as something is achieved. [any thread]
    std::uint64_t progress();

    // No progress. [any thread]
    void hung(std::string sentence) { add(exit_code::hang, std::move(sentence)); }

    std::string_view name() const noexcept { return scenario_.name; }
    outcome snapshot();

private:
    void add(exit_code cause, std::string sentence);

    scenario const& scenario_;
    settings const& settings_;
    trial* const outer_;
    std::atomic<unsigned> rounds_{0};
    std::atomic<std::int64_t> worked_ns_{0};
    std::atomic<std::uint64_t> choices_{0};

    std::mutex guard_;  // nothing below suspends under it
    exit_code cause_ = exit_code::passed;
    std::vector<std::string> failures_;
    std::uint64_t unlisted_ = 0;  // failures beyond those kept
    std::vector<std::string> remarks_;

    std::mutex runtime_guard_;  // apart from the other: a runtime may log or fail while it is dumped
    runtime const* runtime_ = nullptr;
};

}  // namespace hocket::stress

// The bookkeeping of one scenario.
#include "stress/trial.hpp"

#include <algorithm>
#include <cmath>
#include <new>
#include <system_error>

namespace hocket::stress {

// A broken invariant is often broken a million times; the first few tell enough.
constexpr std::size_t most_failures = 16;

std::uint64_t trial::scaled(std::uint64_t standard, std::uint64_t least) const noexcept {
    return std::max(least, static_cast<std::uint64_t>(std::llround(static_cast<double>(standard) * settings_.scale)));
}

generator trial::random(std::uint64_t number) noexcept {
    std::uint64_t const round = rounds_.load(std::memory_order_relaxed);
    return generator(mix(mix(settings_.seed ^ hash(scenario_.name)) + round) ^ mix(number), choices_);
}

runtime_options trial::options() {
    runtime_options o;
    o.workers = settings_.workers;
    o.blocking_workers = settings_.blocking_workers;
    o.context = settings_.context;
    // Never 0, which would mean "from the clock".
    o.seed = mix(settings_.seed ^ hash(scenario_.name) ^ rounds_.load(std::memory_order_relaxed)) | 1;
    o.on_unhandled = [this](std::string_view task, std::exception_ptr what) {
        caught(std::move(what), "a detached task" + (task.empty() ? std::string() : " '" + std::string(task) + "'"));
    };
    return o;
}

void trial::add(exit_code cause, std::string sentence) {
    std::lock_guard const held(guard_);
    cause_ = graver(cause_, cause);
    if (failures_.size() < most_failures)
        failures_.push_back(std::move(sentence));
    else
        ++unlisted_;
}

void trial::remark(std::string sentence) {
    std::lock_guard const held(guard_);
    if (remarks_.size() < most_failures) remarks_.push_back(std::move(sentence));
}

void trial::caught(std::exception_ptr what, std::string_view where) {
    std::string const left = " left " + std::string(where) + ": ";
    try {
        std::rethrow_exception(std::move(what));
    } catch (std::bad_alloc const& e) {
        add(exit_code::shortage, "std::bad_alloc" + left + e.what());
    } catch (std::system_error const& e) {
        add(exit_code::shortage, "std::system_error" + left + e.what());
    } catch (std::exception const& e) {
        add(exit_code::crash, "an exception" + left + e.what());
    } catch (...) {
        add(exit_code::crash, "an exception" + left + "not derived from std::exception");
    }
}

void trial::adopt(outcome const& other) {
    for (auto const& f : other.failures) add(other.cause, other.name + " beside it: " + f);
}

void trial::shows(runtime const* rt) {
    if (outer_ != nullptr) return outer_->shows(rt);
    std::lock_guard const held(runtime_guard_);
    runtime_ = rt;
}

void trial::dump(std::ostream& out) {
    std::lock_guard const held(runtime_guard_);
    if (runtime_ != nullptr) runtime_->dump(out);
}

bool trial::passed() {
    std::lock_guard const held(guard_);
    return cause_ == exit_code::passed;
}

std::uint64_t trial::progress() {
    // Not the suspensions: fibers that yield to each other for ever achieve nothing.
    std::uint64_t sum = ops.sum() + rounds_.load(std::memory_order_relaxed);
    std::lock_guard const held(runtime_guard_);
    if (runtime_ != nullptr) sum += runtime_->stats().completed;
    return sum;
}

outcome trial::snapshot() {
    outcome o;
    o.name = scenario_.name;
    o.ops = ops.sum();
    o.seconds = static_cast<double>(worked_ns()) / 1e9;
    o.rounds = rounds_.load(std::memory_order_relaxed);
    if (latency.count() != 0)
        o.latency_ns = stress::latency{latency.percentile(0.5), latency.percentile(0.99), latency.max()};
    o.choices = choices_.load(std::memory_order_relaxed);

    std::lock_guard const held(guard_);
    o.cause = cause_;
    o.failures = failures_;
    if (unlisted_ != 0) o.failures.push_back("and " + std::to_string(unlisted_) + " more");
    o.remarks = remarks_;
    return o;
}

}  // namespace hocket::stress

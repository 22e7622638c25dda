#include "testing/fixture.hpp"

#include "testing/crash.hpp"
#include "testing/doctest_state.hpp"
#include "testing/info.hpp"
#include "testing/leaks.hpp"
#include "testing/observed.hpp"
#include "testing/settings.hpp"
#include "testing/watchdog.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace hocket::inline HOCKET_ABI::testing::detail {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

// After a REQUIRE has failed outside the body, the body may wait for what now never comes.
static constexpr auto patience_after_failure = 5s;

class fixture {
public:
    explicit fixture(case_run const& run)
        : run_(run), runtime_(std::make_unique<runtime>(options())), subject_(*runtime_) {}
    fixture(fixture const&) = delete;
    fixture& operator=(fixture const&) = delete;
    ~fixture();

    void run();
    runtime& subject() const noexcept { return subject_; }
    fiber_id body() const noexcept { return body_; }

private:
    runtime_options options() const;
    static void require_failed(std::uint64_t number, std::string const& task);
    void run_body();
    void settle() const;
    bool fails_with_leaks(std::size_t carriers);

    case_run const& run_;
    std::uint64_t const number_ = ++last_number;
    std::unique_ptr<runtime> runtime_;  // null when it has been abandoned
    runtime& subject_;
    fiber_id body_;  // written before any other fiber exists
    std::exception_ptr failure_;
    std::vector<std::string> unwound_;  // the INFO that the failure left

    static std::uint64_t last_number;
};
std::uint64_t fixture::last_number = 0;

// What the functions without an object refer to. The pointer is written while no task runs.
static std::atomic<fixture*> current{nullptr};
static std::string configuration;
static std::uint64_t configured_seed = 0;
static std::vector<runtime*>& abandoned() {
    static std::vector<runtime*>& all = *new std::vector<runtime*>;
    return all;
}

runtime_options fixture::options() const {
    runtime_options o = run_.options->runtime;
    o.workers = run_.workers;
    o.context = run_.context;
    if (o.seed == 0) o.seed = the_settings().seed;
    return observed(std::move(o), [number = number_](std::string const& task) { require_failed(number, task); });
}

// In a task of run `number`; that run may be over, its runtime abandoned.
void fixture::require_failed(std::uint64_t number, std::string const& task) {
    // acquire: pairs with the release in run()
    fixture* const f = current.load(std::memory_order_acquire);
    if (f == nullptr || f->number_ != number) return;
    the_watchdog().shorten(patience_after_failure, "a REQUIRE had failed in " + task);
    f->subject_.request_stop();
}

void fixture::run() {
    runtime_stats const start = runtime_->stats();
    configured_seed = start.seed;
    configuration = std::string(start.context == context_backend::boost ? "boost" : "native") + ", " +
                    std::to_string(start.workers) + (start.workers == 1 ? " worker" : " workers") + ", seed " +
                    std::to_string(start.seed);
    note_for_crash("\"" + run_.name + "\" (" + configuration + ")");
    watchdog& dog = the_watchdog();
    if (run_.options->timeout > 0ns) dog.arm(run_.name, run_.options->timeout);
    dog.watch(*runtime_, configuration);
    current.store(this, std::memory_order_release);

    runtime_->run([this] { run_body(); });
    // This thread was worker 0, and is no more; the others stand on their carriers.
    std::size_t const carriers = start.workers - 1 + start.blocking_workers;
    bool const leaked = !run_.options->tasks_may_outlive_body && fails_with_leaks(carriers);
    if (runtime_) {
        runtime_->shutdown();
        if (!leaked) fails_with_leaks(0);
    }
    if (failure_) {
        add_unwound(std::move(unwound_));
        std::rethrow_exception(failure_);
    }
}

fixture::~fixture() {
    current.store(nullptr, std::memory_order_relaxed);
    the_watchdog().forget();
}

void fixture::run_body() {
    body_ = this_fiber::get_id();
    try {
        run_.body();
    } catch (...) {
        failure_ = std::current_exception();
        unwound_ = take_unwound();
    }
    if (!run_.options->tasks_may_outlive_body) settle();
}

// Waits until this task is the only one, or the grace is over.
void fixture::settle() const {
    for (int i = 0; i < 100 && runtime_->stats().live > 1; ++i) this_fiber::yield();
    auto const end = clock::now() + run_.options->grace;
    auto pause = 50us;
    while (runtime_->stats().live > 1 && clock::now() < end) {
        this_fiber::sleep_for(pause);
        pause = std::min(2 * pause, 5000us);
    }
}

bool fixture::fails_with_leaks(std::size_t carriers) {
    // A worker may still be on its way from the last task to its rest; tasks have had their grace already.
    auto const start = clock::now();
    runtime_stats s = runtime_->stats();
    std::string left = leaks(s, carriers);
    while (!left.empty() && clock::now() - start < (s.live > 0 ? 100ms : 2000ms)) {
        std::this_thread::sleep_for(100us);
        s = runtime_->stats();
        left = leaks(s, carriers);
    }
    if (left.empty()) return false;
    std::ostringstream tasks;
    runtime_->dump(tasks);
    fail_case(left + (tasks.str().empty() ? "" : ":\n" + tasks.str()));
    if (s.live > 0) abandoned().push_back(runtime_.release());
    return true;
}

void run_case(case_run const& run) {
    fixture f(run);
    f.run();
}

std::string last_configuration() { return configuration; }
void forget_configuration() noexcept { configuration.clear(); }
std::uint64_t last_seed() noexcept { return configured_seed; }
bool any_abandoned() noexcept { return !abandoned().empty(); }

bool beside_body() noexcept {
    // acquire: pairs with the release in run()
    fixture* const f = current.load(std::memory_order_acquire);
    return f != nullptr && this_fiber::in_runtime() && this_fiber::get_id() != f->body();
}

}  // namespace hocket::inline HOCKET_ABI::testing::detail

namespace hocket::inline HOCKET_ABI::testing {

using detail::current;

runtime& runtime_under_test() {
    detail::fixture* const f = current.load(std::memory_order_acquire);
    if (f == nullptr) throw no_runtime("hocket::testing::runtime_under_test() outside of a FIBER_TEST_CASE");
    return f->subject();
}

std::uint64_t seed() { return runtime_under_test().stats().seed; }

}  // namespace hocket::inline HOCKET_ABI::testing

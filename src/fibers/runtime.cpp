// The runtime's face: options completed and checked, figures, and the rest handed to the scheduler.
#include <hocket/runtime.hpp>
#include <sched.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>

#include "fibers/pmr_default.hpp"
#include "fibers/sched/scheduler.hpp"
#include "fibers/trace.hpp"
#include "seam/clock.hpp"

namespace hocket::inline HOCKET_ABI {

using namespace detail;

no_runtime::~no_runtime() = default;

namespace {

unsigned cores() noexcept {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    int const n = CPU_COUNT(&set);
    return n > 0 ? static_cast<unsigned>(n) : 1;
}

context_backend default_context() {
    char const* const wanted = std::getenv("HOCKET_CONTEXT");
    if (wanted == nullptr || *wanted == 0) return has_native_backend ? context_backend::native : context_backend::boost;
    if (std::strcmp(wanted, "boost") == 0) return context_backend::boost;
    if (std::strcmp(wanted, "native") == 0) return context_backend::native;
    throw std::invalid_argument("hocket: HOCKET_CONTEXT is '" + std::string(wanted) + "', but must be native or boost");
}

runtime_options complete(runtime_options o) {
    auto bad = [](std::string const& what) { throw std::invalid_argument("hocket: runtime_options::" + what); };
    constexpr unsigned most_workers = 1024;
    if (o.workers > most_workers) bad("workers is " + std::to_string(o.workers) + ", but at most 1024");
    if (o.blocking_workers > most_workers)
        bad("blocking_workers is " + std::to_string(o.blocking_workers) + ", but at most 1024");
    if (o.stack_size < 16_KiB || o.stack_size > 8_MiB)
        bad("stack_size is " + std::to_string(o.stack_size) + " bytes, but must be 16 KiB to 8 MiB");
    if (o.workers == 0) o.workers = cores();
    if (o.blocking_workers == 0) o.blocking_workers = cores() / 2 > 0 ? cores() / 2 : 1;
    // Every worker stands on one stack and holds another.
    std::size_t const least = 2 * (std::size_t{o.workers} + o.blocking_workers);
    if (o.max_stacks < least)
        bad("max_stacks is " + std::to_string(o.max_stacks) + ", but " +
            std::to_string(o.workers + o.blocking_workers) + " workers need at least " + std::to_string(least));
    if (o.context == context_backend::automatic) o.context = default_context();
    if (o.context == context_backend::native && !has_native_backend)
        bad("context is native, but there is no assembly for this machine: use boost");
    if ((o.observer.suspend == nullptr) != (o.observer.resume == nullptr))
        bad("observer has only one of suspend and resume");
    if (o.seed == 0) o.seed = static_cast<std::uint64_t>(seam::now());
    if (!o.logger) o.logger = &log_to_spdlog;
    return o;
}

}  // namespace

runtime::runtime() : runtime(runtime_options{}) {}

runtime::runtime(runtime_options options) : core_(new scheduler(complete(std::move(options)))) {
    if (core_->options.pmr_default_in_tasks) install_pmr_default();
    core_->log(log_level::debug, "runtime: " + std::to_string(core_->options.workers) + " workers, " +
                                     std::to_string(core_->options.blocking_workers) + " blocking, context " +
                                     (core_->contexts == backend::native ? "native" : "boost") + ", seed " +
                                     std::to_string(core_->options.seed));
}

runtime::~runtime() {
    core_->shutdown();
    delete core_;
}

void runtime::start() { core_->start(); }
void runtime::shutdown() { core_->shutdown(); }
std::vector<survivor> runtime::shutdown(cancel_t) { return cancel_until(seam::forever); }
std::vector<survivor> runtime::shutdown(cancel_t, std::chrono::steady_clock::time_point deadline) {
    return cancel_until(deadline_of(deadline));
}
std::vector<survivor> runtime::cancel_until(std::int64_t deadline) {
    if (core_->cancel(deadline)) return {};
    std::vector<survivor> left = list_tasks(*core_);
    if (left.empty()) core_->cancel(seam::forever);  // the last has just ended
    return left;
}
void runtime::request_stop() noexcept { core_->stop.request_stop(); }

HOCKET_NOINLINE void runtime::run_first(void (*entry)(void*), void* closure) {
    core_->run_first(entry, closure, __builtin_return_address(0));
}

runtime_stats runtime::stats() const {
    scheduler const& s = *core_;
    runtime_stats out;
    out.seed = s.options.seed;
    out.context = s.options.context;
    out.workers = s.options.workers;
    out.blocking_workers = s.options.blocking_workers;
    out.completed = s.completed();
    out.spawned = s.spawned();
    out.live = out.spawned - out.completed;
    std::size_t idle_arenas = 0;
    std::size_t spares = 0;
    for (unsigned i = 0; i < s.total(); ++i) {
        worker const& w = s.at(i);
        out.suspensions += w.suspensions.read();
        out.steals += w.steals.read();
        out.sleeps += w.sleeps.read();
        out.wakes += w.wakes.read();
        out.unhandled += w.unhandled.read();
        out.timers += w.timers.size();
        spares += w.spare.load(relaxed) != nullptr ? 1 : 0;
        idle_arenas += w.idle_memory_bytes.load(relaxed);
    }
    out.trims = s.trim.trimmed();
    out.stacks = s.stacks.existing();
    std::size_t const taken = s.stacks.in_use();
    out.stacks_in_use = taken > spares ? taken - spares : 0;
    std::size_t const blocks = s.blocks.outstanding();
    out.arena_bytes = blocks > idle_arenas ? blocks - idle_arenas : 0;
    return out;
}

std::vector<stack_use> runtime::measure_stacks() const {
    std::vector<stack_use> all;
    auto const measure = [&all](stack_pool const& pool) {
        stack_use u{pool.stack_size(), 0, 0};
        pool.for_each([&u, &pool](stack const& s) {
            ++u.stacks;
            u.deepest = std::max(u.deepest, pool.touched(&s));
        });
        all.push_back(u);
    };
    measure(core_->stacks);
    core_->own_stacks.for_each(measure);
    return all;
}

void runtime::dump(std::ostream& out) const { dump_tasks(*core_, out); }

}  // namespace hocket::inline HOCKET_ABI

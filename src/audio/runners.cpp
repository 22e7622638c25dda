// Ticks, and who looks after a runner that cannot tick.
#include "audio/runners.hpp"

#include <algorithm>
#include <chrono>
#include <hocket/this_fiber.hpp>
#include <stdexcept>

#include "audio/async_fiber.hpp"
#include "audio/async_group.hpp"

namespace hocket::inline HOCKET_ABI::audio::detail {

constexpr std::int64_t balance_every = 100'000'000;  // ns
// A tick that is so late, in ns, finds its worker starving; how long it has another class then.
constexpr std::int64_t starving = 20'000'000, starved_for = 2'000'000'000;
// Less than this, in ns of 100 ms, is not worth moving a group.
constexpr std::int64_t least_difference = 2'000'000;

static std::int64_t now_ns() noexcept {
    return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

static runner_pool_options const& checked(runner_pool_options const& o) {
    if (o.max_concurrent < 1 || o.max_concurrent > 64)
        throw std::invalid_argument("runner_pool_options::max_concurrent is " + std::to_string(o.max_concurrent) +
                                    "; it must be 1 to 64");
    if (o.blocking_workers < 1) throw std::invalid_argument("runner_pool_options::blocking_workers must be at least 1");
    return o;
}

static unsigned workers_for(runner_pool_options const& o) noexcept {
    return o.max_concurrent == 1 ? 1 : 2 * o.max_concurrent;
}

// The fiber whose action executes here. A job that it has forked may stand for it, with its fiber-locals: elsewhere, or
// here while the action itself is suspended.
static async_fiber* executing_here() noexcept {
    async_fiber** const here = current_async_fiber().get_if();
    if (here == nullptr || *here == nullptr || this_fiber::worker() != static_cast<int>((*here)->worker)) return nullptr;
    return (*here)->executing ? *here : nullptr;
}

// What the runtime tells of its fibers: see the head of async_fiber.hpp.
static void* action_suspended() noexcept {
    async_fiber* const f = executing_here();
    if (f == nullptr) return nullptr;
    f->executing = false;
    f->state.clock.executed(f->pool.permit().release(f->worker));
    return f;
}

static void action_goes_on(void* fiber) noexcept {
    if (fiber == nullptr) return;
    auto& f = *static_cast<async_fiber*>(fiber);
    f.pool.permit().acquire(f.worker, f.state.name);
    f.executing = true;
}

static bool action_sleeps(std::chrono::nanoseconds d) {
    async_fiber* const f = executing_here();
    return f != nullptr && f->group.sleep(*f, d);
}

runners::runners(runner_pool_options const& options)
    : cores_(usable_cores()),
      permits_(checked(options).max_concurrent, workers_for(options)),
      runners_(options.max_concurrent),
      lent_(workers_for(options)),
      classes_(workers_for(options), thread_class::ordinary),
      runtime_({.workers = workers_for(options),
                .blocking_workers = options.blocking_workers,
                .context = options.context,
                .stack_size = options.stack_size,
                .observer = {.suspend = &action_suspended, .resume = &action_goes_on},
                .sleep = &action_sleeps}) {
    try {
        runtime_.start();
        std::lock_guard const held(guard_);
        for (unsigned r = 0; r < runners_.size(); ++r) begin(r, r);
    } catch (...) {
        close();
        throw;
    }
}

runners::~runners() { close(); }

void runners::close() noexcept {
    std::lock_guard const held(guard_);
    closing_ = true;
    work_.notify_all();
}

unsigned runners::next() noexcept {
    std::lock_guard const held(guard_);
    return next_++ % static_cast<unsigned>(runners_.size());
}

void runners::add(std::shared_ptr<async_group> group) {
    std::lock_guard const held(guard_);
    runners_[group->runner()].groups.push_back(std::move(group));
}

void runners::remove(async_group const& group) noexcept {
    std::shared_ptr<async_group> last;  // not ended under the lock
    std::lock_guard const held(guard_);
    auto& groups = runners_[group.runner()].groups;
    auto const self = std::ranges::find(groups, &group, &std::shared_ptr<async_group>::get);
    if (self == groups.end()) return;
    last = std::move(*self);
    groups.erase(self);
}

void runners::nudge() noexcept {
    std::lock_guard const held(guard_);
    work_.notify_all();
}

// The runner works on this worker from now on. Throws as go(), and then nothing has changed. guard_ is held.
void runners::begin(unsigned r, unsigned worker) {
    std::uint64_t const move = runners_[r].moves + 1;
    go("runner " + std::to_string(r), worker, [this, r, worker, move] { tick(r, worker, move); });
    runners_[r].moves = move;
    runners_[r].worker.store(worker, std::memory_order_relaxed);
}

void runners::settle_thread(unsigned worker, bool borrowed) noexcept {
    thread_class& is = classes_[worker];
    if (is == thread_class::ordinary && cores_.size() > 1) bind_to_core(cores_[cores_.size() - 1 - worker % cores_.size()]);
    bool const idle = ordinary_threads_.load(std::memory_order_relaxed) > 0 &&
                      realtime_threads_.load(std::memory_order_relaxed) == 0 &&
                      now_ns() >= starved_until_.load(std::memory_order_relaxed);
    auto const wanted = idle ? thread_class::idle : borrowed ? thread_class::patient : thread_class::background;
    if (is != wanted) become(is = wanted);
}

// The ticking task of a runner, until its next move.
void runners::tick(unsigned r, unsigned worker, std::uint64_t move) {
    std::unique_lock held(guard_);
    while (!closing_ && runners_[r].moves == move) {
        if (!pass(r)) {
            work_.wait(held);
            continue;
        }
        watch(r);
        held.unlock();
        // Not before real time is asked for: a freewheeling engine waits for its runners.
        settle_thread(worker, false);
        this_fiber::yield();  // the actions just sent go first, so that the delay is counted from their end
        std::int64_t const before = now_ns();
        this_fiber::sleep_for(tick_period);
        if (std::int64_t const now = now_ns(); now - before > starving && permits_.since(worker) == 0)
            starved_until_.store(now + starved_for, std::memory_order_relaxed);
        held.lock();
    }
}

// Ticks the groups of a runner; whether any group of the pool is open.
bool runners::pass(unsigned r) noexcept {
    bool any = false;
    for (auto const& g : runners_[r].groups) any |= g->tick();
    for (auto const& other : runners_)
        if (!any) any = std::ranges::any_of(other.groups, [](auto const& g) { return g->ticking(); });
    return any;
}

void runners::watch(unsigned self) noexcept {
    if (runners_.size() == 1) return;
    std::int64_t const now = now_ns();
    for (unsigned r = 0; r < runners_.size(); ++r) {
        std::int64_t const since = permits_.since(worker_of(r));
        if (r != self && since != 0 && now - since > action_budget.count()) move(r, now);
    }
    if (now >= balance_at_) balance(now);
}

// Nobody's place, and nothing executes there. Of two who ask at once both may get it: one then waits for the other, or
// moves.
bool runners::free(unsigned worker) const noexcept {
    return idle(worker) && !lent_[worker].load(std::memory_order_relaxed);
}

bool runners::idle(unsigned worker) const noexcept {
    return permits_.since(worker) == 0 &&
           std::ranges::none_of(
               runners_, [&](runner const& x) { return x.worker.load(std::memory_order_relaxed) == worker; });
}

int runners::borrow(unsigned preferred) noexcept {
    auto const take = [this](unsigned w) { return free(w) && !lent_[w].exchange(true, std::memory_order_relaxed); };
    if (take(preferred)) return static_cast<int>(preferred);
    for (unsigned w = 0; w < lent_.size(); ++w)
        if (take(w)) return static_cast<int>(w);
    return -1;
}

// To a free worker, on another core than the other runners if possible.
void runners::move(unsigned r, std::int64_t now) noexcept {
    // The fewer runners have their place on its core, the better.
    std::size_t const cores = std::max<std::size_t>(cores_.size(), 1);
    auto const crowd = [&](unsigned w) {
        long count = 0;
        for (unsigned other = 0; other < runners_.size(); ++other)
            if (other != r && worker_of(other) % cores == w % cores) ++count;
        return count;
    };
    int to = -1;
    for (unsigned w = 0; w < lent_.size(); ++w)
        if (free(w) && (to < 0 || crowd(w) < crowd(static_cast<unsigned>(to)))) to = static_cast<int>(w);
    // Else one that is lent to who is suspended; if that goes on, and takes long again, the runner moves again.
    for (unsigned w = 0; w < lent_.size() && to < 0; ++w)
        if (idle(w)) to = static_cast<int>(w);
    if (to < 0) return;
    try {
        begin(r, static_cast<unsigned>(to));
    } catch (std::exception const&) {
        return;  // no memory: at a later tick
    }
    moves_.fetch_add(1, std::memory_order_relaxed);
    for (auto const& g : runners_[r].groups) g->moved();
    balance_at_ = now + balance_every;
}

// One group goes from the busiest runner to the idlest, if it fits into half of what they differ by.
void runners::balance(std::int64_t now) noexcept {
    bool const first = balance_at_ == 0;
    balance_at_ = now + balance_every;
    struct part {
        std::int64_t load = 0;
        runner* who = nullptr;
    } most, least{INT64_MAX, nullptr};
    for (runner& r : runners_) {
        std::int64_t load = 0;
        for (auto const& g : r.groups) load += g->measure();
        if (load >= most.load) most = {load, &r};
        if (load < least.load) least = {load, &r};
    }
    std::int64_t const difference = most.load - least.load;
    if (first || most.who == nullptr || most.who == least.who || difference < least_difference) return;
    std::size_t best = most.who->groups.size();
    for (std::size_t i = 0; i < most.who->groups.size(); ++i) {
        std::int64_t const load = most.who->groups[i]->load();
        if (load > 0 && load <= difference / 2 && (best == most.who->groups.size() || load > most.who->groups[best]->load()))
            best = i;
    }
    if (best == most.who->groups.size()) return;
    auto group = most.who->groups[best];
    try {
        least.who->groups.reserve(least.who->groups.size() + 1);
    } catch (std::exception const&) {
        return;
    }
    if (!group->rehome(static_cast<unsigned>(least.who - runners_.data()))) return;
    most.who->groups.erase(most.who->groups.begin() + static_cast<std::ptrdiff_t>(best));
    least.who->groups.push_back(std::move(group));
    balanced_.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace hocket::inline HOCKET_ABI::audio::detail

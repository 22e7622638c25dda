// The decisions of one schedule.
#include "seam/explored/engine.hpp"

#include <dlfcn.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <exception>
#include <limits>
#include <utility>

#include "seam/explored/unwatched.hpp"
#include "seam/futex.hpp"

namespace hocket::inline HOCKET_ABI::detail::seam {

// So many that a program's set-up never uses them up.
constexpr std::int64_t endless = std::numeric_limits<std::int64_t>::max();

std::int64_t quiet_points = endless;
std::uint64_t changes = 0;

void ask_explorer(operation what, void const* word, std::size_t size) noexcept {
    explorer::unwatched const here;
    if (explorer::engine* const e = explorer::engine::running())
        e->point(what, word, size, __builtin_return_address(0));
    else
        quiet_points = endless;
}

bool weak_exchange_fails() noexcept {
    explorer::unwatched const here;
    explorer::engine* const e = explorer::engine::running();
    return e != nullptr && e->happens(explorer::mischief::weak_failure);
}

}  // namespace hocket::inline HOCKET_ABI::detail::seam

namespace hocket::inline HOCKET_ABI::explorer {

using detail::seam::changes;
using detail::seam::endless;
using detail::seam::forever;
using detail::seam::quiet_points;

// What a step, a reading of the clock and a look of a spinning thread take, in ns: more than in life, so that loops
// which spin for some microseconds end after some tens of steps.
constexpr std::int64_t step = 10;
constexpr std::int64_t reading = 100;
constexpr std::int64_t spin = 1000;
// A clock jump is a power of two up to this many ns.
constexpr unsigned longest_delay_bits = 20;

constexpr std::size_t most_threads = 64;

engine* engine::running_ = nullptr;

static std::string name_of(virtual_thread const& t) {
    return "thread " + std::to_string(t.number) + " (" + t.name + ")";
}

// Reports of ThreadSanitizer so far.
static unsigned reports = 0;

// ---- the schedule from outside

engine::outcome engine::run(std::function<void()> body, std::unique_ptr<chooser> decides, limits most) {
    unwatched const here;
    body_ = std::move(body);
    chooser_ = std::move(decides);
    most_ = most;
    clock_ = 1'000'000'000;
    earliest_ = forever;
    seen_changes_ = changes;
    unsigned const reports_before = reports;
    quiet_points = granted_ = 0;

    running_ = this;
    virtual_thread& first = add("body", nullptr, nullptr);
    current_ = &home_;
    home_.is = virtual_thread::state::waiting;
    current_ = &first;
    switch_to(home_, first);
    acquire_at(&home_);
    running_ = nullptr;

    if (!outcome_.failed && reports != reports_before) {
        outcome_.failed = true;
        outcome_.message = "ThreadSanitizer has reported a data race";
    }
    settle();
    quiet_points = endless;
    outcome_.steps = steps_;
    for (auto& t : threads_) {
        if (!outcome_.failed) {
            t->release();
        } else {
            t->abandon();
            // Boost's place, the exceptions in flight: all of it stays reachable, none of it is ended.
            [[maybe_unused]] static std::vector<std::unique_ptr<virtual_thread>> abandoned;
            abandoned.push_back(std::move(t));
        }
    }
    return std::move(outcome_);
}

void engine::first_frame() {
    engine& e = *running_;
    virtual_thread& me = *e.current_;
    acquire_at(&me);
    e.settle();
    e.grant(false);
    std::string failure;
    watch_again();
    try {
        if (me.number == 0)
            e.body_();
        else
            me.entry(me.argument);
    } catch (std::exception const& x) {
        failure = "an exception left " + name_of(me) + ": " + x.what();
    } catch (...) {
        failure = "an exception left " + name_of(me);
    }
    stop_watching();
    if (!failure.empty()) e.fail(std::move(failure));
    e.end_current();
}

void engine::end_current() {
    virtual_thread& me = *current_;
    if (me.number == 0) {
        for (auto const& t : threads_)
            if (t->number != 0 && t->is != virtual_thread::state::ended)
                fail("the body has ended, but " + name_of(*t) + " has not");
        me.is = virtual_thread::state::ended;
        go_home();
    }
    me.is = virtual_thread::state::ended;
    release_at(&me);
    remove_able(me);
    for (auto const& t : threads_)
        if (t->is == virtual_thread::state::joining && t->joins == me.number) let_run(*t);
    run_next(false);
    std::terminate();  // nobody switches to a thread that has ended
}

void engine::fail(std::string message) {
    outcome_.failed = true;
    outcome_.message = std::move(message);
    go_home();
}

void engine::go_home() {
    virtual_thread& from = *current_;
    release_at(&home_);
    current_ = &home_;
    switch_to(from, home_);
    std::terminate();  // nobody switches back into a schedule that is over
}

virtual_thread& engine::add(char const* name, void (*entry)(void*), void* argument) {
    auto t = std::make_unique<virtual_thread>();
    t->number = static_cast<int>(threads_.size());
    std::strncpy(t->name, name, sizeof t->name - 1);
    t->entry = entry;
    t->argument = argument;
    t->prepare(&engine::first_frame);
    release_at(t.get());
    threads_.push_back(std::move(t));
    able_.push_back(threads_.back()->number);
    return *threads_.back();
}

// ---- steps

void engine::settle() noexcept {
    std::int64_t const passed = granted_ - quiet_points;
    steps_ += static_cast<std::uint64_t>(passed);
    clock_ += passed * step;
    granted_ = quiet_points;
    if (seen_changes_ != changes) {
        seen_changes_ = changes;
        last_change_ = steps_;
    }
}

void engine::grant(bool changed) {
    // One less than what is left: the point that uses the grant up is a step too.
    std::int64_t const left = static_cast<std::int64_t>(most_.steps) - static_cast<std::int64_t>(steps_) - 1;
    std::int64_t const quiet = std::clamp<std::int64_t>(chooser_->quiet(changed), 0, std::max<std::int64_t>(left, 0));
    quiet_left_ = quiet;
    quiet_points = most_.trace ? 0 : quiet;
    granted_ = quiet_points;
}

void engine::check_limit() {
    if (steps_ < most_.steps) return;
    std::uint64_t const idle = steps_ - last_change_;
    if (idle > most_.steps / 4)
        fail("livelock: no word has changed in the last " + std::to_string(idle) + " of " + std::to_string(steps_) +
             " steps; " + blocked());
    fail("step limit: still running after " + std::to_string(steps_) + " steps; " + blocked());
}

void engine::point(operation what, void const* word, std::size_t size, void const* pc) {
    settle();
    if (most_.trace) {
        note(what, word, size, pc);
        if (quiet_left_-- > 0) {
            quiet_points = granted_ = 0;
            return;
        }
    }
    check_limit();
    expire();
    if (earliest_ != forever && happens(mischief::timeout)) advance_to_deadline();
    run_next(false);
    settle();
    grant(false);
}

void engine::yield(void const* pc) {
    --quiet_points;
    settle();
    if (most_.trace) note(operation::pause, nullptr, 0, pc);
    check_limit();
    clock_ += spin;
    expire();
    if (earliest_ != forever && (able_.size() == 1 || happens(mischief::timeout))) advance_to_deadline();
    run_next(true);
    settle();
    grant(false);
}

// ---- who runs

void engine::let_run(virtual_thread& t) {
    t.is = virtual_thread::state::able;
    able_.push_back(t.number);
}

void engine::remove_able(virtual_thread const& t) noexcept {
    able_.erase(std::find(able_.begin(), able_.end(), t.number));
}

// The current thread has ceased to be able.
void engine::block() {
    remove_able(*current_);
    run_next(false);
    settle();
    grant(false);
}

// Switches to the thread the chooser names, which may be the current one.
void engine::run_next(bool yields) {
    settle();
    virtual_thread& me = *current_;
    bool const able = me.is == virtual_thread::state::able;
    while (able_.empty())
        if (!advance_to_deadline()) fail("deadlock: " + blocked());

    std::size_t at = 0;
    int next = able_[0];
    if (yields && able) {
        others_.clear();
        for (int const n : able_)
            if (n != me.number) others_.push_back(n);
        if (others_.empty()) return;
        at = chooser_->next(others_, me.number, true);
        next = others_[at];
    } else if (able_.size() > 1) {
        at = chooser_->next(able_, able ? me.number : -1, false);
        next = able_[at];
    }
    digest(static_cast<std::uint64_t>(next) << 32 | (steps_ & 0xFFFFFFFF));
    if (next == me.number) return;
    release_at(&home_);
    virtual_thread& to = *threads_[static_cast<std::size_t>(next)];
    current_ = &to;
    switch_to(me, to);
}

int engine::start(char const* name, void (*entry)(void*), void* argument) {
    if (threads_.size() == most_threads) fail("more than 64 threads in one schedule");
    settle();
    virtual_thread& t = add(name, entry, argument);
    grant(true);
    return t.number;
}

void engine::join(int thread) {
    virtual_thread& me = *current_;
    virtual_thread& other = *threads_[static_cast<std::size_t>(thread)];
    if (other.is != virtual_thread::state::ended) {
        me.joins = thread;
        me.is = virtual_thread::state::joining;
        block();
    }
    acquire_at(&other);
}

// ---- time

void engine::expire() {
    if (clock_ < earliest_) return;
    bool changed = false;
    earliest_ = forever;
    for (auto const& t : threads_) {
        if (t->is != virtual_thread::state::waiting) continue;
        if (t->deadline <= clock_) {
            t->timed_out = true;
            let_run(*t);
            changed = true;
        } else {
            earliest_ = std::min(earliest_, t->deadline);
        }
    }
    if (changed) {
        settle();
        grant(true);
    }
}

// Moves the clock on to the first deadline; false when there is none.
bool engine::advance_to_deadline() {
    if (earliest_ == forever) return false;
    clock_ = std::max(clock_, earliest_);
    expire();
    return true;
}

std::int64_t engine::now() {
    settle();
    clock_ += reading;
    if (happens(mischief::delay)) clock_ += std::int64_t{1} << below(longest_delay_bits);
    expire();
    return clock_;
}

// ---- waiting on a word

bool engine::wait(void const* word, std::uint32_t value, std::uint32_t expected, std::int64_t deadline) {
    if (value != expected) return true;
    settle();
    if (deadline <= clock_) return false;
    if (happens(mischief::spurious_wake)) return true;
    virtual_thread& me = *current_;
    me.word = word;
    me.word_number = number_of(word);
    me.expected = expected;
    me.deadline = deadline;
    me.timed_out = false;
    me.is = virtual_thread::state::waiting;
    earliest_ = std::min(earliest_, deadline);
    block();
    return !me.timed_out;
}

void engine::wake(void const* word, int count) {
    std::vector<virtual_thread*> asleep;
    for (auto const& t : threads_)
        if (t->is == virtual_thread::state::waiting && t->word == word) asleep.push_back(t.get());
    if (asleep.empty()) return;
    for (; count > 0 && !asleep.empty(); --count) {
        auto const chosen = asleep.begin() + below(static_cast<std::uint32_t>(asleep.size()));
        let_run(**chosen);
        asleep.erase(chosen);
    }
    earliest_ = forever;
    for (auto const& t : threads_)
        if (t->is == virtual_thread::state::waiting) earliest_ = std::min(earliest_, t->deadline);
    settle();
    grant(true);
}

// ---- decisions

std::uint32_t engine::below(std::uint32_t n) {
    if (n <= 1) return 0;
    std::uint32_t const chosen = chooser_->below(n);
    digest(chosen);
    return chosen;
}

bool engine::happens(mischief m) {
    bool const yes = chooser_->happens(m);
    digest(yes);
    return yes;
}

// FNV-1a over 64-bit words.
void engine::digest(std::uint64_t decision) noexcept {
    outcome_.digest = (outcome_.digest ^ decision) * 0x100000001B3u + 1;
}

// ---- words for people

int engine::number_of(void const* word) {
    auto const at = std::find(words_.begin(), words_.end(), word);
    if (at != words_.end()) return static_cast<int>(at - words_.begin()) + 1;
    words_.push_back(word);
    return static_cast<int>(words_.size());
}

std::string engine::blocked() const {
    std::string text;
    for (auto const& t : threads_) {
        if (t->is == virtual_thread::state::ended) continue;
        if (!text.empty()) text += "; ";
        text += name_of(*t) + " ";
        switch (t->is) {
            case virtual_thread::state::able: text += "could run"; break;
            case virtual_thread::state::joining:
                text += "joins " + name_of(*threads_[static_cast<std::size_t>(t->joins)]);
                break;
            case virtual_thread::state::waiting:
                text += "waits on word " + std::to_string(t->word_number);
                text += " while it holds " + std::to_string(t->expected);
                if (t->deadline != forever) text += ", with a deadline";
                break;
            case virtual_thread::state::ended: break;
        }
    }
    return text;
}

void engine::note(operation what, void const* word, std::size_t size, void const* pc) {
    static constexpr char const* names[] = {"load",  "store", "exchange",   "compare_exchange", "fetch", "clock",
                                            "pause", "wait",  "futex_wake", "start",            "join"};
    char line[160];
    int n = std::snprintf(line, sizeof line, "%6llu %-8s %-16s", static_cast<unsigned long long>(steps_),
                          current_->name, names[static_cast<std::size_t>(what)]);
    if (word != nullptr)
        n += std::snprintf(line + n, sizeof line - static_cast<std::size_t>(n), " word %d", number_of(word));
    if (size != 0) {
        std::uint64_t value = 0;
        std::memcpy(&value, word, std::min(size, sizeof value));
        n += std::snprintf(line + n, sizeof line - static_cast<std::size_t>(n), " holds %llx",
                           static_cast<unsigned long long>(value));
    }
    if (Dl_info where; pc != nullptr && dladdr(pc, &where) != 0)
        n += std::snprintf(line + n, sizeof line - static_cast<std::size_t>(n), " at 0x%zx",
                           static_cast<std::size_t>(static_cast<char const*>(pc) -
                                                    static_cast<char const*>(where.dli_fbase)));
    outcome_.trace.append(line, static_cast<std::size_t>(n)).push_back('\n');
}

}  // namespace hocket::inline HOCKET_ABI::explorer

#ifdef HOCKET_TSAN
// Called by ThreadSanitizer with each report.
extern "C" __attribute__((visibility("default"))) void __tsan_on_report(void*) { ++hocket::explorer::reports; }
#endif

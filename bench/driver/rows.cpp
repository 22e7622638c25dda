#include "rows.hpp"

#include <algorithm>
#include <cctype>

namespace hocket::bench {

namespace {

// ---- checksums

std::uint64_t count(numbers const& n) { return n.at("count"); }

std::uint64_t even_count(numbers const& n) { return n.at("count") / 2; }

// Batch b of tasks 0 .. batch-1, each of which adds its number and b.
std::uint64_t batches(numbers const& n) {
    std::uint64_t const batch = n.at("batch"), times = n.at("count") / batch;
    return times * (batch * (batch - 1) / 2) + batch * (times * (times - 1) / 2);
}

// The same on every worker, its share of the batches.
std::uint64_t batches_on_each(numbers const& n) {
    std::uint64_t const batch = n.at("batch"), times = n.at("count") / batch / n.at("workers");
    return n.at("workers") * (times * (batch * (batch - 1) / 2) + batch * (times * (times - 1) / 2));
}

std::uint64_t spread_tasks(numbers const& n) { return n.at("count") * n.at("batch"); }

std::uint64_t sum_below_count(numbers const& n) { return n.at("count") * (n.at("count") - 1) / 2; }

std::uint64_t sum_below_leaves(numbers const& n) { return n.at("leaves") * (n.at("leaves") - 1) / 2; }

std::uint64_t rounded_to_fibers(numbers const& n) { return n.at("count") / n.at("fibers") * n.at("fibers"); }

std::uint64_t rounded_to_groups(numbers const& n) {
    std::uint64_t const all = n.at("workers") * n.at("fibers");
    return n.at("count") / n.at("fibers") / n.at("workers") * all;
}

std::uint64_t fibonacci(numbers const& n) {
    std::uint64_t a = 0, b = 1;
    for (std::uint64_t i = 0; i < n.at("n"); ++i) {
        std::uint64_t const next = a + b;
        a = b;
        b = next;
    }
    return a;
}

std::uint64_t sum_below_fibers(numbers const& n) { return n.at("fibers") * (n.at("fibers") - 1) / 2; }

std::uint64_t fibers_wanted(numbers const& n) { return n.at("fibers"); }

std::uint64_t rounded_to_cycles(numbers const& n) {
    std::uint64_t const all = n.at("count") / n.at("cycle") * n.at("cycle");
    return all * (all - 1) / 2;
}

// Of ten allocations, numbered 0 to 9 on top of what batches() adds.
std::uint64_t batches_of_ten(numbers const& n) { return batches(n) * 10 + n.at("count") * 45; }

std::uint64_t thousand(numbers const&) { return 1000; }

// ---- sides

side hocket(std::string c, amounts a = {}) { return {"hocket", "hocket-bench-hocket", std::move(c), std::move(a)}; }
side boost(std::string c, amounts a = {}) {
    return {"Boost.Fiber", "hocket-bench-boost", std::move(c), std::move(a)};
}
side tbb(std::string c, amounts a = {}) { return {"oneTBB", "hocket-bench-tbb", std::move(c), std::move(a)}; }
side in_go(std::string c, amounts a = {}) { return {"Go", "hocket-bench-go", std::move(c), std::move(a)}; }
side threads(std::string c, amounts a = {}) {
    return {"condition_variable", "hocket-bench-threads", std::move(c), std::move(a)};
}
side standard(std::string name, std::string c) { return {std::move(name), "hocket-bench-std", std::move(c)}; }
side mimalloc(std::string c) { return {"mimalloc", "hocket-bench-mimalloc", std::move(c)}; }
side called(std::string name, side s) {
    s.name = std::move(name);
    return s;
}
side fresh(side s) {
    s.fresh = true;
    return s;
}
rival limit(double value, bars b) { return {{"limit", "", "", {}}, b, value}; }
rival for_information(double value) { return {{"limit", "", "", {}}, {}, value}; }

// By parallel_invoke and scope when the library has them, else by what there is; the title says so.
#ifdef HAS_PARALLEL_INVOKE
side forking(std::string c) { return hocket(std::move(c)); }
std::string forked(std::string title) { return title; }
#else
side forking(std::string c) { return hocket(c + "_async"); }
std::string forked(std::string title) { return title + " (ours: async + get)"; }
#endif
#ifdef HAS_SCOPE
side scoping(amounts a = {}) { return hocket("spawn_scope", std::move(a)); }
std::string scoped(std::string title) { return title + ", scope"; }
#else
side scoping(amounts a = {}) { return hocket("spawn_task", std::move(a)); }
std::string scoped(std::string title) { return title + " (ours: go + wait group)"; }
#endif

// ---- rows of which there are several

// The bars are those of Boost.Fiber's figure for 10,000, that never ran deep, whatever ours have to do.
row parked(std::string title, std::uint64_t fibers, std::uint64_t quick, std::uint64_t deep) {
    row r{.id = "T12", .group = "memory", .title = "parked fibers, " + title + ", each", .what = figure::bytes,
          .unit = "B",
          .how_much = {{"workers", 1}, {"fibers", {fibers, quick}}, {"deep", deep}, {"stack_kib", 0},
                       {"settle_ms", {2000, 20}}},
          .checksum = sum_below_fibers, .ours = fresh(hocket("parked")),
          .rivals = {{fresh(called("Boost.Fiber protected, 10k", boost("parked", {{"fibers", {10'000, quick}},
                                                                                 {"deep", 0}}))), bars{0.60, 0.53}}},
          .most_rounds = 2};
    if (fibers != 10'000 || deep != 0)
        r.rivals.push_back({fresh(called("Boost.Fiber protected", boost("parked")))});
    r.rivals.push_back({fresh(in_go("parked"))});
    return r;
}

row guarded(std::string title, std::uint64_t fibers) {
    return {.id = "T13", .group = "memory", .title = std::move(title), .what = figure::reached, .unit = "fibers",
            .how_much = {{"workers", 1}, {"fibers", {fibers, 1000}}}, .checksum = fibers_wanted,
            .ours = fresh(hocket("guarded")),
            .rivals = {limit(1'000'000, {1.0, 0.25}), {fresh(called("Boost.Fiber protected", boost("guarded")))}},
            .most_rounds = 1};
}

row churn(std::string title, std::uint64_t cycle, std::uint64_t largest, bool has_bars) {
    row r{.id = "T19", .group = "arena", .title = "allocate " + title + " and reset, per allocation",
          .what = figure::cpu, .unit = "ns",
          .how_much = {{"cycle", cycle}, {"largest", largest}, {"count", {4'000'000, 100'000}}},
          .checksum = rounded_to_cycles, .ours = hocket("churn"),
          .rivals = {{standard("monotonic, own buffer", "churn_monotonic_buffer"), bars{0.7, 0.4}},
                     {standard("monotonic", "churn_monotonic")},
                     {standard("malloc", "churn_malloc"), bars{0.15, 0.08}},
                     {mimalloc("churn"), bars{0.3, 0.15}}}};
    if (!has_bars)
        for (auto& rival : r.rivals) rival.bar.reset();
    return r;
}

#ifdef HAS_AUDIO
row async_call(std::string title, std::uint64_t call, std::uint64_t running, bool has_bars) {
    row r{.id = "T21", .group = "audio", .title = "AsyncThread, audio side: " + title, .what = figure::cpu, .unit = "ns",
          .how_much = {{"call", call}, {"running", running}, {"count", {1'000'000, 50'000}}},
          .checksum = sum_below_count, .ours = {"hocket", "hocket-bench-async", "async_call"},
          .rivals = {{standard("std::mutex, lock + unlock", "mutex_pair"), bars{1.0, 0.5}}}};
    if (!has_bars) r.rivals[0].bar.reset();
    return r;
}
#endif

constexpr amount fib_n{30, 20}, fib_forks{1'346'268, 10'945};  // fib(n) by the definition makes fib(n+1) - 1 additions

}  // namespace

// Bars as in TARGETS: of the rival that it names; the others stand there for information.
std::vector<row> const& rows() {
    static std::vector<row> const all{
        {.id = "T1", .group = "switch", .title = "bare switch, one way", .what = figure::cpu, .unit = "ns",
         .how_much = {{"count", {20'000'000, 1'000'000}}}, .checksum = even_count,
         .ours = {"hocket", "hocket-bench-switch", "switch"},
         .rivals = {{called("Boost fcontext", boost("switch")), bars{0.80, 0.30}}},
         .exempt_on_boost = true},

        {.id = "T2", .group = "yield", .title = "yield, 2 fibers", .what = figure::cpu, .unit = "ns",
         .how_much = {{"workers", 1}, {"fibers", 2}, {"count", {2'000'000, 100'000}}},
         .checksum = rounded_to_fibers, .slack = 0.1, .ours = hocket("yield"),
         .rivals = {{boost("yield"), bars{0.20, 0.10}}, {in_go("yield")}}},
        {.id = "T2", .group = "yield", .title = "yield, 1000 fibers", .what = figure::cpu, .unit = "ns",
         .how_much = {{"workers", 1}, {"fibers", 1000}, {"count", {2'000'000, 100'000}}},
         .checksum = rounded_to_fibers, .slack = 0.1, .ours = hocket("yield"),
         .rivals = {{boost("yield"), bars{0.30, 0.17}}, {in_go("yield")}}},

        {.id = "T3", .group = "spawn", .title = "spawn + join of a fiber that yields once, 1000 parked together",
         .what = figure::cpu, .unit = "ns",
         .how_much = {{"workers", 1}, {"together", 1}, {"batch", 1000}, {"count", {300'000, 20'000}}},
         .checksum = batches, .ours = hocket("spawn_fiber"),
         .rivals = {{in_go("spawn_fiber"), bars{0.25, 0.12}},
                    {called("Boost.Fiber malloc", boost("spawn_fiber", {{"pooled", 0}}))},
                    {called("Boost.Fiber pooled", boost("spawn_fiber", {{"pooled", 1}}))}}},
        {.id = "T3", .group = "spawn", .title = "the same, parked as each scheduler likes", .what = figure::cpu,
         .unit = "ns", .how_much = {{"workers", 1}, {"together", 0}, {"batch", 1000}, {"count", {300'000, 20'000}}},
         .checksum = batches, .ours = hocket("spawn_fiber"), .rivals = {{in_go("spawn_fiber")}}},
        {.id = "T3", .group = "spawn", .title = "fiber objects, 1000 parked together",
         .what = figure::cpu, .unit = "ns",
         .how_much = {{"workers", 1}, {"together", 1}, {"batch", 1000}, {"count", {300'000, 20'000}}},
         .checksum = batches, .ours = hocket("spawn_fiber_object"),
         .rivals = {{called("Boost.Fiber pooled", boost("spawn_fiber", {{"pooled", 1}}))}}},

        {.id = "T4", .group = "spawn", .title = scoped("spawn + join of a task that never suspends"),
         .what = figure::cpu, .unit = "ns",
         .how_much = {{"workers", 1}, {"batch", 1000}, {"count", {1'000'000, 50'000}}}, .checksum = batches,
         .ours = scoping(), .rivals = {{called("oneTBB task_group", tbb("spawn_task")), bars{0.5, 0.17}}}},
        {.id = "T4", .group = "spawn", .title = "the same, go + wait group", .what = figure::cpu, .unit = "ns",
         .how_much = {{"workers", 1}, {"batch", 1000}, {"count", {1'000'000, 50'000}}}, .checksum = batches,
         .ours = hocket("spawn_task"), .rivals = {{called("oneTBB task_group", tbb("spawn_task"))}}},

        {.id = "T5", .group = "fork", .title = forked("fork-join fib, 1 worker, per fork"),
         .what = figure::cpu, .unit = "ns",
         .how_much = {{"workers", 1}, {"n", fib_n}, {"forks", fib_forks}}, .checksum = fibonacci,
         .ours = forking("fib"),
         .rivals = {{called("oneTBB parallel_invoke", tbb("fib")), bars{0.12, 0.06}},
                    {called("oneTBB task_group", tbb("fib_group"))}}},
        {.id = "T6", .group = "fork", .title = forked("fork-join fib, 2 workers, per fork"), .what = figure::wall,
         .unit = "ns", .how_much = {{"workers", 2}, {"n", fib_n}, {"forks", fib_forks}}, .checksum = fibonacci,
         .ours = forking("fib"),
         .rivals = {{called("oneTBB parallel_invoke", tbb("fib")), bars{0.15, 0.07}},
                    {called("oneTBB task_group", tbb("fib_group"))}}},

        {.id = "T6b", .group = "spawn", .title = "spawn batches, 2 workers against 1, go", .what = figure::wall,
         .unit = "ns", .how_much = {{"batch", 1000}, {"count", {1'000'000, 50'000}}}, .checksum = batches,
         .ours = hocket("spawn_task", {{"workers", 2}}),
         .rivals = {{called("hocket, 1 worker", hocket("spawn_task", {{"workers", 1}})), bars{1.2, 1.0}},
                    {called("oneTBB, 2 workers", tbb("spawn_task", {{"workers", 2}}))}}},
        {.id = "T6b", .group = "spawn", .title = scoped("spawn batches, 2 workers against 1"), .what = figure::wall,
         .unit = "ns", .how_much = {{"batch", 1000}, {"count", {1'000'000, 50'000}}}, .checksum = batches,
         .ours = scoping({{"workers", 2}}),
         .rivals = {{called("hocket, 1 worker", scoping({{"workers", 1}})), bars{1.2, 1.0}},
                    {called("oneTBB, 2 workers", tbb("spawn_task", {{"workers", 2}}))}}},
        {.id = "T6b", .group = "spawn", .title = "20 us tasks reach the second worker", .what = figure::p50,
         .unit = "us",
         .how_much = {{"workers", 2}, {"bound", 0}, {"batch", 250}, {"pause_us", 500}, {"settle_us", 200},
                      {"count", {100, 10}}},
         .checksum = spread_tasks, .ours = hocket("spread"), .rivals = {limit(50, {1.0, 1.0})}},
        {.id = "T6b", .group = "spawn", .title = "the same, each worker bound to a core", .what = figure::p50,
         .unit = "us",
         .how_much = {{"workers", 2}, {"bound", 1}, {"batch", 250}, {"pause_us", 500}, {"settle_us", 200},
                      {"count", {100, 10}}},
         .checksum = spread_tasks, .ours = hocket("spread"), .rivals = {for_information(50)}},

        {.id = "T7", .group = "skynet", .title = forked("skynet 1M as tasks, 1 worker"),
         .what = figure::cpu_whole, .unit = "ms",
         .how_much = {{"workers", 1}, {"leaves", {1'000'000, 10'000}}}, .checksum = sum_below_leaves,
         .ours = forking("skynet"),
         .rivals = {{called("oneTBB task_group", tbb("skynet")), bars{0.3, 0.18}},
                    {called("oneTBB parallel_invoke", tbb("skynet_invoke"))}}},
        {.id = "T7", .group = "skynet", .title = forked("skynet 1M as tasks, 2 workers"),
         .what = figure::wall_whole, .unit = "ms",
         .how_much = {{"workers", 2}, {"leaves", {1'000'000, 10'000}}}, .checksum = sum_below_leaves,
         .ours = forking("skynet"),
         .rivals = {{called("oneTBB task_group", tbb("skynet")), bars{0.3, 0.18}},
                    {called("oneTBB parallel_invoke", tbb("skynet_invoke"))}}},
        {.id = "T7", .group = "skynet", .title = "skynet 1M as fibers with channels, 1 worker",
         .what = figure::cpu_whole,
         .unit = "ms", .how_much = {{"workers", 1}, {"leaves", {1'000'000, 10'000}}}, .checksum = sum_below_leaves,
         .ours = hocket("skynet_channel"), .rivals = {{in_go("skynet_channel"), bars{0.25, 0.12}}}},
        {.id = "T7", .group = "skynet", .title = "skynet 1M as fibers with channels, 2 workers",
         .what = figure::wall_whole, .unit = "ms", .how_much = {{"workers", 2}, {"leaves", {1'000'000, 10'000}}},
         .checksum = sum_below_leaves, .ours = hocket("skynet_channel"),
         .rivals = {{in_go("skynet_channel"), bars{0.25, 0.12}}}},

        {.id = "T8", .group = "channel", .title = "unbuffered round trip, same worker", .what = figure::cpu,
         .unit = "ns", .how_much = {{"workers", 1}, {"count", {300'000, 20'000}}}, .checksum = count,
         .ours = hocket("round_trip"),
         .rivals = {{in_go("round_trip"), bars{0.30, 0.17}}, {boost("round_trip")}}},

        {.id = "T9", .group = "latency", .title = "round trip between workers, awake", .what = figure::wall,
         .unit = "us", .how_much = {{"workers", 2}, {"bound", 1}, {"pause_us", 0}}, .checksum = count,
         .ours = hocket("handover", {{"count", {100'000, 5'000}}}),
         .rivals = {{threads("handover", {{"count", {3'000, 300}}}), bars{0.02, 0.01}},
                    {called("bare word", threads("handover_bare", {{"count", {100'000, 5'000}}}))}}},
        {.id = "T9", .group = "latency", .title = "round trip between workers, asleep", .what = figure::p50,
         .unit = "us", .how_much = {{"workers", 2}, {"bound", 1}, {"pause_us", 500}, {"count", {400, 40}}},
         .checksum = count, .ours = hocket("handover"),
         .rivals = {{threads("handover"), bars{0.5, 0.3}}, {called("bare word, futex", threads("handover_bare"))}}},
        {.id = "T9", .group = "latency", .title = "awake, where the system puts the threads", .what = figure::wall,
         .unit = "us", .how_much = {{"workers", 2}, {"bound", 0}, {"pause_us", 0}, {"count", {3'000, 300}}},
         .checksum = count, .ours = hocket("handover"), .rivals = {{threads("handover")}}},
        {.id = "T9", .group = "latency", .title = "asleep, where the system puts the threads", .what = figure::p50,
         .unit = "us", .how_much = {{"workers", 2}, {"bound", 0}, {"pause_us", 500}, {"count", {400, 40}}},
         .checksum = count, .ours = hocket("handover"), .rivals = {{threads("handover")}}},

        {.id = "T10", .group = "channel", .title = "4 to 4 over 64 places, 1 worker, per item", .what = figure::cpu,
         .unit = "ns",
         .how_much = {{"workers", 1}, {"pairs", 4}, {"capacity", 64}, {"count", {1'000'000, 50'000}}},
         .checksum = sum_below_count, .ours = hocket("crowd"),
         .rivals = {{in_go("crowd"), bars{0.8, 0.5}}, {boost("crowd")}}},
        {.id = "T10", .group = "channel", .title = "4 to 4 over 64 places, 2 workers, per item",
         .what = figure::wall, .unit = "ns",
         .how_much = {{"workers", 2}, {"pairs", 4}, {"capacity", 64}, {"count", {1'000'000, 50'000}}},
         .checksum = sum_below_count, .ours = hocket("crowd"),
         .rivals = {{in_go("crowd"), bars{0.8, 0.5}}, {fresh(called("Boost.Fiber work_stealing", boost("crowd")))}}},

        {.id = "T11", .group = "mutex", .title = "mutex, uncontended", .what = figure::cpu, .unit = "ns",
         .how_much = {{"workers", 1}, {"count", {10'000'000, 500'000}}}, .checksum = sum_below_count,
         .ours = hocket("lock"), .rivals = {{in_go("lock"), bars{1.0, 0.9}}, {boost("lock")}}},
        {.id = "T11", .group = "mutex", .title = "64 fibers, a yield inside the lock", .what = figure::cpu,
         .unit = "ns", .how_much = {{"workers", 1}, {"fibers", 64}, {"count", {640'000, 32'000}}},
         .checksum = rounded_to_fibers, .ours = hocket("lock_yield"),
         .rivals = {{in_go("lock_yield"), bars{0.5, 0.2}}, {boost("lock_yield")}}},

        parked("10k", 10'000, 500, 0),
        parked("100k", 100'000, 1'000, 0),
        parked("1M", 1'000'000, 2'000, 0),
        parked("10k that ran 16 KiB deep", 10'000, 500, 16 * 1024),
        parked("100k that ran 16 KiB deep", 100'000, 1'000, 16 * 1024),
        guarded("guarded fibers in one process, 1M wanted", 1'000'000),
        guarded("guarded fibers in one process, 4M wanted", 4'000'000),
        {.id = "T14", .group = "memory", .title = "stack taken and given back, warm", .what = figure::cpu,
         .unit = "ns", .how_much = {{"count", {20'000'000, 1'000'000}}}, .checksum = count,
         .ours = {"hocket", "hocket-bench-switch", "stack"},
         .rivals = {{standard("malloc and free of 64 B", "malloc"), bars{0.5, 0.2}}}},

        {.id = "T15", .group = "sleep", .title = "100k sleepers of 1-100 ms, per sleep", .what = figure::cpu,
         .unit = "us", .how_much = {{"workers", 1}, {"warm", 0}, {"count", {100'000, 5'000}}},
         .checksum = sum_below_count, .ours = fresh(hocket("sleepers")),
         .rivals = {{fresh(in_go("sleepers")), bars{0.5, 0.15}}, {fresh(boost("sleepers"))}}},
        {.id = "T15", .group = "sleep", .title = "the same, a second time in one process", .what = figure::cpu,
         .unit = "us", .how_much = {{"workers", 1}, {"warm", 1}, {"count", {100'000, 5'000}}},
         .checksum = sum_below_count, .ours = hocket("sleepers"),
         .rivals = {{in_go("sleepers")}, {boost("sleepers")}}},

        {.id = "T16", .group = "latency", .title = "foreign submission until it runs, idle", .what = figure::p50,
         .unit = "us",
         .how_much = {{"workers", 1}, {"fibers", 0}, {"pause_us", 400}, {"count", {500, 50}}}, .checksum = count,
         .ours = hocket("submit"), .rivals = {{threads("submit"), bars{1.0, 0.6}}, {in_go("submit")}}},
        {.id = "T16", .group = "latency", .title = "foreign submission until it runs, busy in 20 us slices",
         .what = figure::p50, .unit = "us",
         .how_much = {{"workers", 1}, {"fibers", 4}, {"pause_us", 400}, {"count", {500, 50}}}, .checksum = count,
         .ours = hocket("submit"), .rivals = {{in_go("submit"), bars{0.2, 0.1}}}},

        {.id = "T17", .group = "latency", .title = "lateness of a 10 ms sleep, others yield every 20 us",
         .what = figure::p50, .unit = "ms",
         .how_much = {{"workers", 1}, {"fibers", 4}, {"sleep_us", 10'000}, {"count", {50, 5}}}, .checksum = count,
         .ours = hocket("late"),
         .rivals = {limit(1, {1.0, 0.1}),
                    {called("Boost.Fiber round_robin", boost("late"))},
                    {in_go("late")}}},

        {.id = "T18", .group = "idle", .title = "idle runtime, CPU in a second", .what = figure::cpu_share,
         .unit = "ms", .how_much = {{"workers", 2}, {"count", {1000, 200}}}, .checksum = thousand,
         .ours = hocket("idle"), .rivals = {limit(1, {1.0, 0.0}), {tbb("idle")}, {in_go("idle")}}},

        churn("16 to 256 B", 100, 256, true),
        churn("16 to 256 B, 1000 a cycle,", 1000, 256, false),
        churn("16 B to 4 KiB", 100, 4096, false),
        churn("16 B to 4 KiB, 1000 a cycle,", 1000, 4096, false),
        {.id = "T20", .group = "arena", .title = "task that makes ten allocations of 16 to 128 B, scope",
         .what = figure::cpu, .unit = "ns",
         .how_much = {{"workers", 1}, {"batch", 1000}, {"count", {300'000, 20'000}}}, .checksum = batches_of_ten,
         .ours = hocket("task_memory"),
         .rivals = {{called("oneTBB, malloc and free", tbb("task_memory")), bars{0.5, 0.2}}}},

#ifdef HAS_AUDIO
        async_call("run_once", 0, 0, true),
        async_call("start + stop", 1, 0, true),
        async_call("start with an action + stop", 2, 0, false),
        async_call("run_once, called meanwhile", 0, 1, false),
        async_call("start + stop, called meanwhile", 1, 1, true),
#endif

        {.id = "T22", .group = "spawn", .title = "async + get of a trivial function", .what = figure::cpu,
         .unit = "ns", .how_much = {{"workers", 1}, {"count", {300'000, 20'000}}}, .checksum = sum_below_count,
         .ours = hocket("async"), .rivals = {{in_go("async"), bars{0.4, 0.2}}, {boost("async")}}},
    };
    return all;
}

// Far more work than in the rows: sixteen workers are to have tens of milliseconds of it too.
std::vector<row> rows_on(unsigned workers) {
    // As many cores as workers: else blocking workers help on those that are left, and one worker is as fast as two.
    auto const on = [workers](amounts a) {
        a.emplace("workers", workers);
        a.emplace("cores", workers);
        return a;
    };
    return {
        {.id = "S", .group = "scaling", .title = forked("fork-join fib"), .what = figure::wall, .unit = "ns",
         .how_much = on({{"n", {37, 20}}, {"forks", {39'088'168, 10'945}}}), .checksum = fibonacci,
         .ours = forking("fib"), .rivals = {{tbb("fib")}}},
        {.id = "S", .group = "scaling", .title = forked("skynet as tasks"), .what = figure::wall, .unit = "ns",
         .how_much = on({{"leaves", {100'000'000, 10'000}}}), .checksum = sum_below_leaves,
         .ours = forking("skynet"), .rivals = {{tbb("skynet")}}},
        {.id = "S", .group = "scaling", .title = "spawn, a spawner on each worker", .what = figure::wall, .unit = "ns",
         .how_much = on({{"batch", 1000}, {"count", {19'200'000, 48'000}}}),
         .checksum = batches_on_each, .ours = hocket("spawn_many"), .rivals = {}},
        {.id = "S", .group = "scaling", .title = "yield, 64 fibers for each worker", .what = figure::wall,
         .unit = "ns", .how_much = on({{"fibers", 64}, {"count", {32'768'000, 163'840}}}),
         .checksum = rounded_to_groups, .slack = 0.25, .ours = hocket("yield_many"), .rivals = {}},
    };
}

static bool same(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::vector<row const*> rows_named(std::string_view id_or_group) {
    std::vector<row const*> found;
    for (auto const& r : rows())
        if (same(r.id, id_or_group) || same(r.group, id_or_group)) found.push_back(&r);
    return found;
}

std::string row_names() {
    std::vector<std::string> ids, groups;
    auto const add = [](std::vector<std::string>& to, std::string const& name) {
        if (std::find(to.begin(), to.end(), name) == to.end()) to.push_back(name);
    };
    for (auto const& r : rows()) {
        add(ids, r.id);
        add(groups, r.group);
    }
    std::string text;
    for (auto const* list : {&ids, &groups})
        for (auto const& name : *list) text += (text.empty() ? "" : " ") + name;
    return text;
}

}  // namespace hocket::bench

// The table of scenarios.
#include <algorithm>

#include "stress/scenarios/all.hpp"

namespace hocket::stress {

static constexpr scenario table[] = {
    {"spawn", "a million tasks from many places each run exactly once", spawn},
    {"yield-ring", "fibers that yield keep their stacks, get every turn, and let all others run", yield_ring},
    {"ping-pong", "two fibers over channels and semaphores see every value once, in turn", ping_pong},
    {"skynet", "a tree of fibers with a million leaves sums up without loss", skynet},
    {"async", "forked results are right and exactly the thrown exceptions arrive", async_tree},
    {"fork-join", "divided work is done once, comes together in order, and tells its first failure", fork_join},
    {"mutex", "fibers and threads increment plain counters under a mutex and lose nothing", mutex_counters},
    {"convoy", "a crowd before one mutex moves on, and who gives up is not missed", mutex_convoy},
    {"readers", "many read at once, one writes alone, and neither keep the others out for ever", readers_writers},
    {"condition", "nobody passes a condition early, nobody is left waiting", condition_meetings},
    {"herd", "each notification is for somebody who waits, however many give up", condition_herd},
    {"semaphore", "never more are inside than there are permits, and none is lost or made", semaphore_gate},
    {"barrier", "nobody begins a phase before all have ended the one before", barrier_steps},
    {"channel", "many senders and receivers: every value once, in each sender's order", channel_crowd},
    {"select", "in a mesh of selects every value is handed over exactly once", select_mesh},
    {"blocking", "blocking tasks fill their pool and never exceed it, and all others go on beside them", blocking_mix},
    {"exceptions", "what a fiber throws and handles is its own, wherever it goes on meanwhile", exception_storm},
    {"cancel", "a runtime that is cancelled ends soon, and nothing that was handed over is lost", cancel_storm},
    {"churn", "timers that are armed and cancelled all the time end each wait in one way", timer_churn},
    {"timers", "no sleep ends early and every sleep ends", timers},
    {"arena", "arenas keep tasks' data apart, destroy what was made and give all back", arena_churn},
    {"parked", "fibers parked by the hundred thousand keep their stacks, each behind a guard", parked},
    {"burst", "when a crowd of fibers has gone, so has the memory it took", burst},
    {"foreign", "what threads submit before, during and after run() is run where it was asked to", foreign},
    {"audio-soak", "a patch to which everything happens at once loses no request, answer or knob", audio_soak},
    {"audio-destroy", "modules destroyed while their actions run are never seen by one again", audio_destroy},
    {"audio-hog", "actions of 50 ms keep no neighbour waiting, and never more than two execute", audio_hog},
    {"audio-reload", "patches exchanged under load are each heard whole", audio_reload},
    {"run-once-flood", "a million requests from the audio thread are a million calls", run_once_flood},
    {"audio", "a WAV streamed through the engine comes out whole while the others run", audio_stream},
};

std::span<scenario const> scenarios() noexcept { return table; }

scenario const* find_scenario(std::string_view name) noexcept {
    auto const* const found =
        std::find_if(std::begin(table), std::end(table), [&](auto const& s) { return s.name == name; });
    return found == std::end(table) ? nullptr : found;
}

std::string scenario_names() {
    std::string names;
    for (auto const& s : table) names += (names.empty() ? "" : ", ") + std::string(s.name);
    return names;
}

}  // namespace hocket::stress

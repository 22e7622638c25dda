// The one file that knows the JSON library.
#include "json.hpp"

#include <signal.h>

#include <cstdio>
#include <nlohmann/json.hpp>

namespace play {

using nlohmann::ordered_json;

static ordered_json to_json(std::optional<clock_figures> const& c) {
    if (!c) return nullptr;
    return {{"realtime", c->realtime},
            {"blocks", c->blocks},
            {"late", c->late},
            {"worst_ns", c->worst_ns},
            {"xruns", c->xruns}};
}

static ordered_json to_json(hocket::audio::async_thread_stats const& t) {
    return {{"module", t.module},
            {"name", t.name},
            {"calls", t.calls},
            {"failures", t.failures},
            {"overruns", t.overruns},
            {"run_ns", t.run.count()},
            {"longest_run_ns", t.longest_run.count()},
            {"mean_period_ns", t.mean_period.count()},
            {"longest_period_ns", t.longest_period.count()},
            {"started", t.enabled}};
}

static ordered_json to_json(std::optional<rt_findings> const& rt) {
    if (!rt) return nullptr;
    ordered_json violations = ordered_json::array();
    for (auto const& v : rt->violations)
        violations.push_back({{"what", v.what}, {"count", v.count}, {"backtrace", v.backtrace}});
    return {{"system_calls_watched", rt->sight.system_calls},
            {"allocations_watched", rt->sight.allocations},
            {"locks_watched", rt->sight.locks},
            {"count", rt->count},
            {"violations", violations}};
}

static ordered_json name_or_null(std::string const& name) {
    return name.empty() ? ordered_json(nullptr) : ordered_json(name);
}

std::string to_json(options const& o, report const& r) {
    char checksum[19];
    std::snprintf(checksum, sizeof checksum, "0x%016llx", static_cast<unsigned long long>(r.checksum));
    ordered_json threads = ordered_json::array(), modules = ordered_json::array();
    for (auto const& m : r.engine.modules)
        modules.push_back({{"module", m.module}, {"name", m.name}, {"load", m.load}});
    for (auto const& t : r.engine.async_threads) threads.push_back(to_json(t));
    ordered_json const signal = r.signal == 0 ? ordered_json(nullptr) : r.signal == SIGINT ? "SIGINT" : "SIGTERM";
    ordered_json const all{{"schema", "hocket-play/1"},
                           {"verdict", !r.whole()      ? "incomplete"
                                       : r.signal != 0 ? "interrupted"
                                                       : "rendered"},
                           {"signal", signal},
                           {"patch", name_or_null(o.patch)},
                           {"in", name_or_null(o.in)},
                           {"out", name_or_null(o.out)},
                           {"driver", o.driver->name},
                           {"context", r.context},
                           {"sample_rate", r.sample_rate},
                           {"channels", r.channels},
                           {"block", r.clock ? r.clock->block : o.block},
                           {"frames_asked", r.asked},
                           {"frames", r.frames},
                           {"elapsed_seconds", r.elapsed},
                           {"underruns", r.underruns},
                           {"lost", r.lost},
                           {"checksum", checksum},
                           {"clock", to_json(r.clock)},
                           {"engine",
                            {{"frames", r.engine.frames},
                             {"blocks", r.engine.blocks},
                             {"load", r.engine.load},
                             {"highest_load", r.engine.highest_load},
                             {"xruns", r.engine.xruns},
                             {"async_calls", r.engine.async_calls},
                             {"async_failures", r.engine.async_failures}}},
                           {"rt_check", to_json(r.rt)},
                           {"modules", modules},
                           {"async_threads", threads}};
    // A file name may have bytes that are no UTF-8: replaced rather than thrown about.
    return all.dump(2, ' ', false, ordered_json::error_handler_t::replace) + '\n';
}

}  // namespace play

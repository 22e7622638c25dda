// The one file that knows the JSON library.
#include "json.hpp"

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "scaling.hpp"
#include "table.hpp"

namespace hocket::bench {

using nlohmann::ordered_json;

answer read_answer(std::string const& line) {
    try {
        auto const j = nlohmann::json::parse(line);
        answer a;
        if (j.contains("unable")) {
            a.unable = j["unable"].get<std::string>();
            return a;
        }
        a.count = j.at("count").get<std::uint64_t>();
        a.checksum = j.at("checksum").get<std::uint64_t>();
        a.cpu_ns = j.at("cpu_ns").get<double>();
        a.wall_ns = j.at("wall_ns").get<double>();
        if (j.contains("p50_ns")) a.p50_ns = j["p50_ns"].get<double>();
        if (j.contains("p99_ns")) a.p99_ns = j["p99_ns"].get<double>();
        if (j.contains("context")) a.context = j["context"].get<std::string>();
        if (j.contains("parked")) a.parked = j["parked"].get<std::uint64_t>();
        if (j.contains("bytes")) a.bytes = j["bytes"].get<std::uint64_t>();
        return a;
    } catch (nlohmann::json::exception const& e) {
        throw std::runtime_error("its answer is not of the protocol: " + line.substr(0, line.find('\n')));
    }
}

static ordered_json value_or_null(std::optional<double> v) { return v ? ordered_json(*v) : ordered_json(nullptr); }

static ordered_json to_json(side_outcome const& s) {
    ordered_json j{{"name", s.name}};
    if (!s.sentence.empty()) j["sentence"] = s.sentence;
    if (s.measured()) {
        j["best"] = s.best();
        j["median"] = s.median();
        j["rounds"] = s.values;
        if (!s.cores.empty()) j["cores"] = side_outcome::median_of(s.cores);
        if (!s.p99.empty()) j["p99"] = side_outcome::median_of(s.p99);
        j["count"] = s.count;
        if (s.parked != 0) j["parked"] = s.parked;
    }
    return j;
}

static std::string whole(char const* schema, report const& r, ordered_json rows) {
    ordered_json const all{{"schema", schema},
                           {"date", r.when.day + ' ' + r.when.time},
                           {"machine",
                            {{"cpu", r.where.cpu},
                             {"cores", r.where.cores},
                             {"system", r.where.system},
                             {"compiler", r.where.compiler},
                             {"load", r.where.load}}},
                           {"context", r.context},
                           {"rounds", r.rounds},
                           {"quick", r.quick},
                           {"rows", std::move(rows)}};
    return all.dump(2, ' ', false, ordered_json::error_handler_t::replace) + '\n';
}

std::string to_json(report const& r) {
    ordered_json rows = ordered_json::array();
    for (auto const& row : r.rows)
        for (auto const& c : row.rivals) {
            auto const best = [](side_outcome const& s) {
                return s.measured() ? std::optional(s.best()) : std::nullopt;
            };
            rows.push_back({{"id", row.of->id},
                            {"case", row.of->title},
                            {"ours", value_or_null(best(row.ours))},
                            {"rival", c.rival.name},
                            {"rival_value", value_or_null(best(c.rival))},
                            {"unit", row.of->unit},
                            {"ratio", value_or_null(c.ratio)},
                            {"must", value_or_null(c.bar ? std::optional(c.bar->must) : std::nullopt)},
                            {"goal", value_or_null(c.bar ? std::optional(c.bar->goal) : std::nullopt)},
                            {"verdict", verdict_text(c)},
                            {"figure", figure_text(row.of->what)},
                            {"our_side", to_json(row.ours)},
                            {"rival_side", to_json(c.rival)}});
        }
    return whole("hocket-bench/1", r, std::move(rows));
}

std::string scaling_to_json(report const& r) {
    ordered_json rows = ordered_json::array();
    for (auto const& p : scaling_points(r)) {
        ordered_json j{{"case", p.of},
                       {"side", p.side},
                       {"workers", p.workers},
                       {"ns", value_or_null(p.ns)},
                       {"median", value_or_null(p.median)},
                       {"per_second", value_or_null(p.per_second)},
                       {"speed_up", value_or_null(p.speed_up)},
                       {"cores", value_or_null(p.cores)}};
        if (!p.sentence.empty()) j["sentence"] = p.sentence;
        rows.push_back(std::move(j));
    }
    return whole("hocket-bench-scaling/1", r, std::move(rows));
}

}  // namespace hocket::bench

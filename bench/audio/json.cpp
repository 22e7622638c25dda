// The one file of hocket-bench-audio that knows the JSON library.
#include <nlohmann/json.hpp>

#include "report.hpp"

namespace hocket::bench {

using nlohmann::ordered_json;

static ordered_json side(row const& r, series const& s) {
    ordered_json j{{"name", s.name}, {"value", nullptr}, {"rounds", s.rounds}};
    if (r.measured()) j["value"] = r.value(s);
    return j;
}

static ordered_json bar_of(row const& r) {
    switch (r.what) {
        case row::bar_of::none: break;
        case row::bar_of::ratio_at_most: return "ratio at most";
        case row::bar_of::ratio_at_least: return "ratio at least";
        case row::bar_of::value_at_most: return "value at most";
    }
    return nullptr;
}

std::string to_json(report const& r) {
    ordered_json all = ordered_json::array();
    for (auto const& m : r.all) {
        ordered_json rows = ordered_json::array();
        for (auto const& row : m.rows) {
            auto const ratio = row.ratio();
            ordered_json j{{"id", row.id},
                           {"case", row.title},
                           {"unit", row.unit},
                           {"ours", side(row, row.ours)},
                           {"beside", row.beside ? side(row, *row.beside) : ordered_json(nullptr)},
                           {"figure", row.summed ? "sum" : "median"},
                           {"ratio", ratio ? ordered_json(*ratio) : ordered_json(nullptr)},
                           {"bar", row.what == row::bar_of::none ? ordered_json(nullptr) : ordered_json(row.bar)},
                           {"bar_of", bar_of(row)},
                           {"verdict", row.verdict()}};
            if (!row.measured()) j["sentence"] = row.sentence;
            rows.push_back(std::move(j));
        }
        all.push_back({{"name", m.name},
                       {"title", m.title},
                       {"others_cores", m.meanwhile.others},
                       {"stolen_cores", m.meanwhile.stolen},
                       {"rows", std::move(rows)}});
    }
    ordered_json const whole{{"schema", "hocket-bench-audio/1"},
                             {"date", r.when.day + ' ' + r.when.time},
                             {"machine",
                              {{"cpu", r.where.cpu},
                               {"cores", r.where.cores},
                               {"system", r.where.system},
                               {"compiler", r.where.compiler},
                               {"load", r.where.load}}},
                             {"session_nice", r.session_nice},
                             {"context", r.context},
                             {"seconds", r.seconds},
                             {"rounds", r.rounds},
                             {"quick", r.quick},
                             {"measures", std::move(all)}};
    return whole.dump(2, ' ', false, ordered_json::error_handler_t::replace) + '\n';
}

}  // namespace hocket::bench

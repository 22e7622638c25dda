// The one file that knows CLI11.
#include "options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdlib>

namespace hocket::bench {

namespace {

std::string list_text() {
    std::string out;
    for (auto const& r : rows()) {
        out += r.id + std::string(r.id.size() < 5 ? 5 - r.id.size() : 1, ' ') + r.group +
               std::string(r.group.size() < 9 ? 9 - r.group.size() : 1, ' ') + r.title + "; beside";
        for (auto const& v : r.rivals) out += (&v == &r.rivals.front() ? " " : ", ") + v.who.name;
        out += '\n';
    }
    return out;
}

unsigned number(std::string const& option, std::string const& text, unsigned most) {
    unsigned value = 0;
    char const* const end = text.data() + text.size();
    auto const [rest, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || rest != end || value < 1 || value > most)
        throw usage_error(option + " takes a whole number from 1 to " + std::to_string(most) + ", not '" + text + "'");
    return value;
}

bool is_boost(std::string const& option, std::string const& value) {
    if (value == "boost") return true;
    if (value == "native") return false;
    throw usage_error(option + " takes native or boost, not '" + value + "'");
}

}  // namespace

request parse(int argc, char const* const* argv) {
    CLI::App app{"Measures hocket beside its rivals.", "hocket-bench"};
    app.set_help_flag("-h,--help", "this text");
    app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    app.footer(
        "Exit codes: 0 all was measured and verified (whatever the figures), 1 a side failed or the report could not\n"
        "be written, 2 usage, 77 nothing was run.");
    request q;
    std::vector<std::string> names;
    std::string rounds, patience, context;
    bool list = false;
    app.add_option("NAME", names, "rows and groups (default: all)")
        ->type_name("")
        ->multi_option_policy(CLI::MultiOptionPolicy::Throw);
    app.add_flag("--list", list, "names the rows and measures none");
    app.add_flag("--scaling", q.scaling, "instead of rows, the same work on 1, 2, 4, 8 and 16 workers");
    app.add_option("--rounds", rounds, "interleaved rounds (default: 8, quick 2)")->type_name("N");
    app.add_option("--patience", patience, "a side that takes longer for a sample is killed (default: 120)")
        ->type_name("SECONDS");
    app.add_flag("--quick", q.quick, "small counts, to see that all works; results are kept only where --json says");
    app.add_option("--context", context, "native or boost (default: HOCKET_CONTEXT, or native)")->type_name("WHICH");
    app.add_option("--json", q.json, "writes the report to this file too")->type_name("FILE");
    app.add_option("--results", q.results, "folder in which DATE-CONTEXT.md and .json are kept")->type_name("FOLDER");
    try {
        app.parse(argc, argv);
    } catch (CLI::CallForHelp const&) {
        q.print = app.help();
        return q;
    } catch (CLI::ParseError const& error) {
        throw usage_error(std::string(error.what()) + "; see --help");
    }
    if (list) {
        q.print = list_text();
        return q;
    }

    if (q.scaling && !names.empty()) throw usage_error("--scaling takes no rows, but here is '" + names.front() + "'");
    if (names.empty() && !q.scaling)
        for (auto const& r : rows()) q.chosen.push_back(&r);
    for (auto const& name : names) {
        auto const found = rows_named(name);
        if (found.empty()) throw usage_error("there is no row or group '" + name + "'; there are: " + row_names());
        for (auto const* r : found)
            if (std::find(q.chosen.begin(), q.chosen.end(), r) == q.chosen.end()) q.chosen.push_back(r);
    }

    if (q.quick) q.rounds = 2;
    if (!rounds.empty()) q.rounds = number("--rounds", rounds, 1000);
    if (!patience.empty()) q.patience = number("--patience", patience, 3600);
    char const* const environment = std::getenv("HOCKET_CONTEXT");
    if (!context.empty()) q.boost_context = is_boost("--context", context);
    else if (environment != nullptr && *environment != '\0') q.boost_context = is_boost("HOCKET_CONTEXT", environment);
    return q;
}

}  // namespace hocket::bench

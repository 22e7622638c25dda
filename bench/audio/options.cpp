// The one file of hocket-bench-audio that knows CLI11.
#include "options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>

namespace hocket::bench {

namespace {

bool is_boost(std::string const& option, std::string const& value) {
    if (value == "boost") return true;
    if (value == "native") return false;
    throw usage_error(option + " takes native or boost, not '" + value + "'");
}

}  // namespace

request parse(int argc, char const* const* argv) {
    CLI::App app{"Measures what the audio engine promises.", "hocket-bench-audio"};
    app.set_help_flag("-h,--help", "this text");
    app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    std::string about;
    for (auto const& m : measures()) about += "  " + m.name + std::string(12 - m.name.size(), ' ') + m.title + '\n';
    app.footer("NAMEs:\n" + about +
               "Exit codes: 0 all was measured (whatever the figures), 1 the report could not be written, 2 usage,\n"
               "77 nothing was run.");
    request q;
    std::vector<std::string> names;
    std::string context;
    app.add_option("NAME", names, "what to measure (default: all)")
        ->type_name("")
        ->multi_option_policy(CLI::MultiOptionPolicy::Throw);
    auto* const seconds = app.add_option("--seconds", q.seconds, "length of a slice (default: 10, quick 0.3)")
                              ->type_name("N")
                              ->check(CLI::Range(0.1, 3600.0));
    auto* const rounds = app.add_option("--rounds", q.rounds, "slices of each kind, in turn (default: 6, quick 1)")
                             ->type_name("N")
                             ->check(CLI::Range(1, 1000));
    app.add_flag("--quick", q.quick, "short slices, to see that all works; results are kept only where --json says");
    app.add_option("--context", context, "native or boost (default: HOCKET_CONTEXT, or native)")->type_name("WHICH");
    app.add_option("--json", q.json, "writes the report to this file too")->type_name("FILE");
    app.add_option("--results", q.results, "folder in which DATE-CONTEXT-audio.md and .json are kept")
        ->type_name("FOLDER");
    try {
        app.parse(argc, argv);
    } catch (CLI::CallForHelp const&) {
        q.print = app.help();
        return q;
    } catch (CLI::ParseError const& error) {
        throw usage_error(std::string(error.what()) + "; see --help");
    }
    bool const every = names.empty();
    for (auto const& m : measures())
        if (std::erase(names, m.name) != 0 || every) q.chosen.push_back(&m);
    if (!names.empty()) throw usage_error("there is nothing named '" + names.front() + "' to measure; see --help");
    if (q.quick && seconds->count() == 0) q.seconds = 0.3;
    if (q.quick && rounds->count() == 0) q.rounds = 1;
    char const* const environment = std::getenv("HOCKET_CONTEXT");
    if (!context.empty()) q.boost_context = is_boost("--context", context);
    else if (environment != nullptr && *environment != '\0') q.boost_context = is_boost("HOCKET_CONTEXT", environment);
    return q;
}

}  // namespace hocket::bench

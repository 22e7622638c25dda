// The one file that knows CLI11. It splits the line; numbers and names are checked here, so that every error is a
// sentence.
#include "stress/options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <random>
#include <string_view>
#include <system_error>

namespace hocket::stress {

namespace {

constexpr double longest = 7 * 24 * 3600;  // seconds; what is longer is a typing error

// Under a sanitizer the standard sizes would take minutes.
#if defined(HOCKET_TSAN)
constexpr double standard_scale = 0.02;
#elif defined(HOCKET_ASAN)
constexpr double standard_scale = 0.1;
#else
constexpr double standard_scale = 1;
#endif

template <class T>
T number(std::string const& option, std::string const& text, T least, T most, std::string const& range) {
    T value{};
    char const* const end = text.data() + text.size();
    auto const [rest, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || rest != end || !(value >= least) || !(value <= most))
        throw usage_error(option + " takes " + range + ", not '" + text + "'");
    return value;
}

context_backend context_named(std::string const& text) {
    if (text == "native") return context_backend::native;
    if (text == "boost") return context_backend::boost;
    throw usage_error("--context takes native or boost, not '" + text + "'");
}

scenario const* scenario_named(std::string const& name) {
    if (auto const* s = find_scenario(name)) return s;
    throw usage_error("there is no scenario '" + name + "'; there are: " + scenario_names());
}

std::vector<scenario const*> choose(std::vector<std::string> const& names, std::vector<std::string> const& skipped) {
    std::vector<scenario const*> chosen;
    for (auto const& name : names) {
        if (name == "all")
            for (auto const& s : scenarios()) chosen.push_back(&s);
        else
            chosen.push_back(scenario_named(name));
    }
    for (auto const& name : skipped) std::erase(chosen, scenario_named(name));
    std::vector<scenario const*> once;  // "all spawn" runs spawn once
    for (auto const* s : chosen)
        if (std::find(once.begin(), once.end(), s) == once.end()) once.push_back(s);
    return once;
}

std::string list_text() {
    std::size_t width = 0;
    for (auto const& s : scenarios()) width = std::max(width, s.name.size());
    std::string out;
    for (auto const& s : scenarios())
        out += std::string(s.name) + std::string(width - s.name.size() + 2, ' ') + std::string(s.claim) + '\n';
    return out;
}

std::uint64_t fresh_seed() {
    std::random_device device;
    return (std::uint64_t{device()} << 32 | device()) >> 12;  // 52 bits, so that every reader of JSON keeps it exactly
}

std::string commands() { return "; the commands are: list, run NAME...; the scenarios are: all, " + scenario_names(); }

#ifdef HOCKET_BREAKABLE
void check_breakage(std::string const& name) {
    constexpr std::string_view general[] = {"hang", "leak", "crash", "shortage"};
    if (find_scenario(name) || std::find(std::begin(general), std::end(general), name) != std::end(general)) return;
    throw usage_error("--break takes hang, leak, crash, shortage or a scenario, not '" + name + "'");
}
#endif

}  // namespace

std::variant<settings, print> parse(int argc, char const* const* argv) {
    CLI::App app{"Runs work on hocket's fibers and verifies that it was done.", "hocket-stress"};
    app.set_help_flag("-h,--help", "this text");
    app.footer(
        "Exit codes: 0 all passed, 1 an invariant failed, 2 usage, 3 hang, 4 leak, 5 crash, 6 shortage of resources,\n"
        "77 nothing was run.");

    auto* const list = app.add_subcommand("list", "Names the scenarios and what each proves");
    auto* const run = app.add_subcommand("run", "Runs scenarios, in the order given");

    settings s;
    std::vector<std::string> names, skipped;
    std::string seed, duration, workers, blocking_workers, context, hang_seconds, scale, fibers;
    run->add_option("NAME", names, "scenarios, or all")->type_name("");
    run->add_option("--skip", skipped, "leaves out one, may be given again")
        ->take_all()
        ->expected(1)
        ->type_name("NAME");
    run->add_option("--seed", seed, "repeats the random choices of a run that printed it")->type_name("N");
    run->add_option("--duration", duration, "seconds for which each scenario is repeated (default: once)")
        ->type_name("SECONDS");
    run->add_option("--workers", workers, "threads that run tasks (default: one per core)")->type_name("N");
    run->add_option("--blocking-workers", blocking_workers, "threads for blocking calls (default: half of the cores)")
        ->type_name("N");
    run->add_option("--context", context, "native or boost (default: HOCKET_CONTEXT, or native)")->type_name("WHICH");
    run->add_option("--json", s.json, "writes the report to this file")->type_name("FILE");
    run->add_option("--in", s.in, "WAV that the audio scenario streams (default: one it makes)")->type_name("FILE");
    run->add_option("--scale", scale, "factor on the standard sizes (default: 1, less under sanitizers)")
        ->type_name("X");
    run->add_option("--fibers", fibers, "how many the scenario parked parks (default: 100000 times the scale)")
        ->type_name("N");
    run->add_option("--hang-seconds", hang_seconds, "so long without progress is a hang (default: 60)")
        ->type_name("SECONDS");
#ifdef HOCKET_BREAKABLE
    run->add_option("--break", s.broken, "does wrong what this scenario checks; or hang, leak, crash, shortage");
#endif

    try {
        app.parse(argc, argv);
    } catch (CLI::CallForHelp const&) {
        if (app.got_subcommand(run)) return print{run->help("hocket-stress")};
        return print{app.help()};
    } catch (CLI::ParseError const& error) {
        throw usage_error(std::string(error.what()) + commands());
    }
    if (app.got_subcommand(list)) return print{list_text()};
    if (!app.got_subcommand(run)) throw usage_error("nothing to do" + commands());

    if (names.empty()) throw usage_error("run takes the names of scenarios, or all; there are: " + scenario_names());
    s.chosen = choose(names, skipped);
    s.seed =
        seed.empty() ? fresh_seed() : number<std::uint64_t>("--seed", seed, 0, UINT64_MAX, "a whole number below 2^64");
    if (!duration.empty()) s.duration = number("--duration", duration, 0.0, longest, "seconds from 0 to 604800");
    s.hang_seconds =
        hang_seconds.empty() ? 60 : number("--hang-seconds", hang_seconds, 0.1, longest, "seconds from 0.1 to 604800");
    s.scale = scale.empty() ? standard_scale : number("--scale", scale, 0.0001, 100.0, "a factor from 0.0001 to 100");
    if (!fibers.empty())
        s.fibers = number<std::uint64_t>("--fibers", fibers, 1, 10'000'000, "a whole number from 1 to 10000000");
    if (!workers.empty()) s.workers = number("--workers", workers, 1u, 256u, "a whole number from 1 to 256");
    if (!blocking_workers.empty())
        s.blocking_workers = number("--blocking-workers", blocking_workers, 1u, 256u, "a whole number from 1 to 256");
    if (!context.empty()) s.context = context_named(context);
#ifdef HOCKET_BREAKABLE
    if (!s.broken.empty()) check_breakage(s.broken);
#endif
    return s;
}

}  // namespace hocket::stress

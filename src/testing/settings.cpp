#include "testing/settings.hpp"

#include "testing/exit_code.hpp"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

namespace hocket::inline HOCKET_ABI::testing::detail {

char const* const settings_help =
    "[hocket]  --hk-workers=1,2,4          worker counts of the fiber test cases that do not name theirs\n"
    "[hocket]  --hk-timeout=<seconds>      how long a test case may take before it counts as hung\n"
    "[hocket]  --hk-seed=<number>          seed of the runtime, as a failed case prints it\n"
    "[hocket]  --hk-context=native|boost   how contexts are switched\n";

[[noreturn]] static void reject(std::string_view name, std::string_view value, char const* wanted) {
    throw std::invalid_argument(std::string(name) + " is " + wanted + ", not \"" + std::string(value) + "\"");
}

template <class Number>
static bool parse(std::string_view text, Number& to) {
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), to);
    return error == std::errc() && end == text.data() + text.size();
}

static void set_workers(settings& s, std::string_view name, std::string_view value) {
    std::vector<unsigned> counts;
    for (std::string_view rest = value;;) {
        std::size_t const comma = rest.find(',');
        unsigned count = 0;
        if (!parse(rest.substr(0, comma), count) || count == 0 || count > 1024)
            reject(name, value, "a list of worker counts from 1 to 1024, such as 1,2,4");
        counts.push_back(count);
        if (comma == std::string_view::npos) break;
        rest.remove_prefix(comma + 1);
    }
    s.workers = std::move(counts);
}

static void set_timeout(settings& s, std::string_view name, std::string_view value) {
    double seconds = 0;
    if (!parse(value, seconds) || !(seconds > 0 && seconds <= 1e6)) reject(name, value, "a number of seconds above 0");
    s.timeout = std::chrono::nanoseconds(std::llround(seconds * 1e9));
}

static void set_seed(settings& s, std::string_view name, std::string_view value) {
    if (!parse(value, s.seed)) reject(name, value, "a number from 0 to 2^64-1");
}

static void set_context(settings& s, std::string_view name, std::string_view value) {
    if (value == "native")
        s.context = context_backend::native;
    else if (value == "boost")
        s.context = context_backend::boost;
    else
        reject(name, value, "native or boost");
}

struct setting {
    char const* variable;  // null: the runtime reads it itself
    std::string_view option;
    void (*set)(settings&, std::string_view name, std::string_view value);
};
static constexpr setting all[] = {
    {nullptr, "--hk-context", &set_context},
    {"HOCKET_TEST_SEED", "--hk-seed", &set_seed},
    {"HOCKET_TEST_TIMEOUT", "--hk-timeout", &set_timeout},
    {"HOCKET_TEST_WORKERS", "--hk-workers", &set_workers},
};

void settings::apply(int argc, char const* const* argv) {
    if (argc > 0) program = argv[0];
    for (int i = 1; i < argc; ++i) {
        std::string_view const argument = argv[i];
        if (!argument.starts_with("--hk-")) continue;  // doctest's
        std::size_t const equals = argument.find('=');
        std::string_view const name = argument.substr(0, equals);
        setting const* found = nullptr;
        for (setting const& s : all)
            if (s.option == name) found = &s;
        if (found == nullptr) throw std::invalid_argument("there is no option " + std::string(name) + "; see --help");
        if (equals == std::string_view::npos) throw std::invalid_argument(std::string(name) + " needs a value: " +
                                                                          std::string(name) + "=...");
        found->set(*this, name, argument.substr(equals + 1));
    }
}

settings& the_settings() {
    static settings s = [] {
        settings read;
        try {
            for (setting const& one : all)
                if (one.variable != nullptr)
                    if (char const* const value = std::getenv(one.variable)) one.set(read, one.variable, value);
        } catch (std::invalid_argument const& e) {
            std::fprintf(stderr, "hocket-testing: %s\n", e.what());
            std::exit(exit_usage);
        }
        return read;
    }();
    return s;
}

}  // namespace hocket::inline HOCKET_ABI::testing::detail

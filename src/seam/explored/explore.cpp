// Runs schedule after schedule until one fails.
#include "seam/explored/explore.hpp"

#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <stdexcept>
#include <utility>

#include "seam/explored/engine.hpp"
#include "seam/explored/isolated.hpp"
#include "seam/explored/unwatched.hpp"

namespace hocket::inline HOCKET_ABI::explorer {
namespace {

std::uint64_t seed_from_system() {
    std::random_device device;
    // 32 bits are enough to tell runs apart and short enough to be typed.
    return std::uint64_t{device()} + 1;
}

// A positive number in the environment; 0 when there is none.
std::uint64_t from_environment(char const* name) {
    char const* const text = std::getenv(name);
    if (text == nullptr || *text == '\0') return 0;
    std::uint64_t number = 0;
    auto const [end, error] = std::from_chars(text, text + std::strlen(text), number);
    if (error != std::errc{} || *end != '\0' || number == 0)
        throw std::invalid_argument(std::string("hocket: ") + name + " is a positive number, not \"" + text + "\"");
    return number;
}

std::unique_ptr<chooser> make_chooser(explore_options const& options, std::uint64_t seed) {
    bool const by_priorities =
        options.how == strategy::priorities || (options.how == strategy::mixed && seed % 3 == 0);
    return by_priorities ? make_priorities(seed) : make_random_walk(seed, options.preemption_percent);
}

}  // namespace

explore_result explore(explore_options const& given, std::function<void()> body) {
    if (exploring()) throw std::logic_error("hocket: explore() inside an exploration");
    explore_options options = given;
    std::uint64_t seed = from_environment("HOCKET_SEED");
    if (seed == 0) seed = options.seed != 0 ? options.seed : seed_from_system();
    if (std::uint64_t const times = from_environment("HOCKET_SCHEDULES"); times != 0 && options.schedules > 1)
        options.schedules = static_cast<unsigned>(options.schedules * times);
    std::fprintf(stderr, "explore %s: seed %llu, %u schedules\n", options.name,
                 static_cast<unsigned long long>(seed), options.schedules);
    progress here;
    if (options.isolated) return explore_in_child(options, seed, body);
    return explore_here(options, seed, body, here);
}

explore_result explore_here(explore_options const& options, std::uint64_t seed, std::function<void()> const& body,
                            progress& told) {
    explore_result result;
    for (unsigned i = 0; i < options.schedules && !result.failed; ++i) {
        result.seed = seed + i;
        ++result.schedules_run;
        told.seed = result.seed;
        told.schedules_run = result.schedules_run;
        if (options.isolated) alarm(patience);
        engine one;
        engine::outcome outcome = one.run(body, make_chooser(options, result.seed),
                                          {.steps = options.max_steps, .trace = options.trace});
        result.failed = outcome.failed;
        result.message = std::move(outcome.message);
        result.steps += outcome.steps;
        result.digest = outcome.digest;
        result.trace = std::move(outcome.trace);
    }
    return result;
}

void require(bool condition, char const* what) {
    if (condition) return;
    engine* const e = engine::running();
    if (e == nullptr) throw std::logic_error(std::string("hocket: require() outside an exploration: ") + what);
    stop_watching();
    e->fail(std::string("required: ") + what);
}

bool exploring() noexcept { return engine::running() != nullptr; }

thread::thread(std::function<void()> f, char const* name) : state_(new state{std::move(f), {}}) {
    state_->thread.start(name, [](void* s) { static_cast<state*>(s)->function(); }, state_.get());
}

thread::~thread() {
    if (state_) join();
}

void thread::join() noexcept { state_->thread.join(); }

}  // namespace hocket::inline HOCKET_ABI::explorer

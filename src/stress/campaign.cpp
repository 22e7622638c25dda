// From settings to a report.
#include "stress/campaign.hpp"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <hocket/audio/wav.hpp>
#include <hocket/audio/wav_player.hpp>
#include <iostream>
#include <mutex>
#include <new>
#include <sstream>
#include <system_error>
#include <thread>

#include "stress/clock.hpp"
#include "stress/json.hpp"
#include "stress/options.hpp"
#include "stress/stage.hpp"
#include "stress/table.hpp"
#include "stress/trial.hpp"
#include "stress/watchdog.hpp"

namespace hocket::stress {

campaign::~campaign() {
    if (json_ != nullptr) std::fclose(json_);
}

exit_code campaign::run() {
    if (settings_.chosen.empty()) {
        std::cerr << "hocket-stress: nothing is left to run\n";
        return exit_code::nothing_run;
    }
    open_json();
    look_at_wav();
    introduce();

    watchdog dog(settings_.hang_seconds, settings_.chosen.size(), [this](trial& t) { give_up(t); });
    for (auto const* s : settings_.chosen) report_.scenarios.push_back(try_scenario(*s, dog));
    return conclude();
}

// Before the work, so that hours of it are not lost to a wrong path.
void campaign::open_json() {
    if (settings_.json.empty()) return;
    json_ = std::fopen(settings_.json.c_str(), "we");
    if (json_ == nullptr) throw usage_error("--json: cannot write " + settings_.json + ": " + std::strerror(errno));
}

void campaign::look_at_wav() {
    if (settings_.in.empty()) return;
    try {
        audio::wav_reader const file(settings_.in);
        if (file.format().channels > audio::wav_player::max_channels)
            throw usage_error("--in: " + settings_.in + " has " + std::to_string(file.format().channels) +
                              " channels; at most " + std::to_string(audio::wav_player::max_channels) +
                              " can be played");
        if (file.frames() == 0) throw usage_error("--in: " + settings_.in + " has no sample");
    } catch (audio::wav_error const& e) {
        throw usage_error(std::string("--in: ") + e.what());
    }
}

// Tells the seed before anything can go wrong, and what the runtime makes of the options.
void campaign::introduce() {
    runtime_options o;
    o.workers = settings_.workers;
    o.blocking_workers = settings_.blocking_workers;
    o.context = settings_.context;
    runtime_stats s;
    try {
        s = runtime(o).stats();
    } catch (std::invalid_argument const& e) {
        throw usage_error(e.what());
    }
    report_.seed = settings_.seed;
    report_.context = s.context == context_backend::native ? "native" : "boost";
    report_.workers = s.workers;
    report_.blocking_workers = s.blocking_workers;
    report_.scale = settings_.scale;
    std::cout << "seed " << report_.seed << ", context " << report_.context << ", workers " << report_.workers
              << ", blocking workers " << report_.blocking_workers << ", scale " << report_.scale << std::endl;
}

outcome campaign::try_scenario(scenario const& s, watchdog& dog) {
    trial t(s, settings_);
    std::int64_t const end = now_ns() + static_cast<std::int64_t>(settings_.duration * 1e9);
    dog.watch(t);
    do {
        t.next_round();
        try {
            s.run(t);
        } catch (...) {
            t.caught(std::current_exception(), "the scenario");
        }
    } while (now_ns() < end && t.passed());
    dog.rest();
    return t.snapshot();
}

// Runs on the watchdog's thread while the main thread is stuck. The dump takes locks that may be what everybody waits
// for, so it gets a thread of its own and five seconds.
void campaign::give_up(trial& t) {
    std::ostringstream sentence;
    sentence << "no progress for " << settings_.hang_seconds << " s";
    std::cerr << "hocket-stress: " << t.name() << ": " << sentence.str() << "; the tasks are:" << std::endl;

    std::mutex guard;
    std::condition_variable dumped;
    bool done = false;
    std::thread([&] {
        std::ostringstream lines;
        t.dump(lines);
        std::cerr << lines.str() << std::flush;
        std::lock_guard const held(guard);
        done = true;
        dumped.notify_one();
    }).detach();
    std::unique_lock held(guard);
    if (!dumped.wait_for(held, std::chrono::seconds(5), [&] { return done; }))
        std::cerr << "(the dump hangs too)" << std::endl;

    t.hung(sentence.str());
    report_.scenarios.push_back(t.snapshot());
    std::_Exit(static_cast<int>(conclude()));
}

exit_code campaign::conclude() {
    exit_code verdict = report_.verdict();
    std::cout << to_table(report_) << std::flush;
    if (json_ != nullptr) {
        std::string const text = to_json(report_);
        bool const written = std::fwrite(text.data(), 1, text.size(), json_) == text.size();
        bool const closed = std::fclose(std::exchange(json_, nullptr)) == 0;
        if (!written || !closed) {
            std::cerr << "hocket-stress: cannot write all of " << settings_.json << ": " << std::strerror(errno)
                      << '\n';
            verdict = graver(verdict, exit_code::shortage);
        }
    }
    // What an abandoned runtime runs may still use what static destructors would destroy.
    if (stage::abandoned_any()) std::_Exit(static_cast<int>(verdict));
    return verdict;
}

}  // namespace hocket::stress

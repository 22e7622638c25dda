// What the main thread does while the audio thread plays.
#include "session.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <thread>

#include "interruption.hpp"

namespace play {

using namespace std::chrono_literals;
using hocket::audio::wav_player;

session::session(hocket::audio::engine& e, deck& port, std::vector<wav_player*> players, session_options const& options)
    : engine_(e), port_(port), players_(std::move(players)), options_(options) {}

bool session::await_files() {
    port_.move();
    auto const patience = std::chrono::steady_clock::now() + 10s;
    while (!std::all_of(players_.begin(), players_.end(), [](wav_player const* p) { return p->ready(); })) {
        if (interrupted() != 0) return false;
        if (std::chrono::steady_clock::now() > patience)
            throw std::runtime_error("a file that the patch streams was not read within 10 s");
        std::this_thread::sleep_for(1ms);
    }
    return turn(0);
}

bool session::turn(std::uint64_t xruns) {
    port_.move();
    double const rate = options_.sample_rate;
    line_.draw({.seconds = static_cast<double>(port_.recorder().written()) / rate,
                .length = static_cast<double>(options_.frames) / rate,
                .elapsed = elapsed(),
                .underruns = underruns(),
                .xruns = xruns});
    return interrupted() == 0;
}

void session::end() {
    line_.clear();
    port_.close();
    for (wav_player const* const p : players_)
        if (std::string const why = p->failure(); !why.empty()) throw std::runtime_error(why);
}

std::uint64_t session::underruns() const noexcept {
    std::uint64_t sum = port_.underruns();
    for (wav_player const* const p : players_) sum += p->underruns() + p->preroll();
    return sum;
}

double session::elapsed() const noexcept {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
}

}  // namespace play

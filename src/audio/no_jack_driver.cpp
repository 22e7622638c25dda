// The JACK driver of a build without JACK: its constructor says so, and nothing else can be called.
#include <hocket/audio/jack_driver.hpp>
#include <stdexcept>

namespace hocket::inline HOCKET_ABI::audio {

class jack_driver::implementation {};

bool jack_driver::available() noexcept { return false; }

jack_driver::jack_driver(engine&, jack_options const&) {
    throw std::runtime_error("this build of hocket has no JACK: libjack was not there, or not wanted");
}

jack_driver::~jack_driver() = default;
void jack_driver::start() {}
void jack_driver::start(port&) {}
void jack_driver::stop() {}
bool jack_driver::running() const noexcept { return false; }
std::string jack_driver::failure() const { return {}; }
std::string jack_driver::client_name() const { return {}; }
unsigned jack_driver::sample_rate() const noexcept { return 0; }
unsigned jack_driver::block() const noexcept { return 0; }
jack_stats jack_driver::stats() const noexcept { return {}; }

}  // namespace hocket::inline HOCKET_ABI::audio

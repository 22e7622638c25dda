// The PortAudio driver of a build without PortAudio: its constructor says so, and nothing else can be called.
#include <hocket/audio/portaudio_driver.hpp>
#include <stdexcept>

namespace hocket::inline HOCKET_ABI::audio {

class portaudio_driver::implementation {};

bool portaudio_driver::available() noexcept { return false; }

portaudio_driver::portaudio_driver(engine&, portaudio_options const&) {
    throw std::runtime_error("this build of hocket has no PortAudio: libportaudio was not there, or not wanted");
}

portaudio_driver::~portaudio_driver() = default;
void portaudio_driver::start() {}
void portaudio_driver::start(port&) {}
void portaudio_driver::stop() {}
bool portaudio_driver::running() const noexcept { return false; }
std::string portaudio_driver::failure() const { return {}; }
std::string portaudio_driver::device() const { return {}; }
unsigned portaudio_driver::sample_rate() const noexcept { return 0; }
portaudio_stats portaudio_driver::stats() const noexcept { return {}; }

}  // namespace hocket::inline HOCKET_ABI::audio

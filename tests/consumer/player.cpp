// A user of libhocket-audio that plays a module of voice.so, which lies beside this program.
#include <filesystem>
#include <hocket/audio.hpp>

namespace {

struct last : hocket::audio::port {
    void play(std::span<float const* const> outputs, unsigned frames) noexcept override {
        value = outputs[0][frames - 1];
    }
    float value = 0;
};

}  // namespace

int main(int, char** argv) {
    hocket::audio::load_modules(std::filesystem::path(argv[0]).parent_path() / "voice.so");
    hocket::audio::patch p("player");
    p.map_output({p.add("consumer:Hum"), 0}, 0);
    hocket::audio::engine e;
    e.load(p);
    last out;
    hocket::audio::freewheel_driver(e).render(480, out);
    return out.value == 0.25f ? 0 : 1;
}

// A program that breaks one rule, named by its argument, and is expected not to live long.
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <hocket/audio.hpp>
#include <memory>
#include <thread>

namespace audio = hocket::audio;

namespace {

struct host : audio::module {
    std::unique_ptr<audio::async_thread> async = std::make_unique<audio::async_thread>(this);
    std::function<void()> on_update = [] {};
    void update() override { on_update(); }
    void set_samplerate(float) override {}
    void set_param(int, float) override {}
    void set_input(int, float) override {}
    float get_output(int) const override { return 0; }
};

// Uses up whatever stack it is called on.
[[gnu::noinline]] int dive(int volatile* above) {
    int volatile here[256];
    here[0] = *above + 1;
    if (here[0] == 0) return 0;  // never
    int const below = dive(here);
    return below + here[0];
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) return 2;
    audio::engine e;
    audio::patch p("misuse");
    p.add<host>("host");
    e.load(p);
    e.prepare(48000, 64);
    auto& h = e.at<host>(1);
    if (std::strcmp(argv[1], "none") == 0)
        h.async->start([] {});
    else if (std::strcmp(argv[1], "destroy") == 0)
        h.async->start([&h] { h.async.reset(); });
    else if (std::strcmp(argv[1], "quiesce") == 0)
        h.async->start([&h] { h.async->quiesce(); });
    else if (std::strcmp(argv[1], "pause") == 0)
        h.async->start([&e] { e.pause(); });
    else if (std::strcmp(argv[1], "unload") == 0)
        h.async->start([&e] { e.unload(); });
    else if (std::strcmp(argv[1], "overflow") == 0)
        h.async->start([] {
            int volatile bottom = 0;
            dive(&bottom);
        });
    else if (std::strcmp(argv[1], "update") == 0) {
        h.on_update = [&e] { e.pause(); };
        e.process({}, {}, 1);
    } else
        return 2;
    bool const good = std::strcmp(argv[1], "none") == 0;
    std::this_thread::sleep_for(good ? std::chrono::milliseconds(200) : std::chrono::seconds(20));
    std::puts("still alive");
    return 0;
}

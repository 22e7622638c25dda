// Tool 6, RealtimeSanitizer: this program and the sources of the audio side, compiled with -fsanitize=realtime, which
// ends the program at the first unfit call below a function that is HOCKET_NONBLOCKING.
//
// rtsan WAV          everything that the audio side does; ends with 0. WAV is a file to be made
// rtsan WAV WRONG    a module's update(), or an action's capture, does that: the sanitizer must end it
// rtsan WAV list     the wrongs, each with the function in which it is to be seen
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <hocket/audio.hpp>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace audio = hocket::audio;
using namespace std::chrono_literals;

namespace {

void* volatile kept = std::malloc(8);
pthread_mutex_t somebody = PTHREAD_MUTEX_INITIALIZER;
std::mutex of_cpp;
pthread_cond_t anybody = PTHREAD_COND_INITIALIZER;

// What must be seen, and as which function.
struct wrong {
    char const* name;
    char const* function;
    void (*what)();
};
constexpr wrong wrongs[] = {
    {"malloc", "malloc", [] { kept = std::malloc(16); }},
    {"calloc", "calloc", [] { kept = std::calloc(2, 16); }},
    {"realloc", "realloc", [] { kept = std::realloc(kept, 16); }},
    {"free", "free", [] { std::free(kept); }},
    {"new", "malloc", [] { kept = new int(1); }},
    {"lock", "pthread_mutex_lock", [] { pthread_mutex_lock(&somebody); }},
    {"lock_guard", "pthread_mutex_lock", [] { std::lock_guard const held(of_cpp); }},
    {"signal", "pthread_cond_signal", [] { pthread_cond_signal(&anybody); }},
    {"sleep", "nanosleep", [] { std::this_thread::sleep_for(1us); }},
    {"open", "open", [] { static_cast<void>(open("/dev/null", O_RDONLY)); }},
    {"write", "write", [] { static_cast<void>(!write(1, "", 0)); }},
    {"mmap", "mmap", [] { kept = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); }},
    {"thread", "pthread_create",
     [] {
         pthread_t started;
         pthread_create(
             &started, nullptr, [](void* p) { return p; }, nullptr);
     }},
};

struct tested : audio::module {
    void update() override {
        if (void (*const what)() = told) what();
        ++samples;
        if (samples % 640 == 1) async.start([this] { ++calls; });
        if (samples % 64 == 0) async.run_once();
        if (samples % 640 == 320 && async.is_enabled()) async.stop();
    }
    void set_samplerate(float) override {}
    void set_param(int, float) override {}
    void set_input(int, float) override {}
    float get_output(int) const override { return 0; }

    static inline void (*told)() = nullptr;
    long samples = 0;
    std::atomic<long> calls{0};
    audio::async_thread async{this};
};

void use(audio::async_thread& async, audio::spsc_ring<float>& ring) noexcept HOCKET_NONBLOCKING {
    std::array<float, 8> some{};
    for (int i = 0; i < 100; ++i) {
        async.start([] {});
        async.run_once();
        static_cast<void>(async.is_enabled());
        static_cast<void>(async.calls() + async.failures());
        async.stop();
        if (ring.write(some)) static_cast<void>(ring.read(some));
    }
}

void call(audio::module& m) noexcept HOCKET_NONBLOCKING {
    audio::module_shape const shape = m.shape();
    for (int jack = 0; jack < shape.inputs; ++jack) m.set_input(jack, 0.25f);
    for (int param = 0; param < shape.params; ++param) m.set_param(param, m.get_param(param));
    m.mark_all_inputs_unpatched();
    m.mark_all_outputs_unpatched();
    for (int jack = 0; jack < shape.inputs; ++jack) {
        m.mark_input_patched(jack);
        m.mark_input_unpatched(jack);
    }
    for (int jack = 0; jack < shape.outputs; ++jack) {
        m.mark_output_patched(jack);
        m.mark_output_unpatched(jack);
    }
}

// A patch of every registered module; the last is a `tested`.
unsigned load(audio::engine& e, std::string const& wav) {
    audio::patch p("rtsan");
    unsigned const source = p.add("hocket:Oscillator");
    for (std::string const& slug : audio::registered_modules()) {
        unsigned const number = p.add(slug);
        if (slug == "hocket:WavPlayer") p.set_state(number, wav);
        audio::module_shape const shape = audio::find_module(slug)()->shape();
        for (int jack = 0; jack < shape.inputs; ++jack) p.connect({source, 0}, {number, jack});
        for (int jack = 0; jack < shape.outputs; ++jack) p.map_output({number, jack}, 0);
    }
    unsigned const last = p.add<tested>("tested");
    e.load(p);
    e.prepare(48000, 64);
    return last;
}

void play(audio::engine& e) {
    std::array<float, 64> samples{};
    float* const row = samples.data();
    e.process({}, {&row, 1}, 64);
}

int run(std::string const& wav) {
    audio::engine e;
    unsigned const last = load(e, wav);
    auto& t = e.at<tested>(last);
    for (long i = 0; i < 20'000 && (i < 2'000 || t.calls < 10); ++i) {
        play(e);
        if (i % 100 == 0) std::this_thread::sleep_for(1ms);
    }
    if (t.calls < 10) {
        std::puts("the AsyncThread was never called");
        return 1;
    }
    audio::spsc_ring<float> ring(64);
    use(t.async, ring);
    e.pause();
    play(e);
    use(t.async, ring);
    for (unsigned number = 1; number <= last; ++number) call(e.at(number));
    e.resume();
    {
        struct : audio::port {
            void play(std::span<float const* const>, unsigned) noexcept override {}
        } port;
        audio::timer_driver driver(e, {.priority = 0});
        driver.start(port, 64 * 100);
        driver.wait();
        if (driver.stats().blocks != 100) return 1;
    }
    std::puts("clean");
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2) return 2;
    std::string const wav = argv[1];
    {
        audio::wav_writer w(wav, {});
        w.write(std::vector<float>(100'000, 0.5f));
        w.close();
    }
    if (argc == 2) return run(wav);
    std::string const name = argv[2];
    if (name == "list") {
        for (wrong const& w : wrongs) std::printf("%s %s\n", w.name, w.function);
        std::puts("capture free");
        return 0;
    }
    audio::engine e;
    auto& t = e.at<tested>(load(e, wav));
    if (name == "capture") {
        // The fourth replaces one of the first three, whose capture it destroys: the last of its shared_ptr.
        e.pause();
        for (int i = 0; i < 8; ++i) t.async.start([p = std::make_shared<int>(i)] { static_cast<void>(p); });
    }
    for (wrong const& w : wrongs)
        if (name == w.name) tested::told = w.what;
    play(e);
    std::puts("nothing was seen");
    return 0;
}

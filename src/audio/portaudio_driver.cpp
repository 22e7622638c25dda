// PortAudio's callback, and PortAudio's process-wide state.
//
// Threads: PortAudio's own thread runs play(); control starts and stops. All calls go through one mutex, for PortAudio
// has none; but Pa_IsStreamActive(), which reads a flag.
// States: stopped <-> running; then gone, for good: the stream has become inactive although play() never asks for that.
// Nothing tells of it, so who asks looks.
// A stream of PortAudio's JACK whose server has ended is abandoned, with PortAudio's initialisation: stopping and
// closing it, and Pa_Terminate(), wait ten minutes for a process thread that has ended. Should it still be in the last
// block, the gate waits for that; the gate itself is left to PortAudio.
// Memory order: also_ and the vectors are written before the gate is opened, and read by the callback after it has come
// in; what it has written is seen by who has closed the gate.
#include <portaudio.h>
#include <pthread.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <hocket/audio/portaudio_driver.hpp>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "audio/callback_gate.hpp"
#include "audio/channel_buffers.hpp"
#include "audio/without_sigpipe.hpp"

namespace hocket::inline HOCKET_ABI::audio {

static std::mutex one_at_a_time;

static std::int64_t now_ns() noexcept {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

// What PortAudio's callback is given.
struct entrance {
    detail::callback_gate gate;
    void* driver;
    unsigned outputs;  // of the device
};

class portaudio_driver::implementation {
public:
    implementation(engine& e, portaudio_options const& options);
    implementation(implementation const&) = delete;
    ~implementation();

    void start(port* also);
    void stop();
    bool gone() const noexcept { return running_.load(std::memory_order_relaxed) && Pa_IsStreamActive(stream_) != 1; }

    engine& engine_;
    std::atomic<bool> running_{false};  // by us; the device may be gone
    std::string device_;
    double sample_rate_ = 0;
    std::atomic<std::uint64_t> blocks_{0};
    std::atomic<std::uint64_t> late_{0};
    std::atomic<std::uint64_t> xruns_{0};
    std::atomic<std::int64_t> worst_ns_{0};
    std::atomic<bool> realtime_{false};

private:
    void open(portaudio_options const& options);
    void close() noexcept;
    void play(float const* const* in, float* const* out, unsigned frames, PaStreamCallbackTimeInfo const& times,
              PaStreamCallbackFlags flags) noexcept;

    unsigned const block_;
    std::unique_ptr<entrance> entrance_;
    PaStream* stream_ = nullptr;
    bool jack_ = false;
    detail::channel_buffers rest_;  // of outputs that the device has not

    // The callback's.
    bool first_ = true;
    port* also_ = nullptr;
    unsigned device_inputs_ = 0;
    std::vector<float*> out_;
};

namespace {

[[noreturn]] void fail(std::string const& what, PaError error) {
    throw std::runtime_error(what + ": " + Pa_GetErrorText(error));
}

// The index of the host API of that name, or the default.
PaHostApiIndex find_host_api(std::string const& name) {
    if (name.empty()) return Pa_GetDefaultHostApi();
    std::string here;
    for (PaHostApiIndex i = 0; i < Pa_GetHostApiCount(); ++i) {
        if (name == Pa_GetHostApiInfo(i)->name) return i;
        here += (here.empty() ? "" : ", ") + std::string(Pa_GetHostApiInfo(i)->name);
    }
    throw std::runtime_error("PortAudio has no '" + name + "' here; it has " + (here.empty() ? "nothing" : here));
}

// The device of that name, or the host API's default for the direction.
PaDeviceIndex find_device(PaHostApiIndex api, std::string const& name, bool input) {
    PaHostApiInfo const& info = *Pa_GetHostApiInfo(api);
    if (name.empty()) return input ? info.defaultInputDevice : info.defaultOutputDevice;
    std::string here;
    for (int i = 0; i < info.deviceCount; ++i) {
        PaDeviceIndex const device = Pa_HostApiDeviceIndexToDeviceIndex(api, i);
        if (name == Pa_GetDeviceInfo(device)->name) return device;
        here += (here.empty() ? "" : ", ") + std::string(Pa_GetDeviceInfo(device)->name);
    }
    throw std::runtime_error("PortAudio's " + std::string(info.name) + " has no device '" + name + "'; it has " +
                             (here.empty() ? "none" : here));
}

}  // namespace

portaudio_driver::implementation::implementation(engine& e, portaudio_options const& options)
    : engine_(e),
      block_(options.block),
      entrance_(new entrance{{}, this, 0}),
      rest_(e.panel_outputs(), options.block),
      out_(e.panel_outputs()) {
    if (e.panel_inputs() == 0 && e.panel_outputs() == 0)
        throw std::invalid_argument("portaudio_driver: the panel has neither inputs nor outputs");
    std::lock_guard const held(one_at_a_time);
    detail::without_sigpipe const signals;
    if (PaError const error = Pa_Initialize(); error != paNoError) fail("PortAudio does not start", error);
    try {
        open(options);
        engine_.prepare(static_cast<unsigned>(sample_rate_), block_, tick_source::wall_clock);
    } catch (...) {
        close();
        throw;
    }
}

portaudio_driver::implementation::~implementation() {
    stop();
    {
        std::lock_guard const held(one_at_a_time);
        detail::without_sigpipe const signals;
        entrance_->gate.close();
        if (gone() && jack_)
            static_cast<void>(entrance_.release());
        else
            close();
    }
    engine_.release();
}

// Under the mutex.
void portaudio_driver::implementation::open(portaudio_options const& options) {
    PaHostApiIndex const api = find_host_api(options.host_api);
    if (api < 0) throw std::runtime_error("PortAudio finds no sound system here");
    jack_ = Pa_GetHostApiInfo(api)->type == paJACK;

    // Channels of a direction: those of the panel that the device has.
    auto const direction = [&](bool input, unsigned wanted, PaStreamParameters& p) -> unsigned {
        PaDeviceIndex const device = wanted == 0 ? paNoDevice : find_device(api, options.device, input);
        if (device == paNoDevice) return 0;
        PaDeviceInfo const& info = *Pa_GetDeviceInfo(device);
        int const has = input ? info.maxInputChannels : info.maxOutputChannels;
        int const channels = std::min(static_cast<int>(wanted), has);
        if (channels <= 0) return 0;
        p = {device, channels, paFloat32 | paNonInterleaved,
             input ? info.defaultLowInputLatency : info.defaultLowOutputLatency, nullptr};
        device_ = std::string(Pa_GetHostApiInfo(api)->name) + ": " + info.name;
        if (sample_rate_ == 0) sample_rate_ = options.sample_rate != 0 ? options.sample_rate : info.defaultSampleRate;
        return static_cast<unsigned>(channels);
    };
    PaStreamParameters in{}, out{};
    device_inputs_ = direction(true, engine_.panel_inputs(), in);
    entrance_->outputs = direction(false, engine_.panel_outputs(), out);
    if (device_inputs_ == 0 && entrance_->outputs == 0)
        throw std::runtime_error("PortAudio's " + std::string(Pa_GetHostApiInfo(api)->name) +
                                 " has no device for this panel");

    auto const callback = [](void const* input, void* output, unsigned long frames,
                             PaStreamCallbackTimeInfo const* times, PaStreamCallbackFlags flags, void* self) -> int {
        auto& e = *static_cast<entrance*>(self);
        auto* const out = static_cast<float* const*>(output);
        if (e.gate.enter())
            static_cast<implementation*>(e.driver)->play(static_cast<float const* const*>(input), out,
                                                         static_cast<unsigned>(frames), *times, flags);
        else
            for (unsigned i = 0; i < e.outputs; ++i) std::fill_n(out[i], frames, 0.0f);
        e.gate.leave();
        return paContinue;
    };
    PaError const error =
        Pa_OpenStream(&stream_, device_inputs_ != 0 ? &in : nullptr, entrance_->outputs != 0 ? &out : nullptr,
                      sample_rate_, block_, paClipOff | paDitherOff, callback, entrance_.get());
    if (error != paNoError) {
        stream_ = nullptr;
        fail(
            "PortAudio cannot open '" + device_ + "' at " + std::to_string(static_cast<unsigned>(sample_rate_)) + " Hz",
            error);
    }
}

// Under the mutex.
void portaudio_driver::implementation::close() noexcept {
    if (stream_ != nullptr) Pa_CloseStream(stream_);
    Pa_Terminate();
}

void portaudio_driver::implementation::start(port* also) {
    std::lock_guard const held(one_at_a_time);
    detail::without_sigpipe const signals;
    if (gone()) throw std::runtime_error("'" + device_ + "' has gone");
    if (running_.load(std::memory_order_relaxed)) throw std::logic_error("portaudio_driver::start: it is running");
    also_ = also;
    first_ = true;
    entrance_->gate.open();
    PaError const error = Pa_StartStream(stream_);
    if (error != paNoError) {
        entrance_->gate.close();
        fail("PortAudio does not start '" + device_ + "'", error);
    }
    running_.store(true, std::memory_order_relaxed);
}

void portaudio_driver::implementation::stop() {
    std::lock_guard const held(one_at_a_time);
    detail::without_sigpipe const signals;
    if (!running_.load(std::memory_order_relaxed) || gone()) return;
    Pa_StopStream(stream_);
    entrance_->gate.close();
    running_.store(false, std::memory_order_relaxed);
}

void portaudio_driver::implementation::play(float const* const* in, float* const* out, unsigned frames,
                                            PaStreamCallbackTimeInfo const& times,
                                            PaStreamCallbackFlags flags) noexcept {
    std::int64_t const begin = now_ns();
    if (first_) {
        first_ = false;
        int policy = 0;
        sched_param ignored{};
        bool const told = pthread_getschedparam(pthread_self(), &policy, &ignored) == 0;
        bool const realtime = told && (policy == SCHED_FIFO || policy == SCHED_RR);
        realtime_.store(realtime, std::memory_order_relaxed);
        engine_.set_audio_class(realtime ? audio_class::realtime : audio_class::ordinary);
    }
    if ((flags & (paInputUnderflow | paInputOverflow | paOutputUnderflow | paOutputOverflow)) != 0) {
        xruns_.fetch_add(1, std::memory_order_relaxed);
        engine_.report_xrun();
    }
    std::copy_n(rest_.write().begin(), out_.size(), out_.begin());
    if (out != nullptr) std::copy_n(out, entrance_->outputs, out_.begin());
    engine_.process({in, in != nullptr ? device_inputs_ : 0}, out_, frames);
    if (also_ != nullptr) also_->play({out_.data(), out_.size()}, frames);

    std::int64_t const took = now_ns() - begin;
    double const until_heard = times.outputBufferDacTime - times.currentTime;
    double const may_take = until_heard > 0 ? until_heard : frames / sample_rate_;
    if (static_cast<double>(took) > may_take * 1e9) late_.fetch_add(1, std::memory_order_relaxed);
    if (took > worst_ns_.load(std::memory_order_relaxed)) worst_ns_.store(took, std::memory_order_relaxed);
    blocks_.fetch_add(1, std::memory_order_relaxed);
}

bool portaudio_driver::available() noexcept { return true; }

portaudio_driver::portaudio_driver(engine& e, portaudio_options const& options)
    : self_(std::make_unique<implementation>(e, options)) {}

portaudio_driver::~portaudio_driver() = default;

void portaudio_driver::start() { self_->start(nullptr); }
void portaudio_driver::start(port& also) { self_->start(&also); }
void portaudio_driver::stop() { self_->stop(); }

bool portaudio_driver::running() const noexcept {
    return self_->running_.load(std::memory_order_relaxed) && !self_->gone();
}

std::string portaudio_driver::failure() const {
    return self_->gone() ? "'" + self_->device_ + "' has gone" : std::string();
}

std::string portaudio_driver::device() const { return self_->device_; }
unsigned portaudio_driver::sample_rate() const noexcept { return static_cast<unsigned>(self_->sample_rate_); }

portaudio_stats portaudio_driver::stats() const noexcept {
    return {.blocks = self_->blocks_.load(std::memory_order_relaxed),
            .late = self_->late_.load(std::memory_order_relaxed),
            .xruns = self_->xruns_.load(std::memory_order_relaxed),
            .worst_ns = self_->worst_ns_.load(std::memory_order_relaxed),
            .realtime = self_->realtime_.load(std::memory_order_relaxed)};
}

}  // namespace hocket::inline HOCKET_ABI::audio

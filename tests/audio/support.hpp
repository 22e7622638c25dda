// What the audio tests share: waiting with a limit, temporary folders, WAVs, modules and ports to look through.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <hocket/audio.hpp>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace support {

namespace audio = hocket::audio;
using namespace std::chrono_literals;

// Waits until ready(); false after ten seconds.
inline bool eventually(std::function<bool()> const& ready) {
    auto const limit = std::chrono::steady_clock::now() + 10s;
    while (!ready()) {
        if (std::chrono::steady_clock::now() > limit) return false;
        std::this_thread::sleep_for(200us);
    }
    return true;
}

inline std::shared_ptr<audio::runner_pool> make_pool(
    unsigned max_concurrent = 2, hocket::context_backend context = hocket::context_backend::automatic) {
    return std::make_shared<audio::runner_pool>(
        audio::runner_pool_options{.max_concurrent = max_concurrent, .context = context});
}

// A folder that is gone with the object.
class folder {
public:
    folder();
    folder(folder const&) = delete;
    ~folder();
    std::string operator/(std::string const& name) const { return (path_ / name).string(); }

private:
    std::filesystem::path path_;
};

// Noise that every run makes the same, each value exact in 16 bits.
std::vector<float> noise(std::size_t count, std::uint32_t seed = 1);

// Writes interleaved samples to a WAV.
void write_wav(std::string const& path, std::vector<float> const& interleaved, audio::wav_format const& format);
// All of a WAV, interleaved.
std::vector<float> read_wav(std::string const& path);
std::vector<char> bytes_of(std::string const& path);

// Keeps everything that is played, interleaved.
class capture final : public audio::port {
public:
    void play(std::span<float const* const> outputs, unsigned frames) noexcept override;
    std::vector<float> samples;
};

// Feeds an engine's inputs from `in`, one row for each, zeros when that has ended; keeps what comes out in rows.
class tape final : public audio::port {
public:
    explicit tape(std::vector<std::vector<float>> inputs) : in(std::move(inputs)) {}
    void capture(std::span<float* const> inputs, unsigned frames) noexcept override;
    void play(std::span<float const* const> outputs, unsigned frames) noexcept override;
    std::vector<std::vector<float>> in, out;

private:
    std::size_t at_ = 0;
};

// As many samples of `value` between `begin` and `end` of `count`, zeros around them: a gate.
std::vector<float> pulse(std::size_t count, std::size_t begin, std::size_t end, float value = 1);

// Renders in audio time and returns what came out, interleaved.
std::vector<float> render(audio::engine& e, std::uint64_t frames, audio::freewheel_options const& how = {});

// A module that does nothing; tests override what they look at.
class quiet : public audio::module {
public:
    void update() override {}
    void set_samplerate(float) override {}
    void set_param(int, float) override {}
    void set_input(int, float) override {}
    float get_output(int) const override { return 0; }
};

// Adds a module that `make` builds, and hands out the instance of the last load.
template <class M>
unsigned add(audio::patch& p, std::string name, std::function<std::unique_ptr<M>()> make) {
    return p.add(std::move(name), audio::module_factory([make = std::move(make)] { return make(); }));
}

// An engine in real time without a driver: its actions run, update() does not.
class rig {
public:
    explicit rig(std::shared_ptr<audio::runner_pool> pool = make_pool()) : engine({.runners = std::move(pool)}) {}
    void load(audio::patch const& p) {
        engine.load(p);
        engine.prepare(48000, 64);
    }
    audio::engine engine;
};

// A thread that calls process() with the same 64 frames again and again, as fast as it can, while it lives.
class spinner {
public:
    spinner(audio::engine& e, std::vector<std::vector<float>> inputs)
        : in_(std::move(inputs)), out_(e.panel_outputs(), std::vector<float>(64)), thread_([this, &e] { spin(e); }) {}
    spinner(spinner const&) = delete;
    ~spinner() { stop(); }
    // Stops, and returns what came out of output 0, its first million.
    std::vector<float> const& heard() {
        stop();
        return heard_;
    }

private:
    void spin(audio::engine& e);
    void stop() {
        done_ = true;
        if (thread_.joinable()) thread_.join();
    }

    std::vector<std::vector<float>> const in_;
    std::vector<std::vector<float>> out_;
    std::vector<float> heard_;
    std::atomic<bool> done_{false};
    std::thread thread_;
};

// The log lines of the audio library while it lives.
class log_capture {
public:
    log_capture();
    log_capture(log_capture const&) = delete;
    ~log_capture();
    std::string text() const;

private:
    struct implementation;
    std::unique_ptr<implementation> self_;
};

// A program while it runs. Its standard input is empty.
class running_program {
public:
    // With `terminal` its standard error is a terminal. Throws std::runtime_error when it cannot be started.
    explicit running_program(std::vector<std::string> const& command, bool terminal = false);
    running_program(running_program const&) = delete;
    ~running_program();  // kills it, if it has not ended

    void signal(int number);
    bool ended() const;
    // Reads all it says until it ends; its status as waitpid() gives it. Kills it after a minute.
    int finish();

    std::string output;    // stdout, and stderr if that is no terminal
    std::string terminal;  // what it wrote to the terminal

private:
    int child_ = -1;
    int output_end_ = -1;
    int terminal_end_ = -1;
};

// Runs a program and returns what it wrote to stdout and stderr; `status` as waitpid() gives it. Kills it after a
// minute.
std::string run_program(std::vector<std::string> const& command, int& status);

}  // namespace support

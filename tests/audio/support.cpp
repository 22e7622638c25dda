// Folders, WAVs, ports, logs and programs for the tests.
#include "support.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <mutex>
#include <sstream>
#include <stdexcept>

extern char** environ;

namespace support {

folder::folder() {
    std::string name = (std::filesystem::temp_directory_path() / "hocket-audio-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    path_ = name;
}

folder::~folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

std::vector<float> noise(std::size_t count, std::uint32_t seed) {
    std::vector<float> result(count);
    for (float& x : result) {
        seed = seed * 1664525 + 1013904223;
        x = static_cast<float>(static_cast<std::int16_t>(seed >> 16)) / 32768.0f;
    }
    return result;
}

void write_wav(std::string const& path, std::vector<float> const& interleaved, audio::wav_format const& format) {
    audio::wav_writer w(path, format);
    w.write(interleaved);
    w.close();
}

std::vector<float> read_wav(std::string const& path) {
    audio::wav_reader r(path);
    std::vector<float> result(r.frames() * r.format().channels);
    r.read(result);
    return result;
}

std::vector<char> bytes_of(std::string const& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

void capture::play(std::span<float const* const> outputs, unsigned frames) noexcept {
    for (unsigned i = 0; i < frames; ++i)
        for (float const* const channel : outputs) samples.push_back(channel[i]);
}

std::vector<float> render(audio::engine& e, std::uint64_t frames, audio::freewheel_options const& how) {
    audio::freewheel_driver driver(e, how);
    capture port;
    driver.render(frames, port);
    return port.samples;
}

struct log_capture::implementation {
    std::ostringstream text;
    std::shared_ptr<spdlog::sinks::ostream_sink_mt> sink;
    std::shared_ptr<spdlog::logger> before = spdlog::default_logger();
};

log_capture::log_capture() : self_(std::make_unique<implementation>()) {
    self_->sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(self_->text, true);
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("", self_->sink));
}

log_capture::~log_capture() { spdlog::set_default_logger(self_->before); }

std::string log_capture::text() const { return self_->text.str(); }

std::string run_program(std::vector<std::string> const& command, int& status) {
    int pipe_ends[2];
    if (pipe2(pipe_ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    std::vector<char*> arguments;
    for (std::string const& a : command) arguments.push_back(const_cast<char*>(a.c_str()));
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, pipe_ends[1], 1);
    posix_spawn_file_actions_adddup2(&files, pipe_ends[1], 2);
    pid_t child = 0;
    int const error = posix_spawn(&child, arguments[0], &files, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&files);
    close(pipe_ends[1]);
    if (error != 0) {
        close(pipe_ends[0]);
        throw std::runtime_error("cannot run " + command[0]);
    }
    std::string output;
    auto const limit = std::chrono::steady_clock::now() + 60s;
    for (;;) {
        pollfd wait{pipe_ends[0], POLLIN, 0};
        char buffer[4096];
        if (poll(&wait, 1, 1000) > 0) {
            ssize_t const n = read(pipe_ends[0], buffer, sizeof buffer);
            if (n <= 0) break;
            output.append(buffer, static_cast<std::size_t>(n));
        } else if (std::chrono::steady_clock::now() > limit) {
            kill(child, SIGKILL);
            output += "[killed after a minute]";
            break;
        }
    }
    close(pipe_ends[0]);
    waitpid(child, &status, 0);
    return output;
}

}  // namespace support

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

#include <algorithm>
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

void tape::capture(std::span<float* const> inputs, unsigned frames) noexcept {
    for (std::size_t c = 0; c < inputs.size(); ++c)
        for (unsigned i = 0; i < frames; ++i)
            inputs[c][i] = c < in.size() && at_ + i < in[c].size() ? in[c][at_ + i] : 0;
    at_ += frames;
}

void tape::play(std::span<float const* const> outputs, unsigned frames) noexcept {
    out.resize(outputs.size());
    for (std::size_t c = 0; c < outputs.size(); ++c) out[c].insert(out[c].end(), outputs[c], outputs[c] + frames);
}

void spinner::spin(audio::engine& e) {
    std::vector<float const*> ins;
    std::vector<float*> outs;
    for (auto const& row : in_) ins.push_back(row.data());
    for (auto& row : out_) outs.push_back(row.data());
    while (!done_) {
        e.process(ins, outs, 64);
        if (!out_.empty() && heard_.size() < 1'000'000) heard_.insert(heard_.end(), out_[0].begin(), out_[0].end());
        std::this_thread::yield();
    }
}

std::vector<float> pulse(std::size_t count, std::size_t begin, std::size_t end, float value) {
    std::vector<float> result(count);
    std::fill(result.begin() + static_cast<std::ptrdiff_t>(begin), result.begin() + static_cast<std::ptrdiff_t>(end),
              value);
    return result;
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

namespace {

// Both ends of a new terminal: what is written to the second can be read from the first.
void open_terminal(int (&ends)[2]) {
    char name[128];
    ends[0] = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (ends[0] < 0 || grantpt(ends[0]) != 0 || unlockpt(ends[0]) != 0 || ptsname_r(ends[0], name, sizeof name) != 0)
        throw std::runtime_error("no terminal");
    ends[1] = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (ends[1] < 0) throw std::runtime_error("no terminal");
}

// False at the end. A terminal ends with an error.
bool read_some(int from, std::string& to) {
    char buffer[4096];
    ssize_t const n = read(from, buffer, sizeof buffer);
    if (n > 0) to.append(buffer, static_cast<std::size_t>(n));
    return n > 0;
}

}  // namespace

running_program::running_program(std::vector<std::string> const& command, bool with_terminal) {
    int pipe_ends[2], terminal_ends[2]{-1, -1};
    if (pipe2(pipe_ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    if (with_terminal) open_terminal(terminal_ends);
    std::vector<char*> arguments;
    for (std::string const& a : command) arguments.push_back(const_cast<char*>(a.c_str()));
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, pipe_ends[1], 1);
    posix_spawn_file_actions_adddup2(&files, with_terminal ? terminal_ends[1] : pipe_ends[1], 2);
    int const error = posix_spawn(&child_, arguments[0], &files, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&files);
    close(pipe_ends[1]);
    if (with_terminal) close(terminal_ends[1]);
    output_end_ = pipe_ends[0];
    terminal_end_ = terminal_ends[0];
    if (error != 0) {
        child_ = -1;
        throw std::runtime_error("cannot run " + command[0]);
    }
}

running_program::~running_program() {
    if (child_ > 0) {
        kill(child_, SIGKILL);
        waitpid(child_, nullptr, 0);
    }
    for (int const end : {output_end_, terminal_end_})
        if (end >= 0) close(end);
}

void running_program::signal(int number) { kill(child_, number); }

bool running_program::ended() const {
    siginfo_t info{};
    return waitid(P_PID, static_cast<id_t>(child_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == child_;
}

int running_program::finish() {
    auto const limit = std::chrono::steady_clock::now() + 60s;
    pollfd waits[2]{{output_end_, POLLIN, 0}, {terminal_end_, POLLIN, 0}};  // poll passes over negative ones
    while (waits[0].fd >= 0 || waits[1].fd >= 0) {
        if (poll(waits, 2, 1000) > 0) {
            if (waits[0].revents != 0 && !read_some(waits[0].fd, output)) waits[0].fd = -1;
            if (waits[1].revents != 0 && !read_some(waits[1].fd, terminal)) waits[1].fd = -1;
        }
        if (std::chrono::steady_clock::now() > limit) {
            kill(child_, SIGKILL);
            output += "[killed after a minute]";
            break;
        }
    }
    int status = 0;
    waitpid(child_, &status, 0);
    child_ = -1;
    return status;
}

std::string run_program(std::vector<std::string> const& command, int& status) {
    running_program program(command);
    status = program.finish();
    return program.output;
}

}  // namespace support

// jackd as a child, and its leavings.
#include "jack_support.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>

extern char** environ;

namespace support {

namespace {

std::string next_name() {
    static std::atomic<unsigned> count{0};
    return "hocket-test-" + std::to_string(getpid()) + "-" + std::to_string(++count);
}

}  // namespace

jack_server::jack_server(jack_server_options const& options) : name_(next_name()) {
    if (run(options, true) || run(options, false)) return;
    std::ifstream log(folder_ / "log");
    throw std::runtime_error("jackd does not serve: " + std::string{std::istreambuf_iterator<char>(log), {}});
}

jack_server::~jack_server() {
    if (killed_) run({}, true);
    end(SIGTERM);
    if (!killed_) return;
    // Its clients' semaphores.
    std::error_code ignored;
    for (auto const& entry : std::filesystem::directory_iterator("/dev/shm", ignored))
        if (entry.path().filename().string().find("_" + name_ + "_") != std::string::npos)
            std::filesystem::remove(entry.path(), ignored);
}

// Whether it serves; if not, it has ended.
bool jack_server::run(jack_server_options const& options, bool realtime) {
    std::string const block = std::to_string(options.block);
    // setpriv: it ends with this process.
    std::vector<std::string> words{"setpriv", "--pdeathsig", "TERM", "jackd", "-n", name_, "-p", "64"};
    if (options.synchronous) words.push_back("-S");
    for (char const* const w : {realtime ? "-R" : "-r", "-d", "dummy", "-r", "48000", "-p", block.c_str()})
        words.push_back(w);
    std::vector<char*> arguments;
    for (std::string& w : words) arguments.push_back(w.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 1, (folder_ / "log").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    posix_spawn_file_actions_adddup2(&files, 1, 2);
    int const error = posix_spawnp(&process_, arguments[0], &files, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&files);
    if (error != 0) throw std::runtime_error("setpriv, which starts jackd, cannot be run");
    if (serves()) return true;
    end(SIGTERM);
    return false;
}

// Asks as a client does, until it is let in.
bool jack_server::serves() {
    jack_set_error_function([](char const*) {});
    bool served = false;
    auto const limit = std::chrono::steady_clock::now() + 10s;
    while (!served && waitpid(process_, nullptr, WNOHANG) == 0 && std::chrono::steady_clock::now() < limit) {
        jack_status_t status{};
        jack_client_t* const client = jack_client_open(
            "probe", static_cast<jack_options_t>(JackNoStartServer | JackServerName), &status, name_.c_str());
        served = client != nullptr;
        if (served)
            jack_client_close(client);
        else
            std::this_thread::sleep_for(10ms);
    }
    jack_set_error_function(nullptr);
    return served;
}

void jack_server::kill() {
    end(SIGKILL);
    killed_ = true;
}

void jack_server::end(int signal) {
    if (process_ == 0) return;
    ::kill(process_, signal);
    auto const limit = std::chrono::steady_clock::now() + 10s;
    while (waitpid(process_, nullptr, WNOHANG) == 0) {
        if (std::chrono::steady_clock::now() > limit) ::kill(process_, SIGKILL);
        std::this_thread::sleep_for(1ms);
    }
    process_ = 0;
}

bare_jack::bare_jack(std::string const& name, std::string const& server) : heard_(1 << 22) {
    jack_status_t status{};
    client_ = jack_client_open(name.c_str(), static_cast<jack_options_t>(JackNoStartServer | JackServerName), &status,
                               server.c_str());
    if (client_ == nullptr) throw std::runtime_error("no client of " + server);
    in_ = jack_port_register(client_, "in", JACK_DEFAULT_AUDIO_TYPE, JackPortIsInput, 0);
    out_ = jack_port_register(client_, "out", JACK_DEFAULT_AUDIO_TYPE, JackPortIsOutput, 0);
    jack_set_process_callback(
        client_, [](jack_nframes_t frames, void* self) { return static_cast<bare_jack*>(self)->process(frames); },
        this);
    jack_set_freewheel_callback(
        client_,
        [](int starting, void* self) {
            static_cast<bare_jack*>(self)->keeping_.store(starting != 0, std::memory_order_relaxed);
        },
        this);
    if (jack_activate(client_) != 0) throw std::runtime_error("the client cannot be activated");
}

bare_jack::~bare_jack() { jack_client_close(client_); }

void bare_jack::connect(std::string const& from, std::string const& to) {
    if (jack_connect(client_, from.c_str(), to.c_str()) != 0)
        throw std::runtime_error(from + " cannot be connected to " + to);
}

std::string bare_jack::connections(std::string const& port) const {
    std::string result;
    jack_port_t* const p = jack_port_by_name(client_, port.c_str());
    if (p == nullptr) return "there is no " + port;
    char const** const names = jack_port_get_all_connections(client_, p);
    for (char const** n = names; n != nullptr && *n != nullptr; ++n)
        result += (result.empty() ? "" : " ") + std::string(*n);
    jack_free(names);
    return result;
}

std::vector<float> bare_jack::freewheel(std::size_t frames) {
    count_.store(0, std::memory_order_release);  // pairs with the acquire in process()
    if (jack_set_freewheel(client_, 1) != 0) throw std::runtime_error("the server does not freewheel");
    bool const heard =
        eventually([&] { return count_.load(std::memory_order_acquire) >= frames; });  // the release there
    jack_set_freewheel(client_, 0);
    if (!heard) throw std::runtime_error("the server freewheels, but nothing comes");
    return {heard_.begin(), heard_.begin() + static_cast<std::ptrdiff_t>(frames)};
}

// What other clients do with the same memory is ordered by JACK's semaphores, of which ThreadSanitizer knows nothing.
#if defined(__clang__)
__attribute__((no_sanitize("thread")))
#endif
int bare_jack::process(jack_nframes_t frames) {
    auto const volatile* const in = static_cast<float const*>(jack_port_get_buffer(in_, frames));
    auto* const out = static_cast<float*>(jack_port_get_buffer(out_, frames));
    float peak = peak_.load(std::memory_order_relaxed);
    for (jack_nframes_t i = 0; i < frames; ++i) {
        float const heard = in[i];
        if (heard > peak) peak = heard;
        out[i] = ++sent_;
    }
    peak_.store(peak, std::memory_order_relaxed);
    std::size_t const count = count_.load(std::memory_order_acquire);  // pairs with the release in freewheel()
    if (!keeping_.load(std::memory_order_relaxed) || count + frames > heard_.size()) return 0;
    for (jack_nframes_t i = 0; i < frames; ++i) heard_[count + i] = in[i];
    count_.store(count + frames, std::memory_order_release);  // pairs with the acquire in freewheel()
    return 0;
}

}  // namespace support

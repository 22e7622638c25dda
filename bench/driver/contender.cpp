#include "contender.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <thread>
#include <utility>

extern char** environ;

namespace hocket::bench {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

namespace {

struct pipe_ends {
    int read = -1, write = -1;
    pipe_ends() {
        int ends[2];
        if (::pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
        read = ends[0];
        write = ends[1];
    }
    pipe_ends(pipe_ends const&) = delete;
    pipe_ends& operator=(pipe_ends const&) = delete;
    ~pipe_ends() {
        if (read >= 0) ::close(read);
        if (write >= 0) ::close(write);
    }
};

}  // namespace

contender::contender(std::filesystem::path const& program, std::vector<std::string> const& arguments) {
    ::signal(SIGPIPE, SIG_IGN);  // a side that is gone is an error of write()
    pipe_ends to, from;
    std::vector<char*> argv{const_cast<char*>(program.c_str())};
    for (auto const& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
    argv.push_back(nullptr);

    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, to.read, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&files, from.write, STDOUT_FILENO);
    int const error = posix_spawn(&pid_, program.c_str(), &files, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&files);
    if (error != 0) throw std::system_error(error, std::generic_category(), program.filename().string());
    to_ = std::exchange(to.write, -1);
    from_ = std::exchange(from.read, -1);
}

contender::contender(contender&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), to_(std::exchange(other.to_, -1)), from_(std::exchange(other.from_, -1)) {}

contender::~contender() {
    if (pid_ >= 0) end(false);
}

std::string contender::end(bool kill_it) {
    if (to_ >= 0) ::close(std::exchange(to_, -1));
    if (from_ >= 0) ::close(std::exchange(from_, -1));
    if (kill_it) ::kill(pid_, SIGKILL);
    int status = 0;
    auto const deadline = clock::now() + 5s;
    pid_t ended = 0;
    while ((ended = ::waitpid(pid_, &status, WNOHANG)) == 0 && clock::now() < deadline)
        std::this_thread::sleep_for(1ms);
    if (ended == 0) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, &status, 0);
    }
    pid_ = -1;
    if (WIFSIGNALED(status)) return std::string("died of ") + ::strsignal(WTERMSIG(status));
    return "ended with exit code " + std::to_string(WEXITSTATUS(status));
}

std::string contender::sample(std::chrono::seconds patience) {
    if (pid_ < 0) throw contender_failed("is gone");
    if (::write(to_, "\n", 1) != 1) throw contender_failed(end(false));
    std::string line;
    auto const deadline = clock::now() + patience;
    for (;;) {
        auto const left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock::now()).count();
        pollfd ready{from_, POLLIN, 0};
        if (left <= 0 || ::poll(&ready, 1, static_cast<int>(left)) == 0) {
            end(true);
            throw contender_failed("gave no answer within " + std::to_string(patience.count()) + " s and was killed");
        }
        char bytes[4096];
        ssize_t const n = ::read(from_, bytes, sizeof bytes);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) throw contender_failed(end(false));
        line.append(bytes, static_cast<std::size_t>(n));
        if (line.back() == '\n') return line;
    }
}

}  // namespace hocket::bench

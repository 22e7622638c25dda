// Starting, reading and ending child processes.
#include "child.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <system_error>

namespace stress_test {

std::string stress_path;
std::string breakable_path;

namespace {

using clock = std::chrono::steady_clock;

[[noreturn]] void refuse(char const* what) { throw std::system_error(errno, std::generic_category(), what); }

struct ends {
    int read;
    int write;
};

ends make_pipe() {
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) refuse("pipe2");
    return {fds[0], fds[1]};
}

ends make_terminal() {
    int ours, its;
    if (openpty(&ours, &its, nullptr, nullptr, nullptr) != 0) refuse("openpty");
    fcntl(ours, F_SETFD, FD_CLOEXEC);
    fcntl(its, F_SETFD, FD_CLOEXEC);
    return {ours, its};
}

// Reads what there is; false at the end (which a terminal reports as an error).
bool drain(int fd, std::string& to) {
    std::array<char, 65536> buffer;
    ssize_t const n = read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) return true;
    if (n <= 0) return false;
    to.append(buffer.data(), static_cast<std::size_t>(n));
    return true;
}

}  // namespace

ended run(std::string const& program, std::vector<std::string> const& arguments, double seconds,
          std::vector<std::string> const& environment, errors_to errors) {
    ends const out = make_pipe(), err = errors == errors_to::terminal ? make_terminal() : make_pipe();

    // All that allocates is done before the fork.
    std::vector<char*> argv{const_cast<char*>(program.c_str())};
    for (auto const& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
    argv.push_back(nullptr);
    std::vector<char*> set;
    for (auto const& e : environment) set.push_back(const_cast<char*>(e.c_str()));

    auto const start = clock::now();
    pid_t const child = fork();
    if (child < 0) refuse("fork");
    if (child == 0) {
        int const nothing = open("/dev/null", O_RDONLY);
        dup2(nothing, STDIN_FILENO);
        dup2(out.write, STDOUT_FILENO);
        dup2(err.write, STDERR_FILENO);
        for (char* e : set) putenv(e);
        execv(program.c_str(), argv.data());
        _exit(127);
    }
    close(out.write);
    close(err.write);

    ended result;
    auto const deadline = start + std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>(seconds));
    std::array<pollfd, 2> open{pollfd{out.read, POLLIN, 0}, pollfd{err.read, POLLIN, 0}};
    while (open[0].fd >= 0 || open[1].fd >= 0) {
        auto const left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock::now()).count();
        if (left <= 0 && !result.timed_out) {
            result.timed_out = true;
            kill(child, SIGKILL);
        }
        if (poll(open.data(), open.size(), result.timed_out ? 1000 : static_cast<int>(left)) < 0 && errno != EINTR)
            refuse("poll");
        if (open[0].revents != 0 && !drain(out.read, result.out)) open[0].fd = -1;
        if (open[1].revents != 0 && !drain(err.read, result.err)) open[1].fd = -1;
    }
    close(out.read);
    close(err.read);

    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) refuse("waitpid");
    if (WIFEXITED(status)) result.code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
    result.seconds = std::chrono::duration<double>(clock::now() - start).count();
    return result;
}

temporary::temporary() : path_((std::filesystem::temp_directory_path() / "hocket-stress-XXXXXX").string()) {
    int const fd = mkstemp(path_.data());
    if (fd < 0) refuse("mkstemp");
    close(fd);
}

temporary::~temporary() { unlink(path_.c_str()); }

std::string temporary::text() const {
    std::ostringstream all;
    all << std::ifstream(path_).rdbuf();
    return all.str();
}

reported run_with_report(std::string const& program, std::vector<std::string> arguments, double seconds) {
    temporary const file;
    arguments.insert(arguments.end(), {"--json", file.path()});
    reported r;
    r.end = run(program, arguments, seconds);
    r.report = nlohmann::json::parse(file.text(), nullptr, false);
    return r;
}

std::vector<std::string> listed_names() {
    std::istringstream lines(run(stress_path, {"list"}).out);
    std::vector<std::string> names;
    for (std::string line; std::getline(lines, line);) names.push_back(line.substr(0, line.find(' ')));
    return names;
}

}  // namespace stress_test

// Runs an exploration in a child and brings its result home.
//
// Protocol: the child writes its progress to a shared page before each schedule, and the result as text to a pipe at
//   the end: four numbers, then message and trace, each preceded by its length. What it did not write, it did not
//   live to say.
#include "seam/explored/isolated.hpp"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <exception>
#include <new>
#include <sstream>
#include <string>
#include <system_error>

namespace hocket::inline HOCKET_ABI::explorer {
namespace {

[[noreturn]] void failed(char const* what) { throw std::system_error(errno, std::generic_category(), what); }

// A progress that parent and child share.
class shared_progress {
public:
    shared_progress() {
        void* const page =
            mmap(nullptr, sizeof(progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (page == MAP_FAILED) failed("hocket: no memory for an isolated exploration");
        told_ = ::new (page) progress;
    }
    shared_progress(shared_progress const&) = delete;
    shared_progress& operator=(shared_progress const&) = delete;
    ~shared_progress() { munmap(told_, sizeof(progress)); }
    progress& operator*() const noexcept { return *told_; }
    progress* operator->() const noexcept { return told_; }

private:
    progress* told_;
};

std::string to_text(explore_result const& r) {
    std::ostringstream out;
    out << r.failed << ' ' << r.seed << ' ' << r.schedules_run << ' ' << r.steps << ' ' << r.digest << ' '
        << r.message.size() << ' ' << r.trace.size() << '\n'
        << r.message << r.trace;
    return out.str();
}

bool from_text(std::string const& text, explore_result& r) {
    std::istringstream in(text);
    std::size_t message = 0;
    std::size_t trace = 0;
    if (!(in >> r.failed >> r.seed >> r.schedules_run >> r.steps >> r.digest >> message >> trace)) return false;
    in.get();
    r.message.resize(message);
    r.trace.resize(trace);
    in.read(r.message.data(), static_cast<std::streamsize>(message));
    in.read(r.trace.data(), static_cast<std::streamsize>(trace));
    return static_cast<bool>(in);
}

[[noreturn]] void be_child(int to, explore_options const& options, std::uint64_t seed,
                           std::function<void()> const& body, progress& told) {
    // What kills it is to be told by the parent, not by a handler that this process inherited.
    for (int const s : {SIGALRM, SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGTERM}) signal(s, SIG_DFL);
    rlimit const no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    if (options.quiet)
        if (int const nowhere = open("/dev/null", O_WRONLY); nowhere >= 0) dup2(nowhere, STDERR_FILENO);
    std::string text;
    try {
        text = to_text(explore_here(options, seed, body, told));
    } catch (std::exception const& e) {
        std::fprintf(stderr, "hocket: an isolated exploration cannot go on: %s\n", e.what());
    }
    for (std::size_t done = 0; done < text.size();) {
        ssize_t const n = write(to, text.data() + done, text.size() - done);
        if (n <= 0) break;
        done += static_cast<std::size_t>(n);
    }
    _exit(0);
}

std::string read_all(int from) {
    std::string text;
    char piece[4096];
    for (;;) {
        ssize_t const n = read(from, piece, sizeof piece);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return text;
        text.append(piece, static_cast<std::size_t>(n));
    }
}

}  // namespace

explore_result explore_in_child(explore_options const& options, std::uint64_t seed, std::function<void()> const& body) {
    shared_progress told;
    int ends[2];
    if (pipe(ends) != 0) failed("hocket: no pipe for an isolated exploration");
    std::fflush(nullptr);
    pid_t const child = fork();
    if (child < 0) failed("hocket: no process for an isolated exploration");
    if (child == 0) {
        close(ends[0]);
        be_child(ends[1], options, seed, body, *told);
    }
    close(ends[1]);
    std::string const text = read_all(ends[0]);
    close(ends[0]);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }

    explore_result result;
    bool const told_all = from_text(text, result);
    bool const ended_well = WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (told_all && (result.failed || ended_well)) return result;
    // It died, or a sanitizer had something to say at its end.
    result.failed = true;
    result.seed = told->seed;
    result.schedules_run = told->schedules_run;
    int const signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    if (signal == SIGALRM)
        result.message = "the schedule hangs: it was ended after " + std::to_string(patience) + " s";
    else if (signal != 0)
        result.message = std::string("the schedule ended the process: ") + strsignal(signal);
    else
        result.message = "the schedule ended the process: exit status " + std::to_string(WEXITSTATUS(status));
    return result;
}

}  // namespace hocket::inline HOCKET_ABI::explorer

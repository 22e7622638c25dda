// Runs a piece of a test in a forked child, for what kills a process or changes it for good.
#pragma once

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <hocket/detail/config.hpp>
#include <string>

#if __has_include(<valgrind/valgrind.h>)
#include <valgrind/valgrind.h>
#else
#define RUNNING_ON_VALGRIND 0
#endif

// A sanitizer's run-time, and valgrind's, keep mappings of their own, which limits on address space kill.
inline bool sanitized() {
#if defined(HOCKET_ASAN) || defined(HOCKET_TSAN)
    return true;
#else
    return RUNNING_ON_VALGRIND != 0;
#endif
}

struct child_end {
    int signal = 0;  // that killed it, or 0
    int code = 0;    // else its exit code
    std::string text;  // what it wrote to stderr
};

// The child ends with exit code 0 when body() returns, 9 when it throws, 10 when it takes longer than 60 s.
template <class F>
child_end in_child(F&& body) {
    int pipe_ends[2];
    if (pipe(pipe_ends) != 0) abort();
    fflush(nullptr);
    pid_t const child = fork();
    if (child < 0) abort();
    if (child == 0) {
        dup2(pipe_ends[1], STDERR_FILENO);
        close(pipe_ends[0]);
        close(pipe_ends[1]);
        rlimit const none{0, 0};
        setrlimit(RLIMIT_CORE, &none);
        for (int const s : {SIGSEGV, SIGBUS, SIGABRT}) signal(s, SIG_DFL);  // neither doctest's nor a sanitizer's
        signal(SIGALRM, [](int) { _exit(10); });
        alarm(60);
        try {
            body();
        } catch (...) {
            _exit(9);
        }
        _exit(0);
    }
    close(pipe_ends[1]);
    child_end end;
    char buffer[4096];
    for (ssize_t n; (n = read(pipe_ends[0], buffer, sizeof buffer)) > 0;)
        end.text.append(buffer, static_cast<std::size_t>(n));
    close(pipe_ends[0]);
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status)) end.signal = WTERMSIG(status);
    if (WIFEXITED(status)) end.code = WEXITSTATUS(status);
    return end;
}

// In a child: leaves unless `holds`, with the exit code 1 and `what` on stderr.
inline void require_in_child(bool holds, char const* what) {
    if (holds) return;
    fprintf(stderr, "%s\n", what);
    fflush(stderr);
    _exit(1);
}

// Bytes of address space that this process has.
inline std::size_t address_space() {
    unsigned long pages = 0;
    if (FILE* const f = fopen("/proc/self/statm", "r")) {
        if (fscanf(f, "%lu", &pages) != 1) pages = 0;
        fclose(f);
    }
    return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

// From now on this process gets at most `bytes` more address space.
inline void limit_address_space(std::size_t bytes) {
    rlimit const limit{address_space() + bytes, address_space() + bytes};
    setrlimit(RLIMIT_AS, &limit);
}

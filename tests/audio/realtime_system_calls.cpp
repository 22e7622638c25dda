// Tool 1, the kernel's Syscall User Dispatch: every system call of a section is seen, and done.
#include <doctest/doctest.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <thread>

#include "watched.hpp"

using namespace support;
using namespace std::chrono_literals;
using hocket::audio::rt_section;

TEST_CASE("the kernel shows system calls here") {
    checking const on;
    CHECK(on.sight.system_calls);
    check_clean([] {});
}

TEST_CASE("a system call is seen, by its number and name, and gives what it gives elsewhere") {
    checking const on;
    pid_t parent = 0;
    check_seen("system call " + std::to_string(SYS_getppid) + " (getppid)", [&] { parent = ::getppid(); });
    CHECK(parent == ::getppid());

    long result = 0;
    check_seen("system call " + std::to_string(SYS_close), [&] { result = ::close(-1); });
    CHECK(result == -1);
    CHECK(errno == EBADF);

    // Six arguments.
    void* memory = nullptr;
    check_seen("system call " + std::to_string(SYS_mmap) + " (mmap)",
               [&] { memory = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); });
    REQUIRE(memory != MAP_FAILED);
    *static_cast<int volatile*>(memory) = 1;
    ::munmap(memory, 4096);
}

TEST_CASE("what the C library does inside is seen: output, sleep, yield") {
    checking const on;
    int pipe_ends[2];
    REQUIRE(::pipe(pipe_ends) == 0);
    std::FILE* const unbuffered = ::fdopen(pipe_ends[1], "w");
    REQUIRE(unbuffered != nullptr);
    std::setvbuf(unbuffered, nullptr, _IONBF, 0);  // as stderr
    check_seen("system call " + std::to_string(SYS_write) + " (write)", [&] { std::fprintf(unbuffered, "abc"); });
    char read_back[4] = {};
    CHECK(::read(pipe_ends[0], read_back, 3) == 3);
    CHECK(std::string(read_back) == "abc");
    std::fclose(unbuffered);
    ::close(pipe_ends[0]);

    check_seen("system call " + std::to_string(SYS_write) + " (write)",
               [] { std::fprintf(stderr, "a line of the real-time tests\n"); });
    check_seen("system call " + std::to_string(SYS_clock_nanosleep), [] { std::this_thread::sleep_for(1us); });
    check_seen("system call " + std::to_string(SYS_sched_yield), [] { std::this_thread::yield(); });
    check_seen("system call " + std::to_string(SYS_futex), [] {
        int word = 0;
        ::syscall(SYS_futex, &word, 1 /* wake */, 1);
    });
}

TEST_CASE("of a section the first system call is told, of two sections both") {
    checking const on;
    CHECK(rt_section::count() == 0);
    {
        rt_section const section;
        static_cast<void>(::getppid());
        static_cast<void>(::getpgrp());
    }
    CHECK(rt_section::count() == 1);
    for (int i = 0; i < 2; ++i) {
        rt_section const section;
        static_cast<void>(::getppid());
    }
    CHECK(rt_section::count() == 3);
    static_cast<void>(::getppid());
    CHECK(rt_section::count() == 3);
}

static int volatile signals = 0;
extern int volatile foreign_sigsys;  // counted by main()'s handler

TEST_CASE("a signal that arrives in a section is handled; its return is a system call") {
    checking const on;
    struct sigaction action {
    }, before{};
    action.sa_handler = [](int) { signals = signals + 1; };
    REQUIRE(::sigaction(SIGUSR1, &action, &before) == 0);
    check_seen("system call", [] { std::raise(SIGUSR1); });
    CHECK(signals == 1);
    ::sigaction(SIGUSR1, &before, nullptr);
}

TEST_CASE("SIGSYS of another origin goes to who had it before") {
    checking const on;
    int const until_now = foreign_sigsys;
    std::raise(SIGSYS);
    CHECK(foreign_sigsys == until_now + 1);
    CHECK(rt_section::count() == 0);
}

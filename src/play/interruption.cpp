// The handler stores a number, which is all that a handler may do on whatever thread it interrupts.
#include "interruption.hpp"

#include <signal.h>

#include <atomic>

namespace play {

static std::atomic<int> asked{0};
static_assert(std::atomic<int>::is_always_lock_free);

static void ask(int signal) { asked.store(signal, std::memory_order_relaxed); }

void heed_signals() noexcept {
    for (int const signal : {SIGINT, SIGTERM}) {
        struct sigaction how {};
        if (sigaction(signal, nullptr, &how) != 0 || how.sa_handler == SIG_IGN) continue;
        how = {};
        how.sa_handler = ask;
        how.sa_flags = SA_RESTART | SA_RESETHAND;
        sigaction(signal, &how, nullptr);
    }
}

int interrupted() noexcept { return asked.load(std::memory_order_relaxed); }

}  // namespace play

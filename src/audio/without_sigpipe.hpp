// Keeps SIGPIPE from everybody for a scope, in which a library may write to a socket whose other end has died; and
// restores the thread's signal mask, which libjack changes for good.
#pragma once

#include <signal.h>
#include <time.h>

#include <cerrno>
#include <hocket/detail/config.hpp>

namespace hocket::inline HOCKET_ABI::audio::detail {

class without_sigpipe {
public:
    // [control]
    without_sigpipe() noexcept {
        sigset_t pending;
        sigemptyset(&pending);
        sigpending(&pending);
        was_pending_ = sigismember(&pending, SIGPIPE) == 1;
        sigemptyset(&pipe_);
        sigaddset(&pipe_, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
    }
    without_sigpipe(without_sigpipe const&) = delete;
    without_sigpipe& operator=(without_sigpipe const&) = delete;
    // Takes the one that the scope raised. [control]
    ~without_sigpipe() {
        timespec const at_once{};
        if (!was_pending_)
            while (sigtimedwait(&pipe_, nullptr, &at_once) == -1 && errno == EINTR) {
            }
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }

private:
    sigset_t pipe_;
    sigset_t before_;
    bool was_pending_;
};

}  // namespace hocket::inline HOCKET_ABI::audio::detail

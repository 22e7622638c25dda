// A client of a JACK server, opened, called and closed so that what libjack keeps one of per process stays whole.
//
// libjack has one server per process. When that has died, the next jack_client_open() deletes the clients that are
// left, under their owners' hands; and its sockets raise SIGPIPE on whichever thread talks to the dead. So all calls
// go through one mutex, with that signal blocked; and who opens a client first closes those whose server has ended,
// for their owners.
// It ends its process thread by an asynchronous pthread_cancel(), which unwinds from whatever instruction that is at,
// and the program ends where that is inside something noexcept. So a gate is closed before: a block that is being
// played is waited for, and from then on a cycle is answered by silence(), in frames that can be unwound anywhere.
// States: open -> closed, under the mutex; while open, idle <-> active. lost() becomes true before or without that, and
// stays.
// Memory order: lost_ is released after the reason is written, and acquired before it is read.
// Rejected: disabling cancellation in the callback. Before glibc 2.37 a signal that is sent when it is enabled acts
// although it is disabled when the signal arrives; that is, in the midst of a block.
#pragma once

#include <jack/jack.h>

#include <array>
#include <atomic>
#include <functional>
#include <hocket/detail/config.hpp>
#include <string>

#include "audio/callback_gate.hpp"

namespace hocket::inline HOCKET_ABI::audio::detail {

struct jack_callbacks {
    void* context;
    // A cycle of so many frames. [audio]
    void (*play)(void* context, unsigned frames) noexcept;
    // The same when it is to be silent; has nothing to unwind, and is not noexcept. [audio]
    void (*silence)(void* context, unsigned frames);
    // The server has ended: once, from a thread of libjack's or from who opens another client. It may do what a signal
    // handler may.
    void (*lost)(void* context) noexcept;
};

class jack_client {
public:
    // Throws std::runtime_error with one sentence when there is no such server or it refuses, std::invalid_argument for
    // a name that is empty or too long. [control]
    jack_client(std::string const& name, std::string const& server, jack_callbacks const& callbacks);
    jack_client(jack_client const&) = delete;
    jack_client& operator=(jack_client const&) = delete;
    // Closes. [control]
    ~jack_client();

    // Calls f with libjack's handle, or with null when that is closed. No other thread talks to libjack meanwhile. Not
    // for callbacks of libjack's. [control]
    void call(std::function<void(jack_client_t*)> const& f);
    // In call(): cycles are played from now on; false when the server will not have it. [control]
    bool activate() noexcept;
    // In call(): no cycle is played any more when it returns. [control]
    void deactivate() noexcept;
    // Leaves the server; no callback runs any more when it returns. [control]
    void close() noexcept;

    // For libjack's callbacks, which close() waits for. [audio]
    jack_client_t* handle() const noexcept { return handle_; }
    // Whether the server has ended. [any thread]
    bool lost() const noexcept;
    // Which, and what libjack says of it; when lost(). [any thread]
    std::string reason() const;
    // For a sentence: "the JACK server 'x'". [any thread]
    std::string const& server() const noexcept { return server_; }

private:
    static int on_process(jack_nframes_t frames, void* self);
    void close_now() noexcept;
    void lose(char const* reason) noexcept;
    static void close_the_lost() noexcept;

    std::string const server_;
    jack_callbacks const callbacks_;
    jack_client_t* handle_ = nullptr;  // written by the constructor only
    bool open_ = false;                // under the mutex
    callback_gate gate_;
    std::atomic<bool> losing_{false};  // who sets it writes the reason
    std::atomic<bool> lost_{false};
    std::array<char, 160> reason_{};
};

}  // namespace hocket::inline HOCKET_ABI::audio::detail

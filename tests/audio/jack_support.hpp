// A real JACK server with the dummy driver, for one test; and bare clients of it, to look at a driver from outside.
//
// A server's name is of this process and this object, so that servers of other tests run beside it. One that was killed
// leaves its memory in /dev/shm, and its entry in JACK's registry, which has eight, to the next server of its name:
// there is one for a moment when the object goes.
#pragma once

#include <jack/jack.h>
#include <sys/types.h>

#include <atomic>
#include <string>
#include <vector>

#include "support.hpp"

namespace support {

struct jack_server_options {
    unsigned block = 64;  // frames, at 48 kHz
    // The server waits for all clients in each cycle, else it goes on without those that are late.
    bool synchronous = false;
};

class jack_server {
public:
    // Starts jackd, with a real-time class where that is permitted, and waits until it serves. Throws
    // std::runtime_error with what jackd said.
    explicit jack_server(jack_server_options const& options = {});
    jack_server(jack_server const&) = delete;
    ~jack_server();

    std::string const& name() const { return name_; }
    // SIGKILL: it cleans up nothing, and tells nobody.
    void kill();

private:
    bool run(jack_server_options const& options, bool realtime);
    bool serves();
    void end(int signal);

    std::string const name_;
    folder folder_;
    pid_t process_ = 0;
    bool killed_ = false;
};

// A client with an input and an output. It sends 1, 2, 3 ..., and keeps what it hears while the server freewheels: then
// no cycle is ever missed.
class bare_jack {
public:
    bare_jack(std::string const& name, std::string const& server);
    bare_jack(bare_jack const&) = delete;
    ~bare_jack();

    jack_client_t* client() const { return client_; }
    void connect(std::string const& from, std::string const& to);
    // The port's connections, in a row.
    std::string connections(std::string const& port) const;
    // The loudest that it has heard, freewheeling or not.
    float peak() const { return peak_.load(std::memory_order_relaxed); }
    // Lets the server freewheel until this has heard `frames` frames, which it returns.
    std::vector<float> freewheel(std::size_t frames);

private:
    int process(jack_nframes_t frames);

    jack_client_t* client_ = nullptr;
    jack_port_t* in_ = nullptr;
    jack_port_t* out_ = nullptr;
    float sent_ = 0;
    std::atomic<float> peak_{0};
    std::vector<float> heard_;
    std::atomic<std::size_t> count_{0};
    std::atomic<bool> keeping_{false};
};

}  // namespace support

// The functions of libjack that the driver calls.
#include "scripted_jack.hpp"

// Visible, so that the audio library's calls come here.
#pragma GCC visibility push(default)
#include <jack/jack.h>

#include <array>
#include <cstdarg>
#include <cstdlib>
#include <cstring>
#include <deque>

struct _jack_port {
    std::string name;
    bool input = false;
    std::array<float, 8192> buffer{};
};

struct _jack_client {
    std::string name;
    JackProcessCallback process = nullptr;
    void* process_argument = nullptr;
    JackBufferSizeCallback block = nullptr;
    void* block_argument = nullptr;
    JackSampleRateCallback rate = nullptr;
    void* rate_argument = nullptr;
    JackXRunCallback xrun = nullptr;
    void* xrun_argument = nullptr;
    JackFreewheelCallback freewheel = nullptr;
    void* freewheel_argument = nullptr;
    JackInfoShutdownCallback shutdown = nullptr;
    void* shutdown_argument = nullptr;
    std::deque<_jack_port> ports;
};

namespace scripted {

server jack;

static jack_client_t* client = nullptr;

bool cycle(unsigned frames) {
    if (client == nullptr || !jack.active) return false;
    unsigned input = 0;
    for (auto& p : client->ports) p.buffer.fill(p.input ? 0.25f * static_cast<float>(++input) : 7.0f);
    client->process(frames, client->process_argument);
    jack.at += frames;
    return true;
}

std::vector<float> output(unsigned i, unsigned frames) {
    for (auto const& p : client->ports)
        if (!p.input && i-- == 0) return {p.buffer.begin(), p.buffer.begin() + frames};
    return {};
}

void set_block(unsigned frames) {
    jack.block = frames;
    if (jack.active) client->block(frames, client->block_argument);
}

void set_sample_rate(unsigned rate) {
    jack.sample_rate = rate;
    if (jack.active) client->rate(rate, client->rate_argument);
}

void xrun() { client->xrun(client->xrun_argument); }
void freewheel(bool on) { client->freewheel(on, client->freewheel_argument); }
void die(char const* reason) { client->shutdown(JackServerError, reason, client->shutdown_argument); }

static void say(char const* words) { jack.words += words; }

}  // namespace scripted

using scripted::client;

void (*jack_error_callback)(char const*) = scripted::say;
void (*jack_info_callback)(char const*) = scripted::say;
void jack_set_error_function(void (*f)(char const*)) { jack_error_callback = f; }
void jack_set_info_function(void (*f)(char const*)) { jack_info_callback = f; }

int jack_client_name_size() { return 64; }

jack_client_t* jack_client_open(char const* name, jack_options_t, jack_status_t* status, ...) {
    if (!scripted::jack.running || !scripted::jack.takes_clients) {
        jack_error_callback("no");
        *status =
            static_cast<jack_status_t>(JackFailure | (scripted::jack.running ? JackServerError : JackServerFailed));
        return nullptr;
    }
    ++scripted::jack.opened;
    client = new _jack_client;
    client->name = name;
    return client;
}

int jack_client_close(jack_client_t* c) {
    ++scripted::jack.closed;
    scripted::jack.active = false;
    delete c;
    client = nullptr;
    return 0;
}

char* jack_get_client_name(jack_client_t* c) { return c->name.data(); }
char* jack_get_uuid_for_client_name(jack_client_t*, char const*) { return strdup("1"); }
jack_nframes_t jack_get_buffer_size(jack_client_t*) { return scripted::jack.block; }
jack_nframes_t jack_get_sample_rate(jack_client_t*) { return scripted::jack.sample_rate; }

int jack_activate(jack_client_t*) {
    scripted::jack.active = scripted::jack.activates;
    return scripted::jack.activates ? 0 : -1;
}

int jack_deactivate(jack_client_t*) {
    scripted::jack.active = false;
    return 0;
}

void jack_on_info_shutdown(jack_client_t* c, JackInfoShutdownCallback f, void* argument) {
    c->shutdown = f;
    c->shutdown_argument = argument;
}
int jack_set_process_callback(jack_client_t* c, JackProcessCallback f, void* argument) {
    c->process = f;
    c->process_argument = argument;
    return 0;
}
int jack_set_buffer_size_callback(jack_client_t* c, JackBufferSizeCallback f, void* argument) {
    c->block = f;
    c->block_argument = argument;
    return 0;
}
int jack_set_sample_rate_callback(jack_client_t* c, JackSampleRateCallback f, void* argument) {
    c->rate = f;
    c->rate_argument = argument;
    return 0;
}
int jack_set_xrun_callback(jack_client_t* c, JackXRunCallback f, void* argument) {
    c->xrun = f;
    c->xrun_argument = argument;
    return 0;
}
int jack_set_freewheel_callback(jack_client_t* c, JackFreewheelCallback f, void* argument) {
    c->freewheel = f;
    c->freewheel_argument = argument;
    return 0;
}

jack_port_t* jack_port_register(jack_client_t* c, char const* name, char const*, unsigned long flags, unsigned long) {
    if (c->ports.size() == scripted::jack.rooms) return nullptr;
    c->ports.push_back({.name = c->name + ":" + name, .input = (flags & JackPortIsInput) != 0});
    scripted::jack.ports.push_back(c->ports.back().name);
    return &c->ports.back();
}

char const* jack_port_name(jack_port_t const* port) { return port->name.c_str(); }
void* jack_port_get_buffer(jack_port_t* port, jack_nframes_t) { return port->buffer.data(); }
char const** jack_get_ports(jack_client_t*, char const*, char const*, unsigned long) { return nullptr; }
int jack_connect(jack_client_t*, char const*, char const*) { return -1; }
void jack_free(void* p) { std::free(p); }

jack_nframes_t jack_last_frame_time(jack_client_t const*) { return scripted::jack.at; }
jack_nframes_t jack_frames_since_cycle_start(jack_client_t const*) { return scripted::jack.since; }

jack_time_t jack_get_time() {
    scripted::jack.now_us += scripted::jack.work;
    return static_cast<jack_time_t>(scripted::jack.now_us);
}
#pragma GCC visibility pop

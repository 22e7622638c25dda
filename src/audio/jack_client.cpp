// libjack's process-wide state: its mutex, its signal, its messages.
#include "audio/jack_client.hpp"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <vector>

#include "audio/without_sigpipe.hpp"

namespace hocket::inline HOCKET_ABI::audio::detail {

namespace {

std::mutex one_at_a_time;
std::vector<jack_client*> open_clients;  // under it

// Takes the first that libjack says on this thread meanwhile, for the exception. The rest, and what it says on other
// threads, is lost.
class words {
public:
    words() noexcept : error_(jack_error_callback), info_(jack_info_callback) {
        said.clear();
        speaker.store(std::this_thread::get_id(), std::memory_order_relaxed);
        jack_set_error_function(hear);
        jack_set_info_function([](char const*) {});
    }
    words(words const&) = delete;
    ~words() {
        jack_set_error_function(error_);
        jack_set_info_function(info_);
    }
    static std::string const& heard() { return said; }

private:
    static void hear(char const* sentence) {
        if (speaker.load(std::memory_order_relaxed) == std::this_thread::get_id() && said.empty()) said = sentence;
    }
    static inline std::string said;  // under the mutex
    static inline std::atomic<std::thread::id> speaker{};
    void (*const error_)(char const*);
    void (*const info_)(char const*);
};

std::string quoted_server(std::string const& name) {
    return name.empty() ? std::string("the default JACK server") : "the JACK server '" + name + "'";
}

}  // namespace

jack_client::jack_client(std::string const& name, std::string const& server, jack_callbacks const& callbacks)
    : server_(quoted_server(server)), callbacks_(callbacks) {
    auto const longest = static_cast<std::size_t>(jack_client_name_size()) - 1;
    if (name.empty() || name.size() > longest)
        throw std::invalid_argument("jack_options::client must have 1 to " + std::to_string(longest) + " characters");

    std::lock_guard const held(one_at_a_time);
    without_sigpipe const signals;
    close_the_lost();
    open_clients.reserve(open_clients.size() + 1);
    jack_status_t status{};
    {
        words const taken;
        handle_ = server.empty()
                      ? jack_client_open(name.c_str(), JackNoStartServer, &status)
                      : jack_client_open(name.c_str(), static_cast<jack_options_t>(JackNoStartServer | JackServerName),
                                         &status, server.c_str());
    }
    if (handle_ == nullptr) {
        if ((status & JackServerFailed) != 0) throw std::runtime_error(server_ + " is not running");
        throw std::runtime_error(server_ + " refuses the client '" + name + "': " + words::heard());
    }
    open_ = true;
    open_clients.push_back(this);
    jack_on_info_shutdown(
        handle_, [](jack_status_t, char const* reason, void* self) { static_cast<jack_client*>(self)->lose(reason); },
        this);
    jack_set_process_callback(handle_, on_process, this);
}

jack_client::~jack_client() { close(); }

void jack_client::call(std::function<void(jack_client_t*)> const& f) {
    std::lock_guard const held(one_at_a_time);
    without_sigpipe const signals;
    f(open_ ? handle_ : nullptr);
}

// Not noexcept, and nothing in it has a destructor. A thread that is cancelled in silence() never leaves, and is the
// last.
int jack_client::on_process(jack_nframes_t frames, void* self) {
    auto& c = *static_cast<jack_client*>(self);
    if (c.gate_.enter())
        c.callbacks_.play(c.callbacks_.context, frames);
    else
        c.callbacks_.silence(c.callbacks_.context, frames);
    c.gate_.leave();
    return 0;
}

bool jack_client::activate() noexcept {
    gate_.open();
    if (jack_activate(handle_) == 0) return true;
    // With a server that dies the thread may have been made.
    gate_.close();
    jack_deactivate(handle_);
    return false;
}

void jack_client::deactivate() noexcept {
    gate_.close();
    jack_deactivate(handle_);
}

void jack_client::close() noexcept {
    std::lock_guard const held(one_at_a_time);
    without_sigpipe const signals;
    close_now();
}

// Under the mutex.
void jack_client::close_now() noexcept {
    if (!open_) return;
    open_ = false;
    gate_.close();
    jack_client_close(handle_);
    open_clients.erase(std::find(open_clients.begin(), open_clients.end(), this));
}

// Under the mutex. One server for all of them: when one has lost it all have, whether or not they know.
void jack_client::close_the_lost() noexcept {
    if (open_clients.empty()) return;
    if (std::none_of(open_clients.begin(), open_clients.end(), [](jack_client const* c) { return c->lost(); })) {
        // libjack may know of the end, and not have told: the server is asked for something.
        jack_client_t* const client = open_clients.front()->handle_;
        char* const answer = jack_get_uuid_for_client_name(client, jack_get_client_name(client));
        if (answer != nullptr) return jack_free(answer);
    }
    while (!open_clients.empty()) {
        jack_client& c = *open_clients.back();
        c.close_now();
        c.lose("its other clients were told so");
    }
}

void jack_client::lose(char const* reason) noexcept {
    if (losing_.exchange(true, std::memory_order_relaxed)) return;
    if (reason != nullptr) std::strncpy(reason_.data(), reason, reason_.size() - 1);
    lost_.store(true, std::memory_order_release);  // pairs with the acquire in lost()
    callbacks_.lost(callbacks_.context);
}

// acquire: pairs with the release in lose()
bool jack_client::lost() const noexcept { return lost_.load(std::memory_order_acquire); }

std::string jack_client::reason() const {
    return reason_[0] == '\0' ? server_ + " has ended" : server_ + " has ended: " + reason_.data();
}

}  // namespace hocket::inline HOCKET_ABI::audio::detail

// JACK's callbacks, and the thread that does what they may not.
//
// Threads: JACK's process thread runs play(); JACK's notification thread says what has changed; the *follower*, which
// is ours, prepares the engine and buries a client whose server has ended; control starts and stops. The process thread
// never posts to the follower, which sleeps on a semaphore, for that is what a shutdown callback may post to.
// States: stopped <-> running, under the client's mutex; then buried, for good, which is told when the client is
// closed.
//
// Protocol of a new block size: the callback writes wanted_block_ and posts; the follower takes it, lowers room_ to
// what both sizes allow, prepares the engine, and raises room_. Blocks longer than room_ are silent, and process()
// never sees one: JACK may run a cycle of the new size before anybody is told of it.
//
// Memory order: room_ is released after the engine is prepared and acquired by the process thread. wanted_* are carried
// by the semaphore, and by the client's mutex in start(). also_ and the vectors are written before activate() makes the
// process thread, and after it has joined it.
#include <jack/jack.h>
#include <pthread.h>
#include <semaphore.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <exception>
#include <hocket/audio/jack_driver.hpp>
#include <mutex>
#include <optional>
#include <span>
#include <stdexcept>
#include <thread>
#include <vector>

#include "audio/jack_client.hpp"
#include "audio/log.hpp"

namespace hocket::inline HOCKET_ABI::audio {

class jack_driver::implementation {
public:
    implementation(engine& e, jack_options const& options);
    implementation(implementation const&) = delete;
    ~implementation();

    void start(port* also);
    void stop();

    engine& engine_;
    bool const connect_;
    std::atomic<bool> running_{false};
    std::atomic<std::uint64_t> blocks_{0};
    std::atomic<std::uint64_t> late_{0};
    std::atomic<std::uint64_t> unready_{0};
    std::atomic<std::uint64_t> xruns_{0};
    std::atomic<std::int64_t> worst_ns_{0};
    std::atomic<bool> realtime_{false};
    std::atomic<unsigned> wanted_block_{0};
    std::atomic<unsigned> wanted_rate_{0};
    std::string name_;
    std::atomic<bool> buried_{false};
    std::optional<detail::jack_client> client_;

private:
    static int on_block_size(jack_nframes_t frames, void* self);
    static int on_sample_rate(jack_nframes_t rate, void* self);
    static int on_xrun(void* self);
    static void on_freewheel(int starting, void* self);
    static void silence(void* self, unsigned frames);
    static void post(void* self) noexcept;

    void make_ports(jack_client_t* client);
    void connect(jack_client_t* client);
    void connect(jack_client_t* client, std::vector<jack_port_t*> const& ours, unsigned long flags);
    void play(unsigned frames) noexcept;
    void begin_cycle(unsigned frames) noexcept;
    void end_cycle(unsigned frames) noexcept;
    void follow() noexcept;
    void adapt();
    void bury();

    sem_t news_;
    std::thread follower_;
    std::atomic<bool> leaving_{false};
    std::mutex adapting_;
    unsigned prepared_block_ = 0;  // under it
    unsigned prepared_rate_ = 0;   // likewise

    // The process thread's.
    std::atomic<unsigned> room_{0};  // the longest block that the engine is prepared for
    std::atomic<bool> freewheeling_{false};
    bool first_ = true;
    bool timed_ = false;     // there is a cycle before this one
    jack_nframes_t at_ = 0;  // where this cycle begins, in frames
    jack_time_t begin_ = 0;  // and when, in us
    port* also_ = nullptr;
    std::vector<jack_port_t*> in_ports_;
    std::vector<jack_port_t*> out_ports_;
    std::vector<float const*> in_;
    std::vector<float*> out_;
};

jack_driver::implementation::implementation(engine& e, jack_options const& options)
    : engine_(e), connect_(options.connect) {
    sem_init(&news_, 0, 0);
    try {
        client_.emplace(
            options.client, options.server,
            detail::jack_callbacks{
                .context = this,
                .play = [](void* self, unsigned n) noexcept { static_cast<implementation*>(self)->play(n); },
                .silence = silence,
                .lost = post,
            });
        client_->call([&](jack_client_t* client) {
            if (client == nullptr) throw std::runtime_error(client_->reason());
            name_ = jack_get_client_name(client);
            wanted_block_.store(jack_get_buffer_size(client), std::memory_order_relaxed);
            wanted_rate_.store(jack_get_sample_rate(client), std::memory_order_relaxed);
            jack_set_buffer_size_callback(client, on_block_size, this);
            jack_set_sample_rate_callback(client, on_sample_rate, this);
            jack_set_xrun_callback(client, on_xrun, this);
            jack_set_freewheel_callback(client, on_freewheel, this);
            make_ports(client);
        });
        adapt();
        follower_ = std::thread([this] { follow(); });
    } catch (...) {
        client_.reset();
        if (prepared_block_ != 0) engine_.release();
        sem_destroy(&news_);
        throw;
    }
}

jack_driver::implementation::~implementation() {
    leaving_.store(true, std::memory_order_relaxed);
    sem_post(&news_);
    follower_.join();
    client_.reset();
    engine_.release();
    sem_destroy(&news_);
}

void jack_driver::implementation::make_ports(jack_client_t* client) {
    auto const make = [&](std::vector<jack_port_t*>& ports, unsigned count, char const* kind, unsigned long flags) {
        for (unsigned i = 1; i <= count; ++i) {
            std::string const name = kind + std::to_string(i);
            jack_port_t* const port = jack_port_register(client, name.c_str(), JACK_DEFAULT_AUDIO_TYPE, flags, 0);
            if (port == nullptr)
                throw std::runtime_error(client_->server() + " has no room for the port '" + name + "'");
            ports.push_back(port);
        }
    };
    make(in_ports_, engine_.panel_inputs(), "input_", JackPortIsInput);
    make(out_ports_, engine_.panel_outputs(), "output_", JackPortIsOutput);
    in_.resize(in_ports_.size());
    out_.resize(out_ports_.size());
}

void jack_driver::implementation::connect(jack_client_t* client) {
    connect(client, in_ports_, JackPortIsOutput);
    connect(client, out_ports_, JackPortIsInput);
}

// To the physical ports that have these flags.
void jack_driver::implementation::connect(jack_client_t* client, std::vector<jack_port_t*> const& ours,
                                          unsigned long flags) {
    char const** const theirs = jack_get_ports(client, nullptr, JACK_DEFAULT_AUDIO_TYPE, JackPortIsPhysical | flags);
    if (theirs == nullptr) return;
    for (std::size_t i = 0; i < ours.size() && theirs[i] != nullptr; ++i) {
        char const* from = jack_port_name(ours[i]);
        char const* to = theirs[i];
        if (flags == JackPortIsOutput) std::swap(from, to);
        int const error = jack_connect(client, from, to);
        if (error != 0 && error != EEXIST)
            detail::log_warning(client_->server() + " does not connect " + from + " to " + to);
    }
    jack_free(theirs);
}

void jack_driver::implementation::start(port* also) {
    if (running_.load(std::memory_order_relaxed)) throw std::logic_error("jack_driver::start: it is running");
    client_->call([&](jack_client_t* client) {
        if (client == nullptr) return;
        // Nobody is told of what changes while a client is not active.
        wanted_block_.store(jack_get_buffer_size(client), std::memory_order_relaxed);
        wanted_rate_.store(jack_get_sample_rate(client), std::memory_order_relaxed);
    });
    adapt();
    client_->call([&](jack_client_t* client) {
        if (client == nullptr || client_->lost()) throw std::runtime_error(client_->reason());
        also_ = also;
        first_ = true;
        timed_ = false;
        running_.store(true, std::memory_order_relaxed);
        if (!client_->activate()) {
            running_.store(false, std::memory_order_relaxed);
            throw std::runtime_error(client_->server() + " does not let the client '" + name_ + "' play");
        }
        // As above, between adapt() and now; of the block the process thread has been told.
        wanted_rate_.store(jack_get_sample_rate(client), std::memory_order_relaxed);
        post(this);
        if (connect_) connect(client);
    });
}

void jack_driver::implementation::stop() {
    client_->call([&](jack_client_t* client) {
        if (client == nullptr || !running_.load(std::memory_order_relaxed)) return;
        client_->deactivate();
        running_.store(false, std::memory_order_release);  // pairs with the acquire in running()
    });
}

void jack_driver::implementation::silence(void* self, unsigned frames) {
    for (jack_port_t* const port : static_cast<implementation*>(self)->out_ports_)
        if (void* const out = jack_port_get_buffer(port, frames)) std::memset(out, 0, frames * sizeof(float));
}

void jack_driver::implementation::play(unsigned frames) noexcept {
    if (first_) {
        first_ = false;
        // glibc remembers what libjack has set: no system call where it was granted.
        int policy = 0;
        sched_param ignored{};
        bool const told = pthread_getschedparam(pthread_self(), &policy, &ignored) == 0;
        bool const realtime = told && policy == SCHED_FIFO;
        realtime_.store(realtime, std::memory_order_relaxed);
        engine_.set_audio_class(realtime ? audio_class::realtime : audio_class::ordinary);
    }
    begin_cycle(frames);

    for (std::size_t i = 0; i < in_.size(); ++i)
        in_[i] = static_cast<float const*>(jack_port_get_buffer(in_ports_[i], frames));
    for (std::size_t i = 0; i < out_.size(); ++i)
        out_[i] = static_cast<float*>(jack_port_get_buffer(out_ports_[i], frames));
    if (frames <= room_.load(std::memory_order_acquire)) {  // pairs with the release in adapt()
        engine_.process(in_, out_, frames);
    } else {
        silence(this, frames);
        unready_.fetch_add(1, std::memory_order_relaxed);
    }
    if (also_ != nullptr) also_->play({out_.data(), out_.size()}, frames);
    end_cycle(frames);
    blocks_.fetch_add(1, std::memory_order_relaxed);
}

// Not by jack_get_cycle_times(): its times are smoothed, and seconds pass after an xrun until they are right again.
void jack_driver::implementation::begin_cycle(unsigned frames) noexcept {
    jack_client_t* const client = client_->handle();
    jack_nframes_t const at = jack_last_frame_time(client);
    jack_nframes_t const since = jack_frames_since_cycle_start(client);
    begin_ = jack_get_time() - jack_time_t{since} * 1'000'000 / wanted_rate_.load(std::memory_order_relaxed);
    jack_nframes_t const gone = at - at_;
    at_ = at;
    bool const freewheels = freewheeling_.load(std::memory_order_relaxed);
    if (timed_ && !freewheels && gone > frames && gone < 0x80000000)
        late_.fetch_add(gone / frames - 1, std::memory_order_relaxed);
    timed_ = !freewheels;
}

void jack_driver::implementation::end_cycle(unsigned frames) noexcept {
    if (!timed_) return;
    jack_time_t const took = jack_get_time() - begin_;
    if (took > jack_time_t{frames} * 1'000'000 / wanted_rate_.load(std::memory_order_relaxed))
        late_.fetch_add(1, std::memory_order_relaxed);
    auto const ns = static_cast<std::int64_t>(took) * 1000;
    if (ns > worst_ns_.load(std::memory_order_relaxed)) worst_ns_.store(ns, std::memory_order_relaxed);
}

int jack_driver::implementation::on_block_size(jack_nframes_t frames, void* self) {
    static_cast<implementation*>(self)->wanted_block_.store(frames, std::memory_order_relaxed);
    post(self);
    return 0;
}

int jack_driver::implementation::on_sample_rate(jack_nframes_t rate, void* self) {
    static_cast<implementation*>(self)->wanted_rate_.store(rate, std::memory_order_relaxed);
    post(self);
    return 0;
}

int jack_driver::implementation::on_xrun(void* self) {
    auto& driver = *static_cast<implementation*>(self);
    driver.xruns_.fetch_add(1, std::memory_order_relaxed);
    driver.engine_.report_xrun();
    return 0;
}

void jack_driver::implementation::on_freewheel(int starting, void* self) {
    static_cast<implementation*>(self)->freewheeling_.store(starting != 0, std::memory_order_relaxed);
}

void jack_driver::implementation::post(void* self) noexcept { sem_post(&static_cast<implementation*>(self)->news_); }

void jack_driver::implementation::follow() noexcept {
    for (;;) {
        while (sem_wait(&news_) != 0) {
        }
        if (leaving_.load(std::memory_order_relaxed)) return;
        if (client_->lost()) return bury();
        try {
            adapt();
        } catch (std::exception const& e) {
            // A sample rate or a block that no engine takes. The one before goes on.
            detail::log_error(client_->server() + " has changed, which the engine does not follow: " + e.what());
        } catch (...) {
            detail::log_error(client_->server() + " has changed, which a module does not follow");
        }
    }
}

void jack_driver::implementation::adapt() {
    std::lock_guard const held(adapting_);
    unsigned const size = wanted_block_.load(std::memory_order_relaxed);
    unsigned const rate = wanted_rate_.load(std::memory_order_relaxed);
    if (size == prepared_block_ && rate == prepared_rate_) return;
    room_.store(std::min(size, prepared_block_), std::memory_order_relaxed);
    try {
        engine_.prepare(rate, size, tick_source::wall_clock);
    } catch (...) {
        room_.store(prepared_block_, std::memory_order_release);
        throw;
    }
    prepared_block_ = size;
    prepared_rate_ = rate;
    room_.store(size, std::memory_order_release);  // pairs with the acquire in play()
}

void jack_driver::implementation::bury() {
    client_->close();
    buried_.store(true, std::memory_order_release);    // pairs with the acquire in failure()
    running_.store(false, std::memory_order_release);  // pairs with the acquire in running()
}

bool jack_driver::available() noexcept { return true; }

jack_driver::jack_driver(engine& e, jack_options const& options)
    : self_(std::make_unique<implementation>(e, options)) {}

jack_driver::~jack_driver() = default;

void jack_driver::start() { self_->start(nullptr); }
void jack_driver::start(port& also) { self_->start(&also); }
void jack_driver::stop() { self_->stop(); }

// acquire: pairs with the releases in stop() and bury()
bool jack_driver::running() const noexcept { return self_->running_.load(std::memory_order_acquire); }

std::string jack_driver::failure() const {
    // acquire: pairs with the release in bury()
    return self_->buried_.load(std::memory_order_acquire) ? self_->client_->reason() : std::string();
}

std::string jack_driver::client_name() const { return self_->name_; }
unsigned jack_driver::sample_rate() const noexcept { return self_->wanted_rate_.load(std::memory_order_relaxed); }
unsigned jack_driver::block() const noexcept { return self_->wanted_block_.load(std::memory_order_relaxed); }

jack_stats jack_driver::stats() const noexcept {
    return {.blocks = self_->blocks_.load(std::memory_order_relaxed),
            .late = self_->late_.load(std::memory_order_relaxed),
            .unready = self_->unready_.load(std::memory_order_relaxed),
            .xruns = self_->xruns_.load(std::memory_order_relaxed),
            .worst_ns = self_->worst_ns_.load(std::memory_order_relaxed),
            .realtime = self_->realtime_.load(std::memory_order_relaxed)};
}

}  // namespace hocket::inline HOCKET_ABI::audio

// Looping: one frame of memory per sample, and the action that gives the memory.
//
// Protocol: a loop's memory comes and goes by handover. While it is current the audio thread alone writes it; the
// action reads it to save it only while it is frozen:
//   save_wanted_               anybody; taken by the audio thread when there is a loop, none waits and none is recorded
//   frozen_ = true, to_save_   the audio thread, which from now on only reads the loop, and takes no other
//   frozen_ = false            the action, when the loop is on the disk
// A save is served before a load that is wanted too, and path_ changes only when a file has been read or written: so no
// loop is saved to the file of another.
// Memory order: each store of frozen_ is released after what its thread did with the loop, each load acquires. The rest
// of what is wanted are flags over strings that guard_ protects.
#include <algorithm>
#include <cmath>
#include <exception>
#include <filesystem>
#include <hocket/audio/looper.hpp>
#include <hocket/audio/wav.hpp>
#include <hocket/go.hpp>
#include <mutex>
#include <stdexcept>

#include "audio/log.hpp"

namespace hocket::inline HOCKET_ABI::audio {

namespace {

constexpr std::size_t play_knob = 1, level_knob = 3, load_knob = 4, save_knob = 5;

double checked(double seconds) {
    if (!(seconds >= 0.001 && seconds <= 3600))
        throw std::invalid_argument("a looper has memory for 0.001 to 3600 seconds, not " + std::to_string(seconds));
    return seconds;
}

wav_reader open(std::string const& path) {
    wav_reader reader(path);
    if (reader.format().channels > looper::channels)
        throw wav_error("'" + path + "' has " + std::to_string(reader.format().channels) + " channels; a looper has " +
                        std::to_string(looper::channels));
    return reader;
}

}  // namespace

looper::looper(double seconds) : seconds_(checked(seconds)), worker_(this, [this] { work(); }) {
    worker_.run_once();  // for the first memory
}

looper::~looper() { finish(); }

// ---- control

// Saves what was to be saved, by the caller. Neither update() nor work() runs any more.
void looper::finish() noexcept {
    worker_.stop();
    worker_.quiesce();
    if (recording_) memory_.get()->length = at_;
    if (!save_wanted_.exchange(false, std::memory_order_acquire) && !frozen_.load(std::memory_order_acquire)) return;
    frozen_.store(false, std::memory_order_relaxed);
    to_save_ = memory_.get();
    try {
        write_loop();
    } catch (std::exception const& e) {
        detail::log_error(e.what());
    }
}

void looper::load_state(std::string_view path) {
    // With audio paused: this is the only thread here.
    std::string const name(path);
    bool const there = !name.empty() && std::filesystem::exists(name);
    if (there) static_cast<void>(open(name));
    finish();
    memory_.clear();
    provided_ = false;
    {
        std::lock_guard const held(guard_);
        path_ = name;
        load_from_.clear();
        save_to_.clear();
        failure_.clear();
    }
    recording_ = false;
    set_length(0);
    load_wanted_.store(there, std::memory_order_relaxed);
    worker_.run_once();
}

std::string looper::save_state() {
    std::lock_guard const held(guard_);
    return path_;
}

void looper::load(std::string path) {
    {
        std::lock_guard const held(guard_);
        load_from_ = std::move(path);
    }
    load_wanted_.store(true, std::memory_order_release);  // pairs with work()
    worker_.run_once();
}

void looper::save(std::string path) {
    {
        std::lock_guard const held(guard_);
        save_to_ = std::move(path);
    }
    save_wanted_.store(true, std::memory_order_release);  // pairs with arrange()
}

std::string looper::failure() const {
    std::lock_guard const held(guard_);
    return failure_;
}

// ---- the audio thread

void looper::set_length(std::size_t frames) noexcept {
    at_ = 0;
    frames_.store(frames, std::memory_order_relaxed);
}

// Takes a loop that waits, or freezes this one if it is to be saved; true while it may be changed.
bool looper::arrange() noexcept {
    if (frozen_.load(std::memory_order_acquire)) return false;  // pairs with write_loop()
    if (memory_.take()) {
        recording_ = false;
        set_length(memory_.get()->length);
        worker_.run_once();  // to free what it replaces
    }
    bool const settled = memory_.get() != nullptr && !memory_.waiting() && !recording_;
    if (!settled || !save_wanted_.load(std::memory_order_relaxed)) return true;
    save_wanted_.exchange(false, std::memory_order_acquire);  // pairs with save()
    to_save_ = memory_.get();
    frozen_.store(true, std::memory_order_release);  // pairs with write_loop()
    worker_.run_once();
    return false;
}

void looper::update() {
    bool const free = arrange();
    out_.fill(0);
    loop* const l = memory_.get();
    if (l == nullptr) return;
    bool const record = wants_record();
    if (!record) armed_ = true;
    if (recording_ && (!record || at_ * channels == l->samples.size())) {
        recording_ = false;
        l->length = at_;
        set_length(at_);
    } else if (!recording_ && record && armed_ && free) {
        recording_ = true;
        armed_ = false;
        l->length = 0;
        set_length(0);
    }
    float* const frame = l->samples.data() + at_ * channels;
    float const right = stereo_ ? in_[1] : in_[0];
    if (recording_) {
        frame[0] = in_[0];
        frame[1] = right;
        ++at_;
        return;
    }
    if (l->length == 0 || knobs_[play_knob] < 0.5f) {
        at_ = 0;
        return;
    }
    out_ = {frame[0] * knobs_[level_knob], frame[1] * knobs_[level_knob]};
    if (free && wants_overdub()) {
        frame[0] += in_[0];
        frame[1] += right;
    }
    if (++at_ == l->length) at_ = 0;
}

void looper::set_param(int param, float value) {
    if (param < 0 || static_cast<std::size_t>(param) >= knobs_.size()) return;
    auto const knob = static_cast<std::size_t>(param);
    bool const pressed = knobs_[knob] < 0.5f && value >= 0.5f;
    knobs_[knob] = value;
    if (!pressed) return;
    if (knob == save_knob) save_wanted_.store(true, std::memory_order_relaxed);
    if (knob != load_knob) return;
    load_wanted_.store(true, std::memory_order_relaxed);
    worker_.run_once();
}

float looper::get_param(int param) const {
    return param >= 0 && static_cast<std::size_t>(param) < knobs_.size() ? knobs_[static_cast<std::size_t>(param)] : 0;
}

void looper::set_input(int jack, float value) {
    if (jack == 0 || jack == 1) in_[static_cast<std::size_t>(jack)] = value;
    if (jack == 2 || jack == 3) gates_[static_cast<std::size_t>(jack - 2)] = value;
}

float looper::get_output(int jack) const { return jack == 0 || jack == 1 ? out_[static_cast<std::size_t>(jack)] : 0; }

void looper::mark_all_inputs_unpatched() {
    in_.fill(0);
    gates_.fill(0);
    stereo_ = false;
}

void looper::mark_input_unpatched(int jack) {
    set_input(jack, 0);
    if (jack == 1) stereo_ = false;
}

void looper::mark_input_patched(int jack) {
    if (jack == 1) stereo_ = true;
}

// ---- the action

void looper::work() {
    memory_.collect();
    if (frozen_.load(std::memory_order_acquire)) {  // pairs with arrange()
        attempt([&] { write_loop(); });
        frozen_.store(false, std::memory_order_release);  // pairs with arrange()
    }
    if (load_wanted_.exchange(false, std::memory_order_acquire)) attempt([&] { read_loop(); });  // pairs with load()
    if (!provided_)
        attempt([&] {
            memory_.offer(blocking([&] { return empty_loop(); }));
            provided_ = true;
        });
    if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));  // to the log, with module and thread
}

// What one step throws keeps no other from being done.
template <class F>
void looper::attempt(F f) {
    try {
        f();
    } catch (std::exception const& e) {
        thrown_ = std::current_exception();
        std::lock_guard const held(guard_);
        failure_ = e.what();
    }
}

void looper::write_loop() {
    std::string to;
    {
        std::lock_guard const held(guard_);
        to = save_to_.empty() ? path_ : std::exchange(save_to_, std::string());
    }
    if (to.empty()) throw wav_error("a loop cannot be saved: no file has been named");
    if (to_save_ == nullptr || to_save_->length == 0)
        throw wav_error("cannot save a loop to '" + to + "': it is empty");
    blocking([&] {
        std::string const part = to + ".part";
        try {
            wav_writer writer(part, {.sample_rate = static_cast<unsigned>(rate_), .channels = channels});
            writer.write(std::span(to_save_->samples).first(to_save_->length * channels));
            writer.close();
            std::filesystem::rename(part, to);
        } catch (...) {
            std::error_code ignored;
            std::filesystem::remove(part, ignored);
            throw;
        }
    });
    saves_.store(saves_.load(std::memory_order_relaxed) + 1, std::memory_order_release);  // pairs with saves()
    std::lock_guard const held(guard_);
    path_ = to;
}

void looper::read_loop() {
    std::string from;
    {
        std::lock_guard const held(guard_);
        from = load_from_.empty() ? path_ : std::exchange(load_from_, std::string());
    }
    if (from.empty()) throw wav_error("a loop cannot be loaded: no file has been named");
    memory_.offer(blocking([&] { return loop_from(from); }));
    provided_ = true;
    loads_.store(loads_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    std::lock_guard const held(guard_);
    path_ = from;
}

// Its pages are touched here, so that the audio thread does not have to.
std::unique_ptr<looper::loop> looper::empty_loop() const {
    auto made = std::make_unique<loop>();
    made->samples.resize(static_cast<std::size_t>(std::ceil(seconds_ * static_cast<double>(rate_))) * channels);
    return made;
}

std::unique_ptr<looper::loop> looper::loop_from(std::string const& path) const {
    wav_reader reader = open(path);
    auto made = empty_loop();
    std::size_t const frames = reader.frames(), room = made->samples.size() / channels;
    if (frames > room)
        throw wav_error("'" + path + "' has " + std::to_string(frames) + " frames; the looper has memory for " +
                        std::to_string(room));
    reader.read(std::span(made->samples).first(frames * reader.format().channels));
    made->length = frames;
    // Mono is spread in place, last frame first.
    if (reader.format().channels == 1)
        for (std::size_t i = frames; i-- > 0;) made->samples[2 * i] = made->samples[2 * i + 1] = made->samples[i];
    return made;
}

}  // namespace hocket::inline HOCKET_ABI::audio

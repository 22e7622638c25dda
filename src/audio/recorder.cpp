// Recording: what the audio thread puts into the ring, and the action that takes it to the disk.
//
// Protocol: the ring is a sequence of records, each written whole or not at all, which the action reads in order:
//   begin, channels, sample rate     a take begins
//   frame, a sample of each channel  in between
//   end                              the take has ended; the file can be completed
// The end of a take is never lost: while there is no room for it the take is `ending_`, and no other begins. So the
// files have the boundaries that the audio thread saw, however late the disk is.
// The action is asked for at both ends of a take, and after every quarter of the ring: not at every tick, for each call
// is a change of threads. It is stopped before ~recorder() and load_state() take the rest to the disk themselves.
#include <algorithm>
#include <filesystem>
#include <hocket/audio/recorder.hpp>
#include <hocket/go.hpp>
#include <hocket/this_fiber.hpp>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "audio/log.hpp"

namespace hocket::inline HOCKET_ABI::audio {

namespace {

constexpr float begin_mark = 1, frame_mark = 2, end_mark = 3;

constexpr std::size_t record = recorder::max_channels + 1;
// Samples written to the disk at once.
constexpr std::size_t batch_size = 8192;

constexpr int gate_jack = recorder::max_channels;

void add(std::atomic<std::uint64_t>& count, std::uint64_t n) noexcept {
    count.store(count.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
}

bool is_audio(int jack) noexcept { return jack >= 0 && jack < gate_jack; }

recorder_options checked(recorder_options const& o) {
    if (o.buffer < 16) throw std::invalid_argument("a recorder's buffer must have 16 frames at least");
    if (o.file_size < recorder::max_channels * sizeof(float))
        throw std::invalid_argument("a recorder's file must have room for one frame at least");
    return o;
}

}  // namespace

recorder::recorder() : recorder(std::string()) {}

recorder::recorder(std::string path, recorder_options const& options)
    : options_(checked(options)),
      path_(std::move(path)),
      ring_(options.buffer * record),
      writer_(this, [this] { drain(this_fiber::arena().make_span<float>(batch_size)); }) {}

recorder::~recorder() { finish(); }

// All that is in the ring to the disk, by the caller. Nothing else writes or reads any more.
void recorder::finish() noexcept {
    writer_.stop();
    writer_.quiesce();
    try {
        std::vector<float> batch(batch_size);
        drain(batch);
        close();
        if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
    } catch (std::exception const& e) {
        detail::log_error(std::string("a recorder could not complete its file: ") + e.what());
    }
}

void recorder::load_state(std::string_view path) {
    // With audio paused: neither update() nor drain() runs.
    finish();
    path_ = path;
    taking_ = ending_ = false;
    unasked_ = 0;
    for (auto* const count : {&files_, &written_, &unwritten_, &overrun_}) count->store(0, std::memory_order_relaxed);
    std::lock_guard const held(failure_guard_);
    failure_.clear();
}

std::string recorder::save_state() { return path_; }

std::string recorder::failure() const {
    std::lock_guard const held(failure_guard_);
    return failure_;
}

// ---- the audio thread

void recorder::update() {
    light_ = recording() ? 1 : 0;  // acquires: pairs with the releases of open_
    if (path_.empty()) return;
    bool const wanted = knob_ >= 0.5f || gate_ > 0.5f;
    if (taking_ && !wanted) ending_ = true;
    if (ending_ && ring_.write({&end_mark, 1})) {
        taking_ = ending_ = false;
        unasked_ = 0;
        writer_.run_once();
    }
    if (!wanted) return;
    if (!taking_) {
        channels_ = patched_channels();
        taking_ = ring_.write(std::array{begin_mark, static_cast<float>(channels_), rate_});
        if (taking_) writer_.run_once();
    }
    std::array<float, record> frame{frame_mark};
    std::copy_n(in_.begin(), channels_, frame.begin() + 1);
    if (!taking_ || ending_ || !ring_.write(std::span(frame).first(channels_ + 1))) return add(overrun_, 1);
    unasked_ += channels_ + 1;
    if (unasked_ < ring_.capacity() / 4) return;
    unasked_ = 0;
    writer_.run_once();
}

// At another rate the take goes on in another file.
void recorder::set_samplerate(float rate) {
    if (taking_ && rate != rate_) ending_ = true;
    rate_ = rate;
}

void recorder::set_param(int param, float value) {
    if (param == 0) knob_ = value;
}

float recorder::get_param(int param) const { return param == 0 ? knob_ : 0; }

void recorder::set_input(int jack, float value) {
    if (is_audio(jack)) in_[static_cast<std::size_t>(jack)] = value;
    if (jack == gate_jack) gate_ = value;
}

float recorder::get_output(int jack) const { return jack == 0 ? light_ : 0; }

void recorder::mark_all_inputs_unpatched() {
    in_.fill(0);
    patched_.fill(false);
    gate_ = 0;
}

void recorder::mark_input_unpatched(int jack) {
    set_input(jack, 0);
    if (is_audio(jack)) patched_[static_cast<std::size_t>(jack)] = false;
}

void recorder::mark_input_patched(int jack) {
    if (is_audio(jack)) patched_[static_cast<std::size_t>(jack)] = true;
}

unsigned recorder::patched_channels() const noexcept {
    auto const last = std::find(patched_.rbegin(), patched_.rend(), true);
    return std::max(1u, static_cast<unsigned>(patched_.rend() - last));
}

// ---- the action

// Goes on after a failure, so that the ring empties and the next take finds its beginning; then throws it.
void recorder::drain(std::span<float> batch) {
    std::size_t filled = 0;
    auto const flush = [&] { write(batch.first(std::exchange(filled, 0))); };
    for (float mark = 0; ring_.read({&mark, 1});) {
        if (mark == frame_mark) {
            if (batch.size() - filled < format_.channels) flush();
            ring_.read(batch.subspan(filled, format_.channels));
            filled += format_.channels;
            continue;
        }
        flush();
        close();
        if (mark != begin_mark) continue;
        std::array<float, 2> about{};
        ring_.read(about);
        format_.channels = static_cast<unsigned>(about[0]);
        format_.sample_rate = static_cast<unsigned>(about[1]);
        open();
    }
    flush();
    if (thrown_)
        std::rethrow_exception(std::exchange(thrown_, nullptr));  // to the log, with the names of module and thread
}

void recorder::write(std::span<float const> frames) {
    std::uint64_t const most = options_.file_size / (format_.channels * sizeof(float));
    while (!frames.empty()) {
        if (file_ && in_file_ == most) {
            close();
            open();
        }
        if (!file_) return add(unwritten_, frames.size() / format_.channels);
        std::size_t const n = std::min<std::uint64_t>(frames.size() / format_.channels, most - in_file_);
        try {
            blocking([&] { file_->write(frames.first(n * format_.channels)); });
        } catch (std::exception const& e) {
            add(unwritten_, frames.size() / format_.channels);
            return failed(e);
        }
        in_file_ += n;
        add(written_, n);
        frames = frames.subspan(n * format_.channels);
    }
}

void recorder::open() {
    std::uint64_t const number = files_.load(std::memory_order_relaxed) + 1;
    std::filesystem::path name = path_;
    if (number > 1)
        name.replace_filename(name.stem().string() + "-" + std::to_string(number) + name.extension().string());
    in_file_ = 0;
    add(files_, 1);
    try {
        file_.emplace(blocking([&] { return wav_writer(name.string(), format_); }));
        open_.store(true, std::memory_order_release);  // pairs with recording()
    } catch (std::exception const& e) {
        failed(e);
    }
}

void recorder::close() {
    if (!file_) return;
    try {
        blocking([&] { file_->close(); });
    } catch (std::exception const& e) {
        return failed(e);
    }
    file_.reset();
    open_.store(false, std::memory_order_release);  // pairs with recording()
}

void recorder::failed(std::exception const& why) {
    thrown_ = std::current_exception();
    file_.reset();
    open_.store(false, std::memory_order_release);  // pairs with recording()
    std::lock_guard const held(failure_guard_);
    failure_ = why.what();
}

}  // namespace hocket::inline HOCKET_ABI::audio

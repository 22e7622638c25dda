// Audio time: samples and ticks in one order, whatever the clock says.
#include <algorithm>
#include <hocket/audio/freewheel_driver.hpp>

#include "audio/channel_buffers.hpp"

namespace hocket::inline HOCKET_ABI::audio {

class freewheel_driver::implementation {
public:
    implementation(engine& e, freewheel_options const& options)
        : engine_(e), options_(options), in_(e.panel_inputs(), options.block), out_(e.panel_outputs(), options.block) {}

    void render(std::uint64_t frames, port& to);

    engine& engine_;
    freewheel_options const options_;

private:
    // The frame before which tick k lies.
    std::uint64_t frame_of(std::uint64_t k) const noexcept {
        return (k * options_.sample_rate + engine::tick_rate - 1) / engine::tick_rate;
    }

    detail::channel_buffers in_;
    detail::channel_buffers out_;
    std::uint64_t frame_ = 0;  // rendered so far
    std::uint64_t tick_ = 0;   // the next one
    std::vector<float*> rest_of_out_;
    std::vector<float const*> rest_of_in_;
};

void freewheel_driver::implementation::render(std::uint64_t frames, port& to) {
    std::uint64_t const end = frame_ + frames;
    rest_of_in_.resize(in_.read().size());
    rest_of_out_.resize(out_.write().size());
    while (frame_ < end) {
        auto const block = static_cast<unsigned>(std::min<std::uint64_t>(options_.block, end - frame_));
        for (float* const channel : in_.write()) std::fill_n(channel, block, 0.0f);
        to.capture(in_.write(), block);
        for (unsigned done = 0; done < block;) {
            // Sample rates below the tick rate have several ticks before one frame.
            for (; frame_of(tick_) <= frame_; ++tick_) engine_.tick();
            auto const part = static_cast<unsigned>(std::min<std::uint64_t>(block - done, frame_of(tick_) - frame_));
            for (std::size_t i = 0; i < rest_of_in_.size(); ++i) rest_of_in_[i] = in_.read()[i] + done;
            for (std::size_t i = 0; i < rest_of_out_.size(); ++i) rest_of_out_[i] = out_.write()[i] + done;
            engine_.process(rest_of_in_, rest_of_out_, part);
            done += part;
            frame_ += part;
        }
        to.play(out_.read(), block);
    }
}

freewheel_driver::freewheel_driver(engine& e, freewheel_options const& options) {
    e.prepare(options.sample_rate, options.block, tick_source::audio_time);
    self_ = std::make_unique<implementation>(e, options);
}

freewheel_driver::~freewheel_driver() { self_->engine_.release(); }

void freewheel_driver::render(std::uint64_t frames, port& to) { self_->render(frames, to); }

}  // namespace hocket::inline HOCKET_ABI::audio

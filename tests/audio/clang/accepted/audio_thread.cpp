// What may be called on the audio thread may be called in a function that promises to be fit for it.
#include <array>
#include <hocket/audio.hpp>

namespace audio = hocket::audio;

struct all {
    audio::engine& engine;
    audio::async_thread& async;
    audio::spsc_ring<float>& ring;
    audio::module& module;
};

void everything(all const& a) noexcept HOCKET_NONBLOCKING;

void everything(all const& a) noexcept {
    audio::rt_section const section;
    std::array<float, 64> samples{};
    float* const row = samples.data();
    float const* const const_row = row;
    a.engine.process({&const_row, 1}, {&row, 1}, 64);
    static_cast<void>(a.engine.now());
    a.async.start();
    a.async.stop();
    a.async.run_once();
    static_cast<void>(a.async.is_enabled());
    static_cast<void>(a.async.calls() + a.async.failures());
    if (a.ring.write(samples)) static_cast<void>(a.ring.read(samples));
    static_cast<void>(a.ring.size() + a.ring.capacity());
    a.module.update();
    a.module.set_param(0, a.module.get_param(0));
    a.module.set_input(0, a.module.get_output(0));
    a.module.mark_all_inputs_unpatched();
    a.module.mark_input_unpatched(0);
    a.module.mark_input_patched(0);
    a.module.mark_all_outputs_unpatched();
    a.module.mark_output_unpatched(0);
    a.module.mark_output_patched(0);
}

// What every audio module derives from. The engine drives it one sample at a time.
//
// Two threads at most are inside a module: the audio thread in the [audio] functions, one at a time, and a runner in an
// action of one of the module's AsyncThreads. [control] functions are called with audio paused: by the engine while it
// loads or unloads a patch.
//
// The virtual functions keep the names and signatures of MetaModule's CoreProcessor, and are not noexcept only so that
// modules written for it compile unchanged: an exception that leaves one on the audio thread ends the program. A
// compiler that knows HOCKET_NONBLOCKING checks what overrides them, which need not repeat it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <hocket/detail/config.hpp>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace hocket::inline HOCKET_ABI::audio {

namespace detail {
class async_group;
struct module_access;
}  // namespace detail

// How many jacks and knobs a module has, each numbered from 0; -1: it does not say, and any number is taken.
struct module_shape {
    int inputs = -1;
    int outputs = -1;
    int params = -1;
};

class HOCKET_API module {
public:
    // Takes the id that the engine gives to the module it is building, or a fresh one. Throws std::bad_alloc. [control]
    module();
    module(module const&) = delete;
    module& operator=(module const&) = delete;
    virtual ~module();

    // One sample: reads what set_input() left, leaves what get_output() returns. [audio]
    virtual void update() HOCKET_NONBLOCKING = 0;
    // Samples per second; called before the first update() and whenever it changes. [control]
    virtual void set_samplerate(float rate) = 0;
    // A knob, 0 .. 1. [audio]
    virtual void set_param(int param, float value) HOCKET_NONBLOCKING = 0;
    virtual float get_param(int param) const HOCKET_NONBLOCKING;
    // The sum of the cables in this jack; full scale is the module's affair. [audio]
    virtual void set_input(int jack, float value) HOCKET_NONBLOCKING = 0;
    virtual float get_output(int jack) const HOCKET_NONBLOCKING = 0;

    // Which jacks have cables; all are unmarked first, then the patched ones marked. [audio]
    virtual void mark_all_inputs_unpatched() HOCKET_NONBLOCKING;
    virtual void mark_input_unpatched(int jack) HOCKET_NONBLOCKING;
    virtual void mark_input_patched(int jack) HOCKET_NONBLOCKING;
    virtual void mark_all_outputs_unpatched() HOCKET_NONBLOCKING;
    virtual void mark_output_unpatched(int jack) HOCKET_NONBLOCKING;
    virtual void mark_output_patched(int jack) HOCKET_NONBLOCKING;

    // What a panel shows: light 0 .. 1, characters written to `text`. [control]
    virtual float get_led_brightness(int led) const;
    virtual std::size_t get_display_text(int display, std::span<char> text);

    // What the patch keeps for this module beside its knobs. [control]
    virtual void load_state(std::string_view data);
    virtual std::string save_state();

    // [any thread]
    virtual module_shape shape() const noexcept;

    // Written by the engine, as the patch says: while it is true update() is not called, and the outputs are read as 0.
    bool bypassed = false;
    // Tells this module from every other of the process; known before the constructor of the derived class runs.
    std::uint32_t id;

private:
    friend struct detail::module_access;
    std::shared_ptr<detail::async_group> group_;
};

}  // namespace hocket::inline HOCKET_ABI::audio

// A patch: which modules, which cables between them, where the knobs stand. A description; an engine builds it.
//
// Modules are numbered from 1 in the order they are added; 0 is the panel, whose outputs are the engine's inputs and
// whose inputs are the engine's outputs. A cable between two modules delays by one sample; to and from the panel there
// is no delay. Several cables into one input add up.
#pragma once

#include <cstdint>
#include <hocket/audio/module.hpp>
#include <hocket/audio/registry.hpp>
#include <hocket/detail/config.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace hocket::inline HOCKET_ABI::audio {

// One end of a cable.
struct jack {
    unsigned module = 0;
    int number = 0;
    friend bool operator==(jack const&, jack const&) = default;
};

struct cable {
    jack from;  // an output
    jack to;    // an input
    friend bool operator==(cable const&, cable const&) = default;
};

struct knob {
    unsigned module = 0;
    int param = 0;
    float value = 0;  // 0 .. 1
};

class HOCKET_API patch {
public:
    // A module as the patch sees it.
    struct part {
        std::string name;
        module_factory make;       // empty: it has been removed
        std::string state{};     // given to load_state(); only if has_state
        bool has_state = false;
        bool bypassed = false;
        std::uint64_t serial = 0;  // tells it from every other of the process; copies of the patch have the same
    };

    // Jacks are 0 .. max_jacks-1; so are knobs.
    static constexpr int max_jacks = 256;

    explicit patch(std::string name);

    // Adds a module and returns its number. By registered name: throws std::invalid_argument when no module has it.
    // [control]
    unsigned add(std::string_view slug);
    // By what makes it; `name` is for messages. Throws std::invalid_argument when `make` is empty.
    unsigned add(std::string name, module_factory make);
    // By type: an M constructed from copies of args each time the patch is loaded.
    template <class M, class... Args>
    unsigned add(std::string name, Args... args) {
        return add(std::move(name), module_factory([... a = std::move(args)] { return std::make_unique<M>(a...); }));
    }

    // Plugs a cable in. Throws std::invalid_argument when a module is not there, a jack is out of range, or the cable
    // is there already. Whether the modules have these jacks is seen when the patch is loaded. [control]
    void connect(jack from, jack to);
    // The same with the panel at one end.
    void map_input(int panel_jack, jack to) { connect({0, panel_jack}, to); }
    void map_output(jack from, int panel_jack) { connect(from, {0, panel_jack}); }

    // Pulls a cable out. Throws std::invalid_argument when it is not there. [control]
    void disconnect(jack from, jack to);
    // Takes a module out, with its cables and knobs; its number is not given again. Throws std::invalid_argument: no such
    // module. [control]
    void remove(unsigned module);
    // Puts another module in its place; the cables stay, knobs and state go. Throws std::invalid_argument: no such module,
    // no name registered, no factory. [control]
    void replace(unsigned module, std::string_view slug);
    void replace(unsigned module, std::string name, module_factory make);
    template <class M, class... Args>
    void replace(unsigned module, std::string name, Args... args) {
        replace(module, std::move(name), module_factory([... a = std::move(args)] { return std::make_unique<M>(a...); }));
    }

    // Where a knob stands when the patch is loaded. Throws std::invalid_argument: no such module, a knob out of range,
    // a value outside 0 .. 1. The last setting of a knob counts. [control]
    void set_knob(unsigned module, int param, float value);
    // What load_state() is given. It is another module then: engine::apply() builds it anew. Throws std::invalid_argument:
    // no such module. [control]
    void set_state(unsigned module, std::string data);
    // A bypassed module is not updated and its outputs are 0. Throws std::invalid_argument: no such module. [control]
    void bypass(unsigned module, bool on = true);

    std::string const& name() const noexcept { return name_; }
    std::vector<part> const& parts() const noexcept { return parts_; }  // part i is module i + 1
    std::vector<cable> const& cables() const noexcept { return cables_; }
    std::vector<knob> const& knobs() const noexcept { return knobs_; }
    // Jacks of the panel: one more than the highest that a cable uses. [control]
    int panel_inputs() const noexcept;
    int panel_outputs() const noexcept;

private:
    void require(jack const& j, char const* end) const;
    part& require(unsigned module);
    module_factory require_factory(std::string_view slug) const;

    std::string name_;
    std::vector<part> parts_;
    std::vector<cable> cables_;
    std::vector<knob> knobs_;
};

}  // namespace hocket::inline HOCKET_ABI::audio

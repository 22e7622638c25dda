// Patches: every mistake is named where it is made.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <hocket/audio/patch.hpp>
#include <stdexcept>

namespace hocket::inline HOCKET_ABI::audio {

static std::uint64_t next_serial() noexcept {
    static std::atomic<std::uint64_t> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

patch::patch(std::string name) : name_(std::move(name)) {}

module_factory patch::require_factory(std::string_view slug) const {
    auto factory = find_module(slug);
    if (!factory)
        throw std::invalid_argument("patch '" + name_ + "': no module is registered as '" + std::string(slug) + "'");
    return factory;
}

unsigned patch::add(std::string_view slug) { return add(std::string(slug), require_factory(slug)); }

unsigned patch::add(std::string name, module_factory make) {
    if (!make) throw std::invalid_argument("patch '" + name_ + "': module '" + name + "' is added without a factory");
    parts_.push_back({.name = std::move(name), .make = std::move(make), .serial = next_serial()});
    return static_cast<unsigned>(parts_.size());
}

void patch::replace(unsigned module, std::string_view slug) { replace(module, std::string(slug), require_factory(slug)); }

void patch::replace(unsigned module, std::string name, module_factory make) {
    if (!make) throw std::invalid_argument("patch '" + name_ + "': module '" + name + "' is added without a factory");
    part& p = require(module);
    std::erase_if(knobs_, [&](knob const& k) { return k.module == module; });
    p = {.name = std::move(name), .make = std::move(make), .bypassed = p.bypassed, .serial = next_serial()};
}

void patch::remove(unsigned module) {
    part& p = require(module);
    std::erase_if(cables_, [&](cable const& c) { return c.from.module == module || c.to.module == module; });
    std::erase_if(knobs_, [&](knob const& k) { return k.module == module; });
    p = {.name = p.name, .make = {}};
}

void patch::require(jack const& j, char const* end) const {
    std::string const where = "patch '" + name_ + "': a cable " + end + " module " + std::to_string(j.module);
    if (j.module > parts_.size())
        throw std::invalid_argument(where + ", but there are only modules 1 to " + std::to_string(parts_.size()) +
                                    " (and 0, the panel)");
    if (j.module != 0 && !parts_[j.module - 1].make) throw std::invalid_argument(where + ", which has been removed");
    if (j.number < 0 || j.number >= max_jacks)
        throw std::invalid_argument(where + " names jack " + std::to_string(j.number) + "; jacks are 0 to " +
                                    std::to_string(max_jacks - 1));
}

patch::part& patch::require(unsigned module) {
    if (module == 0 || module > parts_.size())
        throw std::invalid_argument("patch '" + name_ + "': there is no module " + std::to_string(module) +
                                    "; there are 1 to " + std::to_string(parts_.size()));
    if (!parts_[module - 1].make)
        throw std::invalid_argument("patch '" + name_ + "': module " + std::to_string(module) + " has been removed");
    return parts_[module - 1];
}

static std::string text_of(jack from, jack to) {
    return "a cable from module " + std::to_string(from.module) + " jack " + std::to_string(from.number) + " to module " +
           std::to_string(to.module) + " jack " + std::to_string(to.number);
}

void patch::connect(jack from, jack to) {
    require(from, "from");
    require(to, "to");
    if (std::ranges::find(cables_, cable{from, to}) != cables_.end())
        throw std::invalid_argument("patch '" + name_ + "': there is already " + text_of(from, to));
    cables_.push_back({from, to});
}

void patch::disconnect(jack from, jack to) {
    if (std::erase(cables_, cable{from, to}) == 0)
        throw std::invalid_argument("patch '" + name_ + "': there is no " + text_of(from, to).substr(2));
}

void patch::set_knob(unsigned module, int param, float value) {
    part const& p = require(module);
    std::string const where = "patch '" + name_ + "': module " + std::to_string(module) + " (" + p.name + "), knob " +
                              std::to_string(param);
    if (param < 0 || param >= max_jacks)
        throw std::invalid_argument(where + ": knobs are 0 to " + std::to_string(max_jacks - 1));
    if (!(value >= 0 && value <= 1))
        throw std::invalid_argument(where + ": value " + std::to_string(value) + " is not within 0 and 1");
    std::erase_if(knobs_, [&](knob const& k) { return k.module == module && k.param == param; });
    knobs_.push_back({module, param, value});
}

void patch::set_state(unsigned module, std::string data) {
    part& p = require(module);
    p.state = std::move(data);
    p.has_state = true;
    p.serial = next_serial();
}

void patch::bypass(unsigned module, bool on) { require(module).bypassed = on; }

static int jacks_of_panel(std::vector<cable> const& cables, jack cable::* end) noexcept {
    int count = 0;
    for (cable const& c : cables)
        if ((c.*end).module == 0) count = std::max(count, (c.*end).number + 1);
    return count;
}

int patch::panel_inputs() const noexcept { return jacks_of_panel(cables_, &cable::from); }

int patch::panel_outputs() const noexcept { return jacks_of_panel(cables_, &cable::to); }

}  // namespace hocket::inline HOCKET_ABI::audio

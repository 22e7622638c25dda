// Building modules.
#include "audio/place.hpp"

#include <hocket/audio/engine.hpp>
#include <stdexcept>

#include "audio/construction.hpp"
#include "audio/module_access.hpp"

namespace hocket::inline HOCKET_ABI::audio::detail {

std::string label_of(patch const& p, unsigned number) {
    return "module " + std::to_string(number) + " (" + p.parts()[number - 1].name + ")";
}

static void load_into(module& m, patch const& p, unsigned number, unsigned sample_rate) {
    patch::part const& part = p.parts()[number - 1];
    m.mark_all_inputs_unpatched();
    m.mark_all_outputs_unpatched();
    m.set_samplerate(static_cast<float>(sample_rate));
    for (cable const& c : p.cables()) {
        if (c.to.module == number) m.mark_input_patched(c.to.number);
        if (c.from.module == number) m.mark_output_patched(c.from.number);
    }
    if (part.has_state) m.load_state(part.state);
    for (knob const& k : p.knobs())
        if (k.module == number) m.set_param(k.param, k.value);
    m.bypassed = part.bypassed;
}

std::shared_ptr<place> build_place(patch const& p, unsigned number, unsigned sample_rate) {
    patch::part const& part = p.parts()[number - 1];
    auto const fail = [&](std::string const& why) {
        throw load_error("patch '" + p.name() + "': " + label_of(p, number) + " cannot be built: " + why);
    };
    try {
        auto result = std::make_shared<place>();
        result->number = number;
        result->serial = part.serial;
        result->label = label_of(p, number);
        result->group = async_group::make(result->label);
        construction const scope(result->group);
        result->what = part.make();
        if (!result->what) fail("its factory returned nothing");
        if (auto const& own = module_access::group(*result->what); own != result->group) {
            // Built before, elsewhere: it brings its group along.
            own->rename(result->label);
            result->group = own;
        }
        load_into(*result->what, p, number, sample_rate);
        return result;
    } catch (load_error const&) {
        throw;
    } catch (std::exception const& e) {
        fail(e.what());
    } catch (...) {
        fail("it threw something that is no std::exception");
    }
    return nullptr;
}

void check_shapes(patch const& p, std::span<std::shared_ptr<place> const> places) {
    auto const check = [&](unsigned number, int which, int has, char const* what) {
        if (has < 0 || which < has) return;
        std::string const who = number == 0 ? std::string("the panel") : label_of(p, number);
        throw std::invalid_argument("patch '" + p.name() + "': " + who + " has no " + what + " " +
                                    std::to_string(which) + "; it has " + std::to_string(has));
    };
    for (cable const& c : p.cables()) {
        check(c.from.module, c.from.number, places[c.from.module]->what->shape().outputs, "output jack");
        check(c.to.module, c.to.number, places[c.to.module]->what->shape().inputs, "input jack");
    }
    for (knob const& k : p.knobs()) check(k.module, k.param, places[k.module]->what->shape().params, "knob");
}

}  // namespace hocket::inline HOCKET_ABI::audio::detail

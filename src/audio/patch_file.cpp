// From what a file says to what an engine plays.
#include <hocket/audio/patch_file.hpp>
#include <hocket/audio/registry.hpp>

#include <algorithm>

namespace hocket::inline HOCKET_ABI::audio {

namespace {

// Stands for a module that is not here: any jack and knob, and silence.
class placeholder final : public module {
public:
    void update() override {}
    void set_samplerate(float) override {}
    void set_param(int, float) override {}
    void set_input(int, float) override {}
    float get_output(int) const override { return 0; }
};

// Registered under this slug; of an old file, which leaves the brand out, under any brand, the first in their order.
module_factory find(std::string const& slug) {
    if (module_factory exact = find_module(slug); exact || slug.find(':') != std::string::npos) return exact;
    for (std::string const& name : registered_modules())
        if (name.size() > slug.size() && name.ends_with(slug) && name[name.size() - slug.size() - 1] == ':')
            return find_module(name);
    return {};
}

class conversion {
public:
    conversion(patch_file const& file, std::vector<std::string>* warnings)
        : file_(file), warnings_(warnings), result_(file.name) {}

    patch run() && {
        std::uint32_t const last = file_.slugs.empty() ? 0 : file_.slugs.rbegin()->first;
        for (std::uint32_t m = 1; m <= last; ++m) add(m);
        for (auto const& c : file_.cables)
            for (auto const& to : c.to) plug(c.from, to);
        for (auto const& i : file_.inputs) {
            if ((i.jack & 0xf00) != 0) {
                warn("MIDI event " + std::to_string(i.jack) + " is not played");
                continue;
            }
            for (auto const& to : i.to) plug({0, i.jack}, to);
        }
        for (auto const& o : file_.outputs) plug(o.from, {0, o.jack});
        for (auto const& k : file_.static_knobs) turn(k);
        for (auto const& s : file_.states)
            if (is_module(s.module, "a state")) result_.set_state(s.module, s.data);
        for (std::uint32_t const m : file_.bypassed)
            if (is_module(m, "a bypass")) result_.bypass(m);
        bool const mapped = std::any_of(file_.mapped_knobs.begin(), file_.mapped_knobs.end(),
                                        [](auto const& s) { return !s.knobs.empty(); });
        if (mapped) warn("knobs of the panel are not connected");
        if (!file_.midi_maps.knobs.empty()) warn("MIDI controllers are not connected");
        return std::move(result_);
    }

private:
    void warn(std::string const& what) {
        if (warnings_ != nullptr) warnings_->push_back("patch '" + file_.name + "': " + what);
    }

    void add(std::uint32_t number) {
        auto const slug = file_.slugs.find(number);
        module_factory make = slug != file_.slugs.end() ? find(slug->second) : module_factory();
        if (!make) {
            if (slug != file_.slugs.end())
                warn("module " + std::to_string(number) + ", '" + slug->second + "', is not here: it is silent");
            make = [] { return std::make_unique<placeholder>(); };
        }
        result_.add(slug != file_.slugs.end() ? slug->second : std::string("(left out)"), std::move(make));
    }

    bool is_module(std::uint32_t number, std::string const& what) {
        if (number >= 1 && number <= result_.parts().size()) return true;
        warn(what + " of module " + std::to_string(number) + ", which is not there, is left out");
        return false;
    }

    void plug(patch_file::end from, patch_file::end to) {
        constexpr std::uint32_t jacks = patch::max_jacks;
        std::string const which = "the cable from module " + std::to_string(from.module) + " jack " +
                                  std::to_string(from.jack) + " to module " + std::to_string(to.module) + " jack " +
                                  std::to_string(to.jack);
        if (std::max(from.module, to.module) > result_.parts().size() || std::max(from.jack, to.jack) >= jacks)
            return warn(which + " has no such end, and is left out");
        jack const a{from.module, static_cast<int>(from.jack)}, b{to.module, static_cast<int>(to.jack)};
        if (std::find(result_.cables().begin(), result_.cables().end(), cable{a, b}) != result_.cables().end())
            return warn(which + " is there twice");
        result_.connect(a, b);
    }

    void turn(patch_file::static_knob const& k) {
        if (k.module == 0) return;  // the panel's own
        if (!is_module(k.module, "a knob")) return;
        if (k.param >= patch::max_jacks)
            return warn("module " + std::to_string(k.module) + " has no knob " + std::to_string(k.param));
        float const within = std::clamp(k.value, 0.f, 1.f);
        if (within != k.value)
            warn("knob " + std::to_string(k.param) + " of module " + std::to_string(k.module) +
                 " stood outside 0 and 1");
        result_.set_knob(k.module, static_cast<int>(k.param), within);
    }

    patch_file const& file_;
    std::vector<std::string>* const warnings_;
    patch result_;
};

}  // namespace

patch to_patch(patch_file const& file, std::vector<std::string>* warnings) { return conversion(file, warnings).run(); }

}  // namespace hocket::inline HOCKET_ABI::audio

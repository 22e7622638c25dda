// Writing patch files, with the keys in the order in which MetaModules write them.
#include <hocket/audio/patch_file.hpp>
#include <yaml-cpp/yaml.h>

#include <charconv>
#include <ostream>

namespace hocket::inline HOCKET_ABI::audio {

namespace {

// So many digits that it is read as the same.
std::string digits(float value) {
    char text[32];
    auto const end = std::to_chars(text, text + sizeof text, value);
    return {text, end.ptr};
}

class writer {
public:
    void write(patch_file const& f) {
        map([&] {
            out_ << YAML::Key << "PatchData" << YAML::Value;
            map([&] {
                text("patch_name", f.name);
                text("description", f.description);
                out_ << YAML::Key << "module_slugs" << YAML::Value;
                map([&] {
                    for (auto const& [index, slug] : f.slugs)
                        out_ << YAML::Key << index << YAML::Value << YAML::DoubleQuoted << slug;
                });
                list("int_cables", f.cables, [&](patch_file::wire const& w) {
                    end("out", w.from);
                    list("ins", w.to, [&](patch_file::end const& e) { ids(e); });
                    if (w.color) number("color", *w.color);
                });
                list("mapped_ins", f.inputs, [&](patch_file::panel_input const& i) {
                    number("panel_jack_id", i.jack);
                    list("ins", i.to, [&](patch_file::end const& e) { ids(e); });
                    alias(i.alias);
                });
                list("mapped_outs", f.outputs, [&](patch_file::panel_output const& o) {
                    number("panel_jack_id", o.jack);
                    end("out", o.from);
                    alias(o.alias);
                });
                list("static_knobs", f.static_knobs, [&](patch_file::static_knob const& k) {
                    number("module_id", k.module);
                    number("param_id", k.param);
                    value("value", k.value);
                });
                list("mapped_knobs", f.mapped_knobs, [&](patch_file::knob_set const& s) { knobs(s); });
                out_ << YAML::Key << "midi_maps" << YAML::Value;
                map([&] { knobs(f.midi_maps); });
                number("midi_poly_num", f.midi_poly_num);
                number("midi_poly_mode", f.midi_poly_mode);
                value("midi_pitchwheel_range", f.midi_pitchwheel_range);
                list("mapped_lights", f.lights, [&](patch_file::light const& l) {
                    number("panel_light_id", l.panel_light);
                    number("module_id", l.module);
                    number("light_id", l.light);
                });
                list("vcvModuleStates", f.states, [&](patch_file::module_state const& s) {
                    number("module_id", s.module);
                    text("data", s.data);
                });
                number("suggested_samplerate", f.samplerate);
                number("suggested_blocksize", f.blocksize);
                out_ << YAML::Key << "bypassed_modules" << YAML::Value << YAML::BeginSeq;
                for (std::uint32_t const m : f.bypassed) out_ << m;
                out_ << YAML::EndSeq;
                list("module_aliases", f.aliases, [&](patch_file::module_alias const& a) {
                    number("module_id", a.module);
                    text("alias_name", a.name);
                });
            });
        });
    }
    char const* c_str() const { return out_.c_str(); }

private:
    template <class F>
    void map(F inside) {
        out_ << YAML::BeginMap;
        inside();
        out_ << YAML::EndMap;
    }
    template <class T, class F>
    void list(char const* key, std::vector<T> const& all, F inside) {
        out_ << YAML::Key << key << YAML::Value << YAML::BeginSeq;
        for (T const& one : all) map([&] { inside(one); });
        out_ << YAML::EndSeq;
    }
    void number(char const* key, std::uint32_t n) { out_ << YAML::Key << key << YAML::Value << n; }
    void value(char const* key, float v) { out_ << YAML::Key << key << YAML::Value << digits(v); }
    // Quoted, and so the same text whatever is in it.
    void text(char const* key, std::string const& t) {
        out_ << YAML::Key << key << YAML::Value << YAML::DoubleQuoted << t;
    }
    void alias(std::string const& name) {
        if (!name.empty()) text("alias_name", name);
    }
    void ids(patch_file::end const& e) {
        number("module_id", e.module);
        number("jack_id", e.jack);
    }
    void end(char const* key, patch_file::end const& e) {
        out_ << YAML::Key << key << YAML::Value;
        map([&] { ids(e); });
    }
    void knobs(patch_file::knob_set const& s) {
        text("name", s.name);
        list("set", s.knobs, [&](patch_file::mapped_knob const& k) {
            number("panel_knob_id", k.panel_knob);
            number("module_id", k.module);
            number("param_id", k.param);
            number("curve_type", k.curve);
            value("min", k.min);
            value("max", k.max);
            alias(k.alias);
            if (k.midi_channel != 0) number("midi_chan", k.midi_channel);
        });
    }

    YAML::Emitter out_;
};

}  // namespace

void write_patch_file(patch_file const& patch, std::ostream& out) {
    writer w;
    w.write(patch);
    out << w.c_str() << '\n';
}

}  // namespace hocket::inline HOCKET_ABI::audio

// Reading patch files: every value is asked for by its key, so that each mistake is named with its place.
#include <hocket/audio/patch_file.hpp>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>
#include <concepts>
#include <fstream>
#include <iterator>
#include <limits>
#include <utility>

namespace hocket::inline HOCKET_ABI::audio {

patch_file_error::~patch_file_error() = default;

namespace {

std::string where(std::string const& file, YAML::Mark const& at) {
    return at.is_null() ? file + ": " : file + ":" + std::to_string(at.line + 1) + ": ";
}

// Where in a text the first byte stands that belongs to no UTF-8 character; its size when there is none. YAML is UTF-8, and
// the library would put question marks there.
std::size_t first_bad_byte(std::string_view text) {
    std::size_t i = 0;
    while (i < text.size()) {
        auto const lead = static_cast<unsigned char>(text[i]);
        std::size_t const more = lead < 0x80                   ? 0
                                 : lead >= 0xc2 && lead < 0xe0 ? 1
                                 : lead >= 0xe0 && lead < 0xf0 ? 2
                                 : lead >= 0xf0 && lead < 0xf5 ? 3
                                                               : 4;
        if (more == 4 || i + more >= text.size()) return i;
        std::uint32_t code = more == 0 ? lead : lead & (0x3fu >> more);
        for (std::size_t k = 1; k <= more; ++k) {
            auto const next = static_cast<unsigned char>(text[i + k]);
            if ((next & 0xc0) != 0x80) return i;
            code = code << 6 | (next & 0x3fu);
        }
        if ((more == 2 && code < 0x800) || (more == 3 && (code < 0x10000 || code > 0x10ffff)) ||
            (code >= 0xd800 && code < 0xe000))
            return i;
        i += more + 1;
    }
    return i;
}

// A node of the file, and how it is named.
class place {
public:
    place(YAML::Node node, std::string path, std::string const& file, std::vector<std::string>* warnings)
        : node_(std::move(node)), path_(std::move(path)), file_(file), warnings_(warnings) {}

    [[noreturn]] void fail(std::string const& what) const { throw patch_file_error(sentence(what)); }

    bool is_there() const { return node_.IsDefined() && !node_.IsNull(); }

    // A value of a map; it may not be there.
    place operator[](char const* key) const {
        if (!node_.IsMap()) fail("it has no keys, but '" + std::string(key) + "' is looked for");
        place inner(node_[key], path_.empty() ? std::string(key) : path_ + "." + key, file_, warnings_);
        if (!inner.node_.IsDefined()) inner.mark_ = mark();
        return inner;
    }
    place required(char const* key) const {
        place inner = (*this)[key];
        if (!inner.is_there()) fail("'" + std::string(key) + "' is missing");
        return inner;
    }

    // The elements of a list; none when there is no list.
    template <class F>
    auto all(F read) const {
        std::vector<decltype(read(std::declval<place>()))> result;
        if (!is_there()) return result;
        if (!node_.IsSequence()) fail("it is no list");
        std::size_t i = 0;
        for (auto const& n : node_)
            result.push_back(read(place(n, path_ + "[" + std::to_string(i++) + "]", file_, warnings_)));
        return result;
    }
    template <class F>
    void each_pair(F read) const {
        if (!node_.IsMap()) fail("it has no keys");
        for (auto const& pair : node_)
            read(place(pair.first, path_, file_, warnings_),
                 place(pair.second, path_ + "." + text_of(pair.first), file_, warnings_));
    }
    // Warns of keys that are not among these.
    void only(std::initializer_list<std::string_view> known) const {
        if (warnings_ == nullptr || !node_.IsMap()) return;
        for (auto const& pair : node_) {
            std::string const key = text_of(pair.first);
            bool found = false;
            for (std::string_view const k : known) found = found || k == key;
            if (!found)
                warnings_->push_back(place(pair.first, path_, file_, warnings_).sentence("'" + key + "' is not known"));
        }
    }

    std::string text() const {
        if (!is_there()) return {};
        if (!node_.IsScalar()) fail("it is no text");
        if (first_bad_byte(node_.Scalar()) != node_.Scalar().size())
            fail("the escapes \\_ and \\N are not supported: write the character itself");  // yaml-cpp leaves a bare byte
        return node_.Scalar();
    }
    std::uint32_t number() const {
        double const n = real();
        if (!(n >= 0 && n <= std::numeric_limits<std::uint32_t>::max()) || n != std::floor(n))
            fail("'" + node_.Scalar() + "' is no whole number from 0 to 4294967295");
        return static_cast<std::uint32_t>(n);
    }
    std::uint32_t number_or(std::uint32_t otherwise) const { return is_there() ? number() : otherwise; }
    float value() const {
        double const n = real();
        constexpr double most = std::numeric_limits<float>::max();
        // The shortest digits that are read as the largest float are a little more than it.
        if (!(std::fabs(n) <= most * (1 + 1e-8))) fail("'" + node_.Scalar() + "' is no finite number");
        return static_cast<float>(std::clamp(n, -most, most));
    }
    float value_or(float otherwise) const { return is_there() ? value() : otherwise; }

private:
    static std::string text_of(YAML::Node const& n) { return n.IsScalar() ? n.Scalar() : std::string("(not a name)"); }

    double real() const {
        if (!node_.IsScalar()) fail("it is no number");
        double n = 0;
        if (!YAML::convert<double>::decode(node_, n)) fail("'" + node_.Scalar() + "' is no number");
        return n;
    }
    YAML::Mark mark() const { return mark_.is_null() ? node_.Mark() : mark_; }
    std::string sentence(std::string const& what) const {
        YAML::Mark const at = mark();
        return where(file_, at) + (path_.empty() ? std::string() : path_ + ": ") + what;
    }

    YAML::Node node_;
    std::string path_;
    std::string const& file_;
    std::vector<std::string>* const warnings_;
    YAML::Mark mark_ = YAML::Mark::null_mark();  // of what it is missing in
};

patch_file::end end_of(place const& p) {
    p.only({"module_id", "jack_id"});
    return {p.required("module_id").number(), p.required("jack_id").number()};
}

patch_file::mapped_knob knob_of(place const& p) {
    p.only({"panel_knob_id", "module_id", "param_id", "curve_type", "min", "max", "alias_name", "midi_chan"});
    return {.panel_knob = p.required("panel_knob_id").number(),
            .module = p.required("module_id").number(),
            .param = p.required("param_id").number(),
            .curve = p["curve_type"].number_or(0),
            .min = p["min"].value_or(0),
            .max = p["max"].value_or(1),
            .alias = p["alias_name"].text(),
            .midi_channel = p["midi_chan"].number_or(0)};
}

patch_file::knob_set set_of(place const& p) {
    p.only({"name", "set"});
    return {p["name"].text(), p["set"].all(knob_of)};
}

patch_file patch_of(place const& root) {
    place const p = root.required("PatchData");
    p.only({"patch_name", "description", "module_slugs", "int_cables", "mapped_ins", "mapped_outs", "static_knobs",
            "mapped_knobs", "midi_maps", "midi_poly_num", "midi_poly_mode", "midi_pitchwheel_range", "mapped_lights",
            "vcvModuleStates", "suggested_samplerate", "suggested_blocksize", "bypassed_modules", "module_aliases"});
    patch_file f;
    f.name = p.required("patch_name").text();
    if (f.name.size() > patch_file::longest_name)
        p["patch_name"].fail("it has " + std::to_string(f.name.size()) + " characters, but at most " +
                             std::to_string(patch_file::longest_name));
    f.description = p["description"].text();
    if (place const slugs = p["module_slugs"]; slugs.is_there())
        slugs.each_pair([&](place const& index, place const& slug) {
            if (!f.slugs.emplace(index.number(), slug.text()).second)
                index.fail("module " + index.text() + " is there twice");
        });
    if (f.slugs.size() > patch_file::most_modules ||
        (!f.slugs.empty() && f.slugs.rbegin()->first >= patch_file::most_modules))
        p["module_slugs"].fail("there are at most " + std::to_string(patch_file::most_modules) +
                               " modules, numbered from 0");
    f.cables = p["int_cables"].all([](place const& c) {
        c.only({"out", "ins", "color"});
        patch_file::wire w{end_of(c.required("out")), c.required("ins").all(end_of), {}};
        if (place const color = c["color"]; color.is_there()) w.color = color.number();
        return w;
    });
    f.inputs = p["mapped_ins"].all([](place const& i) {
        i.only({"panel_jack_id", "ins", "alias_name"});
        return patch_file::panel_input{i.required("panel_jack_id").number(), i.required("ins").all(end_of),
                                       i["alias_name"].text()};
    });
    f.outputs = p["mapped_outs"].all([](place const& o) {
        o.only({"panel_jack_id", "out", "alias_name"});
        return patch_file::panel_output{o.required("panel_jack_id").number(), end_of(o.required("out")),
                                        o["alias_name"].text()};
    });
    f.static_knobs = p["static_knobs"].all([](place const& k) {
        k.only({"module_id", "param_id", "value"});
        return patch_file::static_knob{k.required("module_id").number(), k.required("param_id").number(),
                                       k.required("value").value()};
    });
    f.mapped_knobs = p["mapped_knobs"].all(set_of);
    if (place const maps = p["midi_maps"]; maps.is_there()) f.midi_maps = set_of(maps);
    f.midi_poly_num = p["midi_poly_num"].number_or(0);
    f.midi_poly_mode = p["midi_poly_mode"].number_or(0);
    f.midi_pitchwheel_range = p["midi_pitchwheel_range"].value_or(1);
    f.lights = p["mapped_lights"].all([](place const& l) {
        l.only({"panel_light_id", "module_id", "light_id"});
        return patch_file::light{l.required("panel_light_id").number(), l.required("module_id").number(),
                                 l.required("light_id").number()};
    });
    f.states = p["vcvModuleStates"].all([](place const& s) {
        s.only({"module_id", "data"});
        return patch_file::module_state{s.required("module_id").number(), s["data"].text()};
    });
    f.samplerate = p["suggested_samplerate"].number_or(0);
    f.blocksize = p["suggested_blocksize"].number_or(0);
    f.bypassed = p["bypassed_modules"].all([](place const& m) { return m.number(); });
    f.aliases = p["module_aliases"].all([](place const& a) {
        a.only({"module_id", "alias_name"});
        return patch_file::module_alias{a.required("module_id").number(), a["alias_name"].text()};
    });
    return f;
}

}  // namespace

patch_file parse_patch_file(std::string_view text, std::string_view name, std::vector<std::string>* warnings) {
    std::string const file(name);
    if (std::size_t const bad = first_bad_byte(text); bad != text.size()) {
        auto const line = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(bad), '\n') + 1;
        throw patch_file_error(file + ":" + std::to_string(line) + ": there is a byte that is no UTF-8");
    }
    try {
        YAML::Node const root = YAML::Load(std::string(text));
        place const all(root, "", file, warnings);
        if (!root.IsMap()) all.fail("it is no patch file: 'PatchData' is missing");
        return patch_of(all);
    } catch (YAML::Exception const& e) {
        throw patch_file_error(where(file, e.mark) + e.msg);
    }
}

patch_file read_patch_file(std::filesystem::path const& file, std::vector<std::string>* warnings) {
    std::ifstream in(file, std::ios::binary);
    if (!in) throw patch_file_error(file.string() + ": it cannot be opened");
    std::string text;
    try {
        text.assign(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    } catch (std::ios_base::failure const&) {
        throw patch_file_error(file.string() + ": it cannot be read");
    }
    return parse_patch_file(text, file.string(), warnings);
}

}  // namespace hocket::inline HOCKET_ABI::audio

// Patch files: the YAML that MetaModules save, key by key, and the patch that an engine can load.
//
// A file is read whole into a patch_file, which has a member for every key, and can be written again: what is written is
// read as the same. to_patch() makes of it what this library can play.
#pragma once

#include <cstdint>
#include <filesystem>
#include <hocket/audio/patch.hpp>
#include <hocket/detail/config.hpp>
#include <iosfwd>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace hocket::inline HOCKET_ABI::audio {

// A file that is none, or says what makes no sense: "song.yml:12: int_cables[3].out: 'jack_id' is missing".
class HOCKET_API patch_file_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
    ~patch_file_error() override;
};

struct patch_file {
    static constexpr std::size_t longest_name = 63;  // characters of patch_name
    static constexpr std::size_t most_modules = 64;  // the panel included

    struct end {  // of a cable
        std::uint32_t module = 0;
        std::uint32_t jack = 0;
        bool operator==(end const&) const = default;
    };
    struct wire {  // int_cables
        end from;
        std::vector<end> to;
        std::optional<std::uint32_t> color;
        bool operator==(wire const&) const = default;
    };
    struct panel_input {  // mapped_ins
        std::uint32_t jack = 0;  // bits 8 to 11 set: no jack, but a MIDI event
        std::vector<end> to;
        std::string alias;
        bool operator==(panel_input const&) const = default;
    };
    struct panel_output {  // mapped_outs
        std::uint32_t jack = 0;
        end from;
        std::string alias;
        bool operator==(panel_output const&) const = default;
    };
    struct static_knob {
        std::uint32_t module = 0;
        std::uint32_t param = 0;
        float value = 0;
        bool operator==(static_knob const&) const = default;
    };
    struct mapped_knob {
        std::uint32_t panel_knob = 0;
        std::uint32_t module = 0;
        std::uint32_t param = 0;
        std::uint32_t curve = 0;
        float min = 0;
        float max = 1;
        std::string alias;
        std::uint32_t midi_channel = 0;  // 0: any
        bool operator==(mapped_knob const&) const = default;
    };
    struct knob_set {
        std::string name;
        std::vector<mapped_knob> knobs;
        bool operator==(knob_set const&) const = default;
    };
    struct module_state {  // vcvModuleStates
        std::uint32_t module = 0;
        std::string data;
        bool operator==(module_state const&) const = default;
    };
    struct light {  // mapped_lights
        std::uint32_t panel_light = 0;
        std::uint32_t module = 0;
        std::uint32_t light = 0;
        bool operator==(patch_file::light const&) const = default;
    };
    struct module_alias {
        std::uint32_t module = 0;
        std::string name;
        bool operator==(module_alias const&) const = default;
    };

    std::string name;                             // patch_name
    std::string description;
    std::map<std::uint32_t, std::string> slugs;   // module_slugs: 'Brand:Name', in old files without the brand; 0: the panel
    std::vector<wire> cables;
    std::vector<panel_input> inputs;
    std::vector<panel_output> outputs;
    std::vector<static_knob> static_knobs;
    std::vector<knob_set> mapped_knobs;
    knob_set midi_maps;
    std::uint32_t midi_poly_num = 0;
    std::uint32_t midi_poly_mode = 0;
    float midi_pitchwheel_range = 1;              // semitones; negative: as the module likes
    std::vector<light> lights;
    std::vector<module_state> states;
    std::uint32_t samplerate = 0;                 // suggested, Hz; 0: none
    std::uint32_t blocksize = 0;                  // suggested, frames; 0: none
    std::vector<std::uint32_t> bypassed;          // bypassed_modules
    std::vector<module_alias> aliases;            // module_aliases

    bool operator==(patch_file const&) const = default;
};

// Reads one. A key that nobody knows is passed over; `warnings`, if not null, gets a sentence for each. Throws
// patch_file_error when the file cannot be read, is no YAML, lacks what it must have, or has a value that its key cannot
// have; std::bad_alloc. [control]
HOCKET_API patch_file read_patch_file(std::filesystem::path const& file, std::vector<std::string>* warnings = nullptr);
// The same from a text; `name` stands for the file's in sentences. [control]
HOCKET_API patch_file parse_patch_file(std::string_view text, std::string_view name,
                                       std::vector<std::string>* warnings = nullptr);

// Writes one, as YAML. Whether it arrived `out` tells. Throws std::bad_alloc. [control]
HOCKET_API void write_patch_file(patch_file const& patch, std::ostream& out);

// What an engine can play of it. Modules are numbered as in the file; those that nobody has registered, and numbers that are
// left out, become placeholders, which are silent. `warnings` gets a sentence for each of those, and for what is not
// played: MIDI, knobs of the panel, cables to modules that are not there. Throws std::bad_alloc. [control]
HOCKET_API patch to_patch(patch_file const& file, std::vector<std::string>* warnings = nullptr);

}  // namespace hocket::inline HOCKET_ABI::audio

// One of each is built to be asked.
#include "list.hpp"

#include <exception>
#include <hocket/audio/registry.hpp>
#include <vector>

#include "table.hpp"

namespace play {

namespace audio = hocket::audio;

static std::string count(int of) { return of < 0 ? "any" : std::to_string(of); }

static std::vector<std::string> row_of(std::string const& slug) {
    try {
        auto const built = audio::find_module(slug)();
        if (!built) return {slug + " cannot be built: its factory returned nothing"};
        audio::module_shape const s = built->shape();
        return {slug, count(s.inputs), count(s.outputs), count(s.params)};
    } catch (std::exception const& e) {
        return {slug + " cannot be built: " + e.what()};
    }
}

std::string list_of_modules() {
    std::vector<std::vector<std::string>> rows{{"module", "inputs", "outputs", "knobs"}};
    for (std::string const& slug : audio::registered_modules()) rows.push_back(row_of(slug));
    return to_columns(rows);
}

}  // namespace play

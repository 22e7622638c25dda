// The names of modules.
#include <hocket/audio/analyser.hpp>
#include <hocket/audio/convolver.hpp>
#include <hocket/audio/gain.hpp>
#include <hocket/audio/looper.hpp>
#include <hocket/audio/mixer.hpp>
#include <hocket/audio/noise.hpp>
#include <hocket/audio/oscillator.hpp>
#include <hocket/audio/recorder.hpp>
#include <hocket/audio/registry.hpp>
#include <hocket/audio/wav_player.hpp>
#include <map>
#include <mutex>
#include <stdexcept>

#include "audio/registration.hpp"

namespace hocket::inline HOCKET_ABI::audio {

namespace {

template <class M>
std::unique_ptr<module> make_plain() {
    return std::make_unique<M>();
}

struct book {
    std::mutex guard;
    std::map<std::string, module_factory, std::less<>> entries{
        {"hocket:Analyser", make_plain<analyser>},
        {"hocket:Convolver", make_plain<convolver>},
        {"hocket:Gain", make_plain<gain>},
        {"hocket:Looper", make_plain<looper>},
        {"hocket:Mixer", make_plain<mixer>},
        {"hocket:Noise", make_plain<noise>},
        {"hocket:Oscillator", make_plain<oscillator>},
        {"hocket:Recorder", make_plain<recorder>},
        {"hocket:WavPlayer", make_plain<wav_player>},
    };
};

// Made when first used, so that modules may register themselves from static initialisers.
book& names() {
    static book b;
    return b;
}

}  // namespace

void register_module(std::string_view slug, module_factory factory) {
    detail::register_together({{std::string(slug), std::move(factory)}});
}

module_factory find_module(std::string_view slug) {
    book& b = names();
    std::lock_guard const held(b.guard);
    auto const found = b.entries.find(slug);
    return found == b.entries.end() ? module_factory() : found->second;
}

std::vector<std::string> registered_modules() {
    book& b = names();
    std::lock_guard const held(b.guard);
    std::vector<std::string> result;
    for (auto const& [name, factory] : b.entries) result.push_back(name);
    return result;
}

void detail::register_together(std::vector<std::pair<std::string, module_factory>> const& modules) {
    decltype(book::entries) fresh;
    for (auto const& [slug, factory] : modules) {
        if (slug.empty()) throw std::invalid_argument("a module must be registered under a name");
        if (!factory) throw std::invalid_argument("module '" + slug + "' is registered without a factory");
        if (!fresh.emplace(slug, factory).second)
            throw std::invalid_argument("two modules are registered as '" + slug + "'");
    }
    book& b = names();
    std::lock_guard const held(b.guard);
    for (auto const& [slug, factory] : fresh)
        if (b.entries.contains(slug)) throw std::invalid_argument("a module is already registered as '" + slug + "'");
    b.entries.merge(fresh);  // moves nodes: nothing to fail
}

}  // namespace hocket::inline HOCKET_ABI::audio

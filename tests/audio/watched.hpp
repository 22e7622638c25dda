// What the real-time tests share: what a piece of code did that it must not do on the audio thread.
#pragma once

#include <doctest/doctest.h>

#include <hocket/audio/rt_section.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace support {

// Sections are checked while it lives.
struct checking {
    checking() : sight(hocket::audio::rt_section::check(true)) {}
    checking(checking const&) = delete;
    ~checking() { hocket::audio::rt_section::check(false); }
    hocket::audio::rt_sight const sight;
};

// What was found since the last clear(), in words.
inline std::string told() {
    std::string text;
    for (auto const& v : hocket::audio::rt_section::violations()) {
        text += std::to_string(v.count) + " x " + v.what + '\n';
        for (std::string const& frame : v.backtrace) text += "    " + frame + '\n';
    }
    return text;
}

// The violations of f() in a section of its own.
template <class F>
std::vector<hocket::audio::rt_violation> watched(F&& f) {
    hocket::audio::rt_section::clear();
    {
        hocket::audio::rt_section const section;
        f();
    }
    return hocket::audio::rt_section::violations();
}

// f() may be done on the audio thread.
template <class F>
void check_clean(F&& f) {
    auto const found = watched(f);
    CHECK_MESSAGE(found.empty(), told());
}

// f() is seen, by the tool that says `what`.
template <class F>
void check_seen(std::string_view what, F&& f) {
    bool seen = false;
    for (auto const& v : watched(f)) seen = seen || v.what.starts_with(what);
    CHECK_MESSAGE(seen, what, " was not seen; seen: ", told());
}

}  // namespace support

// patch and registry: what can be said, and the sentence for what cannot.
#include <doctest/doctest.h>

#include "support.hpp"

using namespace support;

template <class F>
static std::string refusal(F&& f) {
    try {
        f();
    } catch (std::invalid_argument const& e) {
        return e.what();
    }
    return "accepted";
}

TEST_CASE("a patch numbers its modules from 1 and keeps what it was told") {
    audio::patch p("p");
    CHECK(p.add("hocket:Oscillator") == 1);
    CHECK(p.add<audio::mixer>("a mixer") == 2);
    p.connect({1, 0}, {2, 3});
    p.map_input(1, {2, 0});
    p.map_output({2, 0}, 4);
    p.set_knob(2, 1, 0.25f);
    p.set_knob(2, 1, 0.5f);
    CHECK(p.cables().size() == 3);
    CHECK(p.panel_inputs() == 2);
    CHECK(p.panel_outputs() == 5);
    REQUIRE(p.knobs().size() == 1);
    CHECK(p.knobs()[0].value == 0.5f);
    CHECK(p.parts()[1].name == "a mixer");
}

TEST_CASE("a patch refuses what makes no sense, in a sentence that names it") {
    audio::patch p("p");
    p.add("hocket:Oscillator");
    p.add("hocket:Mixer");
    p.connect({1, 0}, {2, 0});
    CHECK(refusal([&] { p.add("nobody:Nothing"); }) == "patch 'p': no module is registered as 'nobody:Nothing'");
    CHECK(refusal([&] { p.add("x", audio::module_factory()); }) == "patch 'p': module 'x' is added without a factory");
    CHECK(refusal([&] { p.connect({3, 0}, {2, 0}); }) ==
          "patch 'p': a cable from module 3, but there are only modules 1 to 2 (and 0, the panel)");
    CHECK(refusal([&] { p.connect({1, 0}, {2, -1}); }) ==
          "patch 'p': a cable to module 2 names jack -1; jacks are 0 to 255");
    CHECK(refusal([&] { p.connect({1, 256}, {2, 1}); }) ==
          "patch 'p': a cable from module 1 names jack 256; jacks are 0 to 255");
    CHECK(refusal([&] { p.connect({1, 0}, {2, 0}); }) ==
          "patch 'p': there is already a cable from module 1 jack 0 to module 2 jack 0");
    CHECK(refusal([&] { p.set_knob(9, 0, 0); }) == "patch 'p': there is no module 9; there are 1 to 2");
    CHECK(refusal([&] { p.set_knob(0, 0, 0); }) == "patch 'p': there is no module 0; there are 1 to 2");
    CHECK(refusal([&] { p.set_knob(2, 0, 1.5f); }).find("module 2 (hocket:Mixer), knob 0: value 1.5") !=
          std::string::npos);
    CHECK(refusal([&] { p.set_knob(2, 0, std::numeric_limits<float>::quiet_NaN()); }).find("not within 0 and 1") !=
          std::string::npos);
    CHECK(refusal([&] { p.set_knob(2, -1, 0); }).find("knobs are 0 to 255") != std::string::npos);
    CHECK(refusal([&] { p.set_state(3, ""); }) == "patch 'p': there is no module 3; there are 1 to 2");
    CHECK(p.cables().size() == 1);
}

TEST_CASE("modules are registered once, by a name, with a factory") {
    audio::register_module("test:Quiet", [] { return std::make_unique<quiet>(); });
    CHECK(static_cast<bool>(audio::find_module("test:Quiet")));
    CHECK_FALSE(static_cast<bool>(audio::find_module("test:Loud")));
    CHECK(refusal([] { audio::register_module("test:Quiet", [] { return std::make_unique<quiet>(); }); }) ==
          "a module is already registered as 'test:Quiet'");
    CHECK(refusal([] { audio::register_module("test:Other", {}); }) ==
          "module 'test:Other' is registered without a factory");
    CHECK(refusal([] { audio::register_module("", [] { return std::make_unique<quiet>(); }); }) ==
          "a module must be registered under a name");
    auto const names = audio::registered_modules();
    CHECK(std::is_sorted(names.begin(), names.end()));
    for (char const* const name :
         {"hocket:Analyser", "hocket:Convolver", "hocket:Gain", "hocket:Looper", "hocket:Mixer", "hocket:Noise",
          "hocket:Oscillator", "hocket:Recorder", "hocket:WavPlayer"})
        CHECK(std::find(names.begin(), names.end(), name) != names.end());
}

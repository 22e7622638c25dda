// The base class of modules, under MetaModule's name. Its functions: hocket/audio/module.hpp.
#pragma once

#include <hocket/audio/module.hpp>

class CoreProcessor : public hocket::audio::module {
public:
    CoreProcessor() = default;

    static constexpr float CvRangeVolts = 5.0f;
    static constexpr float MaxOutputVolts = 8.0f;
};

namespace MetaModule {
using ::CoreProcessor;
}

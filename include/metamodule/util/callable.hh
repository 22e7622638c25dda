// What an AsyncThread calls, under MetaModule's name.
#pragma once

#include <hocket/audio/action.hpp>

namespace MetaModule {

using Callback = hocket::audio::action;

}

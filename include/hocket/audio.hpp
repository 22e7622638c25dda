// All of hocket's audio engine. Link hocket-audio.
#pragma once

#include <hocket/audio/action.hpp>
#include <hocket/audio/async_thread.hpp>
#include <hocket/audio/engine.hpp>
#include <hocket/audio/freewheel_driver.hpp>
#include <hocket/audio/gain.hpp>
#include <hocket/audio/mixer.hpp>
#include <hocket/audio/module.hpp>
#include <hocket/audio/module_library.hpp>
#include <hocket/audio/oscillator.hpp>
#include <hocket/audio/panel.hpp>
#include <hocket/audio/patch.hpp>
#include <hocket/audio/patch_file.hpp>
#include <hocket/audio/port.hpp>
#include <hocket/audio/registry.hpp>
#include <hocket/audio/requests.hpp>
#include <hocket/audio/runner_pool.hpp>
#include <hocket/audio/spsc_ring.hpp>
#include <hocket/audio/timer_driver.hpp>
#include <hocket/audio/wav.hpp>
#include <hocket/audio/wav_player.hpp>

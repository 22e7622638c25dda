// AsyncThread under MetaModule's name, in both generations of its interface: the first names the module by its id, the
// second by its address. Its behaviour: hocket/audio/async_thread.hpp.
#pragma once

#include <hocket/audio/async_thread.hpp>
#include <utility>

#include "CoreModules/CoreProcessor.hh"
#include "util/callable.hh"

namespace MetaModule {

class AsyncThread {
public:
    AsyncThread() = default;
    AsyncThread(Callback&& action) : thread_(std::move(action)) {}
    AsyncThread(CoreProcessor* module) : thread_(module) {}
    AsyncThread(CoreProcessor* module, Callback&& action) : thread_(module, std::move(action)) {}

    // The id matters only to an AsyncThread that was made outside its module's constructor. [audio]
    void start(unsigned module_id) {
        thread_.attach(module_id);
        thread_.start();
    }
    void start(unsigned module_id, Callback&& action) {
        thread_.attach(module_id);
        thread_.start(std::move(action));
    }
    void start(Callback&& action, unsigned module_id) { start(module_id, std::move(action)); }
    void run_once(unsigned module_id) {
        thread_.attach(module_id);
        thread_.run_once();
    }

    void start() noexcept { thread_.start(); }
    void start(Callback&& action) noexcept { thread_.start(std::move(action)); }
    void run_once() noexcept { thread_.run_once(); }
    void stop() noexcept { thread_.stop(); }
    bool is_enabled() const noexcept { return thread_.is_enabled(); }

    // What only ours has: quiesce(), calls(), failures().
    hocket::audio::async_thread& native() noexcept { return thread_; }

private:
    hocket::audio::async_thread thread_;
};

}  // namespace MetaModule

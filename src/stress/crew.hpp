// Tasks that one function spawns and waits for.
//
// Invariant: join() returns when every task given to go() has returned from its function; what the functions refer to
//   must live until then, what they own may be destroyed a little later.
// Memory order: release when a task leaves, acquire by the last one, which hands over to join() through the promise.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <hocket/future.hpp>
#include <hocket/go.hpp>
#include <hocket/runtime.hpp>
#include <utility>

#include "stress/trial.hpp"

namespace hocket::stress {

class crew {
public:
    explicit crew(trial& t) : trial_(t), all_left_(last_.get_future()) {}
    crew(crew const&) = delete;
    crew& operator=(crew const&) = delete;
    ~crew() {
        if (!joined_) join();
    }

    // A task of the calling fiber's runtime. What f throws is a crash of the trial. Throws as hocket::go does. [fiber]
    template <class F>
    void go(F f) {
        enter([&] { hocket::go(wrapped(std::move(f))); });
    }
    template <class F>
    void go(launch const& how, F f) {
        enter([&] { hocket::go(how, wrapped(std::move(f))); });
    }
    template <class F>
    void go_blocking(F f) {
        enter([&] { hocket::go_blocking(wrapped(std::move(f))); });
    }

    // The same from a thread of no runtime. [any thread]
    template <class F>
    void go_on(runtime& rt, launch const& how, F f) {
        enter([&] { rt.go(how, wrapped(std::move(f))); });
    }
    template <class F>
    void go_blocking_on(runtime& rt, F f) {
        enter([&] { rt.go_blocking(wrapped(std::move(f))); });
    }

    // Waits for all; after it no more is spawned. [any thread]
    void join() {
        joined_ = true;
        leave();
        all_left_.wait();
    }

private:
    template <class F>
    auto wrapped(F f) {
        return [this, function = std::move(f)]() mutable {
            try {
                function();
            } catch (...) {
                trial_.caught(std::current_exception(), "a task of the scenario");
            }
            leave();
        };
    }

    template <class Spawn>
    void enter(Spawn spawn) {
        present_.fetch_add(1, std::memory_order_relaxed);
        try {
            spawn();
        } catch (...) {
            leave();
            throw;
        }
    }

    void leave() {
        // acq_rel: the last one sees what the others did, and passes it on
        if (present_.fetch_sub(1, std::memory_order_acq_rel) == 1) last_.set_value();
    }

    trial& trial_;
    std::atomic<std::uint64_t> present_{1};  // the owner counts until join()
    promise<void> last_;
    future<void> all_left_;
    bool joined_ = false;
};

}  // namespace hocket::stress

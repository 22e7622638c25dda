// Whether a library's callback may come in, for libraries whose thread is not stopped, or not well.
//
// States: closed (at first) <-> open. Whoever closes it waits for the callback that is inside.
// Memory order: the stores and loads of both words are sequentially consistent: of the two stores one is seen by the
// other side's load.
#pragma once

#include <atomic>
#include <chrono>
#include <hocket/detail/config.hpp>
#include <thread>

namespace hocket::inline HOCKET_ABI::audio::detail {

class callback_gate {
public:
    // Also forgets a callback that was ended inside. [control]
    void open() noexcept {
        inside_.store(false, std::memory_order_relaxed);
        closed_.store(false, std::memory_order_seq_cst);
    }
    // Nobody is inside when it returns, or will be before it is opened. [control]
    void close() noexcept {
        if (closed_.exchange(true, std::memory_order_seq_cst)) return;  // pairs with the load in enter()
        while (inside_.load(std::memory_order_seq_cst))                 // pairs with the stores in enter() and leave()
            std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
    // Whether it is open. leave() follows in either case. [audio]
    bool enter() noexcept {
        inside_.store(true, std::memory_order_seq_cst);
        return !closed_.load(std::memory_order_seq_cst);
    }
    void leave() noexcept { inside_.store(false, std::memory_order_seq_cst); }  // [audio]

private:
    std::atomic<bool> closed_{true};
    std::atomic<bool> inside_{false};
};

}  // namespace hocket::inline HOCKET_ABI::audio::detail

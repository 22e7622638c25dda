// Requests with a payload from the audio thread to a job, and its answers back.
//
// States of a request: sent -> taken by the job -> answered or failed -> received.
// Protocol: requests and answers travel through two rings of one writer and one reader each. What is under way, from
//   send() to receive(), never exceeds the capacity, so there is always room for an answer: the job never waits, and none is lost.
// Memory order: a slot is released by moving the ring's end, and acquired by reading it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <hocket/audio/async_thread.hpp>
#include <hocket/detail/config.hpp>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace hocket::inline HOCKET_ABI::audio {

// What receive() has found.
enum class received : unsigned char {
    nothing,
    answer,
    failure,  // the job threw: the log knows what, and the AsyncThread has counted it
};

// Belongs to a module, as an AsyncThread does; of the audio side there is one thread at a time. Requests and answers may own
// memory, if moving them neither throws nor enters the kernel; an answer that was received, and must not be destroyed by
// the audio thread, may travel back in a request.
template <class Request, class Answer>
class requests {
    static_assert(std::is_nothrow_move_constructible_v<Request> && std::is_nothrow_move_assignable_v<Request> &&
                  std::is_nothrow_default_constructible_v<Request>);
    static_assert(std::is_nothrow_move_constructible_v<Answer> && std::is_nothrow_move_assignable_v<Answer> &&
                  std::is_nothrow_default_constructible_v<Answer>);

public:
    using job = std::function<Answer(Request&&)>;

    // At most `capacity`, at least 1, are under way at once. `what` is called for each request, in the order in which they
    // were sent, as an action of the module's. Throws std::bad_alloc. [any thread but audio]
    requests(module* owner, std::size_t capacity, job what)
        : capacity_(capacity == 0 ? 1 : capacity),
          what_(std::move(what)),
          sent_(capacity_),
          answers_(capacity_),
          thread_(owner, [this] { serve(); }) {}

    // False, and `r` is as it was, when `capacity` are under way: receive() makes room. The job is called at the next tick.
    // [audio]
    bool send(Request&& r) noexcept {
        if (under_way_ == capacity_) return false;
        ++under_way_;
        sent_.push(std::move(r));
        thread_.run_once();
        return true;
    }
    bool send(Request const& r) noexcept
        requires std::is_nothrow_copy_constructible_v<Request>
    {
        return send(Request(r));
    }

    // The oldest answer that has come and was not received, if any; `to` is written only then. [audio]
    received receive(Answer& to) noexcept {
        if (answers_.empty()) return received::nothing;
        std::optional<Answer> a = answers_.pop();
        --under_way_;
        if (!a) return received::failure;
        to = *std::move(a);
        return received::answer;
    }

    // Sent and not received. [audio]
    std::size_t under_way() const noexcept { return under_way_; }
    std::size_t capacity() const noexcept { return capacity_; }

    // Waits until the job is not being called. Misuse in the job itself. [any thread but audio]
    void quiesce() { thread_.quiesce(); }

private:
    template <class T>
    class ring {
    public:
        explicit ring(std::size_t n) : items_(n) {}
        // acquire: pairs with the release in push()
        bool empty() const noexcept { return read_ == written_.load(std::memory_order_acquire); }
        // There is room. The ring needs no look at the reader: how many are under way is counted.
        void push(T&& item) noexcept {
            std::size_t const at = written_.load(std::memory_order_relaxed);
            items_[at % items_.size()] = std::move(item);
            written_.store(at + 1, std::memory_order_release);  // pairs with empty()
        }
        T pop() noexcept { return std::exchange(items_[read_++ % items_.size()], T()); }

    private:
        std::vector<T> items_;
        alignas(64) std::atomic<std::size_t> written_{0};
        alignas(64) std::size_t read_ = 0;  // the reader's
    };

    void serve() {
        if (sent_.empty()) return;
        Request r = sent_.pop();
        try {
            answers_.push(what_(std::move(r)));
        } catch (...) {
            answers_.push(std::nullopt);
            throw;
        }
    }

    std::size_t const capacity_;
    std::size_t under_way_ = 0;  // the audio thread's
    job what_;
    ring<Request> sent_;
    ring<std::optional<Answer>> answers_;
    async_thread thread_;  // last: its destructor waits for the action that uses the rest
};

}  // namespace hocket::inline HOCKET_ABI::audio

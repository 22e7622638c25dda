// The stacks of tasks that asked for a size of their own: a pool for each power of two from 16 KiB to 8 MiB, made when
// the first stack of it is asked for.
//
// Protocol: a pool is made under the lock and published by a release; from then on it is there until the end, so that
//   taking and looking up lock nothing of ours, and a signal handler may look up.
#pragma once

#include <array>
#include <cstddef>
#include <hocket/detail/atomic.hpp>
#include <hocket/detail/config.hpp>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "alloc/stack_pool.hpp"
#include "seam/lock.hpp"

namespace hocket::inline HOCKET_ABI::detail {

// No stack of a task's own size was to be had: a sentence tells which, and how to get more.
class no_stack : public std::bad_alloc {
public:
    explicit no_stack(std::string sentence) : sentence_(std::make_shared<std::string const>(std::move(sentence))) {}
    char const* what() const noexcept override { return sentence_->c_str(); }

private:
    std::shared_ptr<std::string const> sentence_;  // copying an exception must not throw
};

class size_classes {
public:
    // At most `max_stacks` stacks of each class, and as many as fit into `address_space`. [any thread]
    explicit size_classes(std::size_t max_stacks) noexcept : max_stacks_(max_stacks) {}
    size_classes(size_classes const&) = delete;
    size_classes& operator=(size_classes const&) = delete;

    // A stack of at least `bytes`, which are at most `largest`. Throws no_stack. It goes back to its pool. [any thread]
    stack* take(std::size_t bytes);

    // The existing stack whose guard, frames or record hold `address`, or null. Locks nothing. [any thread]
    stack* of(void const* address) const noexcept;

    // Calls f(stack_pool&) for each class of which there have been stacks, the smallest first. [any thread]
    template <class F>
    void for_each(F&& f) const {
        for (auto const& p : pools_)
            if (stack_pool* const pool = p.load(acquire); pool != nullptr) f(*pool);  // acquire: as in pool()
    }

private:
    static constexpr std::size_t smallest = 16 * 1024, largest = 8 * 1024 * 1024;
    static constexpr std::size_t classes = 10;
    static_assert(smallest << (classes - 1) == largest);
    // Bytes that one class may reserve. ThreadSanitizer has little more for all, and walks through what is reserved.
#ifdef HOCKET_TSAN
    static constexpr std::size_t address_space = std::size_t{1} << 32;
#else
    static constexpr std::size_t address_space = std::size_t{1} << 37;
#endif

    stack_pool& pool(std::size_t index, std::size_t bytes);

    std::size_t const max_stacks_;
    lock guard_;
    std::array<std::unique_ptr<stack_pool>, classes> owned_;
    std::array<atomic<stack_pool*>, classes> pools_{};
};

}  // namespace hocket::inline HOCKET_ABI::detail

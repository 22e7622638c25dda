// The injection queue: tasks for whichever worker looks first. First in, first out, under a lock.
#pragma once

#include <cstddef>
#include <hocket/detail/atomic.hpp>
#include <utility>

#include "fibers/sched/task.hpp"
#include "seam/lock.hpp"

namespace hocket::inline HOCKET_ABI::detail {

class injection {
public:
    // [any thread]
    void push(task* t) noexcept {
        hold held(guard_);
        list_.push(t);
        count_.store(count_.load(relaxed) + 1, relaxed);
    }

    // The oldest; null when there is none. [any thread]
    task* pop() noexcept {
        if (count_.load(relaxed) == 0) return nullptr;
        hold held(guard_);
        task* const t = list_.pop();
        if (t != nullptr) count_.store(count_.load(relaxed) - 1, relaxed);
        return t;
    }

    // The oldest that has a stack; null when there is none. Passes all that are older. [any thread]
    task* pop_begun() noexcept {
        if (count_.load(relaxed) == 0) return nullptr;
        hold held(guard_);
        task* before = nullptr;
        task* t = list_.first;
        while (t != nullptr && t->own == nullptr) before = std::exchange(t, t->link);
        if (t == nullptr) return nullptr;
        (before != nullptr ? before->link : list_.first) = t->link;
        if (list_.last == t) list_.last = before;
        count_.store(count_.load(relaxed) - 1, relaxed);
        return t;
    }

    // Up to `most` of the oldest, in order. [any thread]
    task_list pop(std::size_t most) noexcept {
        task_list out;
        if (count_.load(relaxed) == 0) return out;
        hold held(guard_);
        std::size_t n = 0;
        for (; n < most; ++n) {
            task* const t = list_.pop();
            if (t == nullptr) break;
            out.push(t);
        }
        count_.store(count_.load(relaxed) - n, relaxed);
        return out;
    }

    // A guess, but after a fence that follows the push it is seen. [any thread]
    std::size_t size() const noexcept { return count_.load(relaxed); }

private:
    alignas(64) lock guard_;
    task_list list_;
    atomic<std::size_t> count_{0};  // written under guard_
};

}  // namespace hocket::inline HOCKET_ABI::detail

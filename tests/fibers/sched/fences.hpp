// A machine without membarrier, for a scope.
#pragma once

#include "seam/fence.hpp"

// What is made meanwhile finds both halves of the unequal fence equal. While no other thread runs.
class without_membarrier {
public:
    explicit without_membarrier(bool without = true) : before_(hocket::detail::seam::fences_are_unequal) {
        if (without) hocket::detail::seam::fences_are_unequal = false;
    }
    without_membarrier(without_membarrier const&) = delete;
    without_membarrier& operator=(without_membarrier const&) = delete;
    ~without_membarrier() { hocket::detail::seam::fences_are_unequal = before_; }

private:
    bool const before_;
};

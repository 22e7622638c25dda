// A scenario: work that must leave an invariant standing.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace hocket::stress {

class trial;

struct scenario {
    std::string_view name;
    std::string_view claim;  // what it proves, in a line
    void (*run)(trial&);     // one round; called on the main thread, outside any runtime
};

// All there are, in the order of `run all`.
std::span<scenario const> scenarios() noexcept;

// The one of that name, or null.
scenario const* find_scenario(std::string_view name) noexcept;

// Their names, with commas.
std::string scenario_names();

}  // namespace hocket::stress

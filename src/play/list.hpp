// The modules that patches can name.
#pragma once

#include <string>

namespace play {

// A row for each registered module: its name, and how many jacks and knobs it has; "any" where it does not say. One
// that cannot be built has the reason instead. [control]
std::string list_of_modules();

}  // namespace play

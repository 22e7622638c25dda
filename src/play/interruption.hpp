// Whether somebody has asked for an early end, by SIGINT or SIGTERM.
#pragma once

namespace play {

// From now on the first of each of the two asks for an end, and a second one ends the program as ever. One that the
// caller of the program ignores stays ignored. [control]
void heed_signals() noexcept;

// The number of the signal that asked for an end; 0: none did. [any thread]
int interrupted() noexcept;

}  // namespace play

// A task in words, for people who look for it. It may be ending meanwhile: its record stays mapped.
#pragma once

#include <hocket/detail/config.hpp>
#include <iosfwd>
#include <string>

namespace hocket::inline HOCKET_ABI::detail {

class scheduler;
struct task;

// "function + 12 (program)", as far as the dynamic symbols tell; addr2line -e program does the rest. [any thread]
void print_site(std::ostream& out, void const* site);

// Empty when it has none. Throws std::bad_alloc. [any thread]
std::string name_of(scheduler const& s, task const& t);

// Its number, its name, where it was spawned. Throws std::bad_alloc. [any thread]
std::string describe(scheduler const& s, task const& t);

}  // namespace hocket::inline HOCKET_ABI::detail

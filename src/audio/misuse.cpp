// The end of a program that broke a rule.
#include "audio/misuse.hpp"

#include <cstdio>
#include <cstdlib>

namespace hocket::inline HOCKET_ABI::audio::detail {

void misuse(std::string const& sentence) noexcept {
    std::fprintf(stderr, "hocket-audio: misuse: %s\n", sentence.c_str());
    std::abort();
}

}  // namespace hocket::inline HOCKET_ABI::audio::detail

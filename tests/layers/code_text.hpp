// A source file's text with everything that is not code blanked out.
#pragma once

#include <string>
#include <string_view>

namespace layers {

// The text with comments, and the contents of string and character literals, replaced by spaces; lines and columns stay.
// The name in an #include line stays too.
std::string code_of(std::string_view text);

}  // namespace layers

// Thrown where this machine cannot do what is to be measured; a sentence.
#pragma once

#include <stdexcept>

namespace hocket::bench {

class unable : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

}  // namespace hocket::bench

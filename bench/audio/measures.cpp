#include "measures.hpp"

namespace hocket::bench {

std::vector<measure> const& measures() {
    static std::vector<measure> const all{realtime, ordinary, streaming, neighbours};
    return all;
}

}  // namespace hocket::bench

// Read from /proc.
#include "stress/memory.hpp"

#include <fstream>
#include <string>

namespace hocket::stress {

memory_use memory_use::now() {
    memory_use use;
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
        std::int64_t* const into = word == "VmRSS:" ? &use.resident : word == "VmPTE:" ? &use.page_tables : nullptr;
        std::int64_t kib = 0;
        if (into != nullptr && status >> kib) *into = kib * 1024;
    }
    return use;
}

}  // namespace hocket::stress

#include "surroundings.hpp"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

#include "thread.hpp"

namespace hocket::bench {

int session_nice() {
    std::ifstream in("/proc/self/autogroup");  // /autogroup-NUMBER nice VALUE
    std::string group, word;
    int value = 0;
    return in >> group >> word >> value ? value : 0;
}

surroundings::surroundings() : begin_(now()) {}

surroundings::reading surroundings::now() {
    reading r;
    r.at = now_ns();
    timespec own{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
    r.own = static_cast<double>(own.tv_sec) + static_cast<double>(own.tv_nsec) / 1e9;
    // cpu USER NICE SYSTEM IDLE IOWAIT IRQ SOFTIRQ STEAL ..., in ticks
    std::ifstream in("/proc/stat");
    std::string name;
    double user = 0, nice = 0, system = 0, idle = 0, waiting = 0, irq = 0, softirq = 0, stolen = 0;
    in >> name >> user >> nice >> system >> idle >> waiting >> irq >> softirq >> stolen;
    auto const tick = static_cast<double>(::sysconf(_SC_CLK_TCK));
    r.busy = (user + nice + system + irq + softirq) / tick;
    r.stolen = stolen / tick;
    return r;
}

surroundings::use surroundings::since() const {
    reading const end = now();
    double const length = static_cast<double>(end.at - begin_.at) / 1e9;
    return {std::max(0.0, end.busy - begin_.busy - (end.own - begin_.own)) / length,
            (end.stolen - begin_.stolen) / length};
}

}  // namespace hocket::bench

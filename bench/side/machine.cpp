#include "machine.hpp"

#include <sched.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include <ctime>
#include <fstream>

namespace hocket::bench {

static std::string cpu_model() {
    std::ifstream info("/proc/cpuinfo");
    for (std::string line; std::getline(info, line);) {
        if (!line.starts_with("model name")) continue;
        auto const at = line.find(": ");
        if (at != line.npos) return line.substr(at + 2);
    }
    return "unknown cpu";
}

machine this_machine() {
    machine m;
    m.cpu = cpu_model();
    m.compiler = COMPILER;
    utsname u{};
    if (::uname(&u) == 0) m.system = std::string(u.sysname) + ' ' + u.release + ' ' + u.machine;
    cpu_set_t mine;
    CPU_ZERO(&mine);
    if (::sched_getaffinity(0, sizeof mine, &mine) == 0) m.cores = static_cast<unsigned>(CPU_COUNT(&mine));
    if (::getloadavg(&m.load, 1) != 1) m.load = 0;
    return m;
}

date today() {
    std::time_t const now = std::time(nullptr);
    std::tm parts{};
    ::gmtime_r(&now, &parts);
    char day[16], time[16];
    std::strftime(day, sizeof day, "%Y-%m-%d", &parts);
    std::strftime(time, sizeof time, "%H:%M", &parts);
    return {day, time};
}

}  // namespace hocket::bench

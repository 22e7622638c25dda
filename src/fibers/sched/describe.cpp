// Names, numbers and places in the code.
#include "fibers/sched/describe.hpp"

#include <cxxabi.h>
#include <dlfcn.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <ostream>
#include <sstream>

#include "fibers/sched/scheduler.hpp"

namespace hocket::inline HOCKET_ABI::detail {

void print_site(std::ostream& out, void const* site) {
    Dl_info info;
    if (site == nullptr || dladdr(site, &info) == 0) {
        out << site;
        return;
    }
    char const* file = info.dli_fname != nullptr ? info.dli_fname : "?";
    if (char const* const slash = std::strrchr(file, '/')) file = slash + 1;
    if (info.dli_sname != nullptr) {
        int status = 0;
        std::unique_ptr<char, decltype(&std::free)> const name(
            abi::__cxa_demangle(info.dli_sname, nullptr, nullptr, &status), &std::free);
        out << (status == 0 ? name.get() : info.dli_sname) << " + "
            << static_cast<char const*>(site) - static_cast<char const*>(info.dli_saddr);
    } else {
        out << file << " + 0x" << std::hex << static_cast<char const*>(site) - static_cast<char const*>(info.dli_fbase)
            << std::dec;
        return;
    }
    out << " (" << file << ')';
}

std::string name_of(scheduler const& s, task const& t) {
    hold held(s.extras);
    task_extra const* const extra = t.extra;
    return extra != nullptr ? extra->name : std::string();
}

std::string describe(scheduler const& s, task const& t) {
    std::ostringstream out;
    out << t.id;
    if (std::string const name = name_of(s, t); !name.empty()) out << " '" << name << "'";
    out << " (spawned at ";
    print_site(out, t.spawn_site);
    out << ')';
    return out.str();
}

}  // namespace hocket::inline HOCKET_ABI::detail

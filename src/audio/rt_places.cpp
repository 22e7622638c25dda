// The table of places, and how they are told.
#include "audio/rt_places.hpp"

#include <cxxabi.h>
#include <dlfcn.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <memory>
#include <utility>

namespace hocket::inline HOCKET_ABI::audio::detail {

namespace {

struct place {
    enum : unsigned char { free, writing, written };
    std::atomic<unsigned char> state{free};
    char const* what = nullptr;  // null: a system call
    long call = no_call;
    std::size_t depth = 0;
    std::array<void*, rt_deepest> frames{};
    std::atomic<std::uint64_t> count{0};
};

std::array<place, 256> places;
std::atomic<std::uint64_t> total{0};  // those included that found no place

// Null when no place is left.
place* place_of(char const* what, long call, std::span<void* const> frames) noexcept {
    for (place& p : places) {
        unsigned char state = p.state.load(std::memory_order_acquire);  // pairs with the release below
        if (state == place::free && p.state.compare_exchange_strong(state, place::writing, std::memory_order_relaxed)) {
            p.what = what;
            p.call = call;
            p.depth = frames.size();
            std::copy(frames.begin(), frames.end(), p.frames.begin());
            p.state.store(place::written, std::memory_order_release);  // pairs with the acquires
            return &p;
        }
        if (state == place::written && p.what == what && p.call == call &&
            std::ranges::equal(frames, std::span(p.frames).first(p.depth)))
            return &p;
    }
    return nullptr;
}

constexpr std::pair<long, char const*> call_names[] = {
    {SYS_read, "read"},
    {SYS_write, "write"},
    {SYS_writev, "writev"},
    {SYS_pread64, "pread64"},
    {SYS_pwrite64, "pwrite64"},
    {SYS_openat, "openat"},
    {SYS_close, "close"},
    {SYS_lseek, "lseek"},
    {SYS_ioctl, "ioctl"},
    {SYS_fsync, "fsync"},
    {SYS_ppoll, "ppoll"},
    {SYS_sendto, "sendto"},
    {SYS_recvfrom, "recvfrom"},
    {SYS_mmap, "mmap"},
    {SYS_munmap, "munmap"},
    {SYS_mprotect, "mprotect"},
    {SYS_mremap, "mremap"},
    {SYS_madvise, "madvise"},
    {SYS_brk, "brk"},
    {SYS_futex, "futex"},
    {SYS_nanosleep, "nanosleep"},
    {SYS_clock_nanosleep, "clock_nanosleep"},
    {SYS_clock_gettime, "clock_gettime"},
    {SYS_sched_yield, "sched_yield"},
    {SYS_clone, "clone"},
    {SYS_rt_sigreturn, "rt_sigreturn"},
    {SYS_rt_sigprocmask, "rt_sigprocmask"},
    {SYS_getpid, "getpid"},
    {SYS_getppid, "getppid"},
    {SYS_gettid, "gettid"},
    {SYS_kill, "kill"},
    {SYS_tgkill, "tgkill"},
    {SYS_getrandom, "getrandom"},
};

std::string name_of(place const& p) {
    if (p.what != nullptr) return p.what;
    auto const* const known =
        std::find_if(std::begin(call_names), std::end(call_names), [&](auto const& n) { return n.first == p.call; });
    std::string name = "system call " + std::to_string(p.call);
    if (known != std::end(call_names)) name += std::string(" (") + known->second + ")";
    return name;
}

// "function + 0x12 (file + 0x3456)", the second for addr2line; the function as far as the dynamic symbols tell.
std::string text_of(void* frame) {
    auto const hex = [](auto const* from, auto const* to) {
        char digits[20];
        std::snprintf(digits, sizeof digits, "0x%lx",
                      static_cast<unsigned long>(static_cast<char const*>(to) - static_cast<char const*>(from)));
        return std::string(digits);
    };
    auto* const byte = static_cast<char*>(frame);
    Dl_info info;
    // A byte before: a return address may lie beyond its function.
    if (dladdr(byte - 1, &info) == 0 || info.dli_fname == nullptr) return hex(static_cast<char*>(nullptr), byte);
    char const* file = info.dli_fname;
    if (char const* const slash = std::strrchr(file, '/')) file = slash + 1;
    std::string const where = std::string(file) + " + " + hex(info.dli_fbase, frame);
    if (info.dli_sname == nullptr) return where;
    int status = 0;
    std::unique_ptr<char, decltype(&std::free)> const plain(
        abi::__cxa_demangle(info.dli_sname, nullptr, nullptr, &status), &std::free);
    return std::string(status == 0 ? plain.get() : info.dli_sname) + " + " + hex(info.dli_saddr, frame) + " (" + where +
           ")";
}

}  // namespace

void rt_record(char const* what, long call, std::span<void* const> frames) noexcept {
    if (place* const p = place_of(what, call, frames.first(std::min(frames.size(), rt_deepest))))
        p->count.fetch_add(1, std::memory_order_relaxed);
    total.fetch_add(1, std::memory_order_relaxed);
}

std::vector<rt_violation> rt_recorded() {
    std::vector<rt_violation> all;
    std::uint64_t told = 0;
    for (place const& p : places) {
        if (p.state.load(std::memory_order_acquire) != place::written) continue;  // pairs with place_of()
        std::uint64_t const count = p.count.load(std::memory_order_relaxed);
        if (count == 0) continue;
        told += count;
        rt_violation v{name_of(p), count, {}};
        for (void* const frame : std::span(p.frames).first(p.depth)) v.backtrace.push_back(text_of(frame));
        // Two threads that came to a new place at once have made two of it.
        auto const same = std::find_if(all.begin(), all.end(), [&](rt_violation const& x) {
            return x.what == v.what && x.backtrace == v.backtrace;
        });
        if (same != all.end())
            same->count += count;
        else
            all.push_back(std::move(v));
    }
    if (std::uint64_t const n = rt_recorded_count(); n > told)
        all.push_back({"at further places, of which no more are kept", n - told, {}});
    return all;
}

std::uint64_t rt_recorded_count() noexcept { return total.load(std::memory_order_relaxed); }

void rt_forget() noexcept {
    for (place& p : places) p.count.store(0, std::memory_order_relaxed);
    total.store(0, std::memory_order_relaxed);
}

}  // namespace hocket::inline HOCKET_ABI::audio::detail

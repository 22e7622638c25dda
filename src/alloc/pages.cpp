// Address space and the memory under it, over Linux.
#include "alloc/pages.hpp"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <hocket/detail/atomic.hpp>
#include <utility>

namespace hocket::inline HOCKET_ABI::detail::pages {

namespace {

// Values of the kernel's headers that Debian 12's do not have yet.
constexpr int madv_guard_install = 102;
constexpr int madv_populate_write = 23;
constexpr int pidfd_self = -10000;  // "this process" without a descriptor, Linux >= 6.14

// By ThreadSanitizer: the explorer's virtual threads have one errno in common.
#ifdef HOCKET_TSAN
#define HOCKET_UNSEEN __attribute__((noinline, no_sanitize("thread")))
#else
#define HOCKET_UNSEEN
#endif

// A user's errno survives whatever happens here.
class kept_errno {
public:
    kept_errno() noexcept : value_(read()) {}
    kept_errno(kept_errno const&) = delete;
    kept_errno& operator=(kept_errno const&) = delete;
    ~kept_errno() { write(value_); }

private:
    static HOCKET_UNSEEN int read() noexcept { return errno; }
    static HOCKET_UNSEEN void write(int value) noexcept { errno = value; }

    int const value_;
};

// The number in a file of /proc; 0 when it cannot be read.
std::size_t number_in(char const* path) noexcept {
    int const fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    char text[32] = {};
    ssize_t const n = read(fd, text, sizeof text - 1);
    close(fd);
    return n > 0 ? strtoul(text, nullptr, 10) : 0;
}

constexpr char const* map_limit = "/proc/sys/vm/max_map_count";

std::size_t mappings() noexcept {
    int const fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    std::size_t lines = 0;
    char text[4096];
    for (ssize_t n; (n = read(fd, text, sizeof text)) > 0;) lines += std::count(text, text + n, '\n');
    close(fd);
    return lines;
}

// Which of its two reasons the kernel had to answer ENOMEM.
outcome why_none() noexcept {
    std::size_t const limit = number_in(map_limit);
    // It answers at the limit; a split needs up to two more, and other threads map and unmap while we count.
    return limit != 0 && mappings() + 16 >= limit ? outcome::no_mappings : outcome::no_memory;
}

bool probe() noexcept {
    void* const page = map(size());
    if (page == nullptr) return false;
    memset(page, 0, sizeof(uint64_t));
    bool faults = false;
    if (madvise(page, size(), madv_guard_install) == 0) {
        // An eventfd reads its 8 bytes through the page tables, as any access would.
        int const fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
        if (fd >= 0) {
            faults = write(fd, page, sizeof(uint64_t)) == -1 && errno == EFAULT;
            close(fd);
        }
    }
    unmap(page, size());
    return faults;
}

// What process_madvise can do for many ranges at once; each whether that is worth a try: not when it once failed.
struct advice {
    int const which;
    atomic<bool> worth_a_try{true};
};
advice install{madv_guard_install}, populate_write{madv_populate_write};

// Of how many ranges one process_madvise did it; 0 when the kernel has no such call for this, or forbids it.
std::size_t advise_many(advice& a, std::byte* first, std::size_t bytes, std::size_t stride, std::size_t count) noexcept {
#ifdef SYS_process_madvise
    if (!a.worth_a_try.load(relaxed)) return 0;
    iovec ranges[64];
    count = std::min(count, std::size(ranges));
    for (std::size_t i = 0; i < count; ++i) ranges[i] = {first + i * stride, bytes};
    long done = syscall(SYS_process_madvise, pidfd_self, ranges, count, a.which, 0);
    if (done == -1 && errno == EBADF) {
        int const self = static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0));
        if (self >= 0) {
            done = syscall(SYS_process_madvise, self, ranges, count, a.which, 0);
            close(self);
        }
    }
    if (done <= 0) a.worth_a_try.store(false, relaxed);
    return done > 0 ? static_cast<std::size_t>(done) / bytes : 0;
#else
    static_cast<void>(a), static_cast<void>(first), static_cast<void>(bytes), static_cast<void>(stride);
    static_cast<void>(count);
    return 0;
#endif
}

}  // namespace

std::size_t size() noexcept {
    static std::size_t const bytes = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    return bytes;
}

std::size_t round_up(std::size_t bytes) noexcept {
    std::size_t const mask = size() - 1;
    return bytes > SIZE_MAX - mask ? SIZE_MAX & ~mask : (bytes + mask) & ~mask;
}

guard_method best_guard() noexcept {
    static guard_method const best = [] {
        kept_errno const kept;
        return probe() ? guard_method::install : guard_method::protect;
    }();
    return best;
}

std::string describe(outcome o) {
    switch (o) {
        case outcome::done:
            return {};
        case outcome::no_memory:
            return "the system has no memory left";
        case outcome::not_supported:
            return "the kernel refuses guard regions here";
        case outcome::no_mappings:
            break;
    }
    kept_errno const kept;
    return "the kernel allows this process no more memory mappings (vm.max_map_count = " +
           std::to_string(number_in(map_limit)) +
           ", and each guarded stack takes two); raise it with sysctl vm.max_map_count, or use Linux 6.13 or newer, "
           "where guards take none";
}

void* reserve(std::size_t bytes) noexcept {
    kept_errno const kept;
    void* const p = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED) return nullptr;
    madvise(p, bytes, MADV_NOHUGEPAGE);  // fails only in kernels that have no huge pages
    return p;
}

outcome commit(void* p, std::size_t bytes) noexcept {
    kept_errno const kept;
    return mprotect(p, bytes, PROT_READ | PROT_WRITE) == 0 ? outcome::done : why_none();
}

void decommit(void* p, std::size_t bytes) noexcept {
    kept_errno const kept;
    madvise(p, bytes, MADV_DONTNEED);
    mprotect(p, bytes, PROT_NONE);
}

guarded guard(void* first, std::size_t bytes, std::size_t stride, std::size_t count, guard_method method) noexcept {
    kept_errno const kept;
    auto* const at = static_cast<std::byte*>(first);
    std::size_t made = 0;
    if (method == guard_method::protect) {
        for (; made < count; ++made)
            if (mprotect(at + made * stride, bytes, PROT_NONE) != 0) return {made, why_none()};
        return {count, outcome::done};
    }
    bool unlocked = false;
    while (made < count) {
        std::size_t const many = advise_many(install, at + made * stride, bytes, stride, count - made);
        made += many;
        if (many != 0) continue;
        if (madvise(at + made * stride, bytes, madv_guard_install) != 0) {
            // Memory that mlockall() has locked takes no guards: these stacks are unlocked.
            if (errno == EINVAL && !std::exchange(unlocked, true) && munlock(at, (count - 1) * stride + bytes) == 0) continue;
            return {made, errno == ENOMEM ? outcome::no_memory : outcome::not_supported};
        }
        ++made;
    }
    return {count, outcome::done};
}

void populate(void* first, std::size_t bytes, std::size_t stride, std::size_t count) noexcept {
    kept_errno const kept;
    auto* const at = static_cast<std::byte*>(first);
    for (std::size_t done = 0, some = 1; done < count && some != 0; done += some)
        some = advise_many(populate_write, at + done * stride, bytes, stride, count - done);
}

void release(void* p, std::size_t bytes) noexcept {
    kept_errno const kept;
    if (bytes != 0) madvise(p, bytes, MADV_DONTNEED);
}

std::size_t touched(void const* p, std::size_t bytes) noexcept {
    kept_errno const kept;
    unsigned char resident[256];
    auto* const begin = static_cast<std::byte*>(const_cast<void*>(p));
    for (std::size_t done = 0; done < bytes; done += sizeof resident * size()) {
        std::size_t const some = std::min(bytes - done, sizeof resident * size());
        if (mincore(begin + done, some, resident) != 0) return 0;
        for (std::size_t i = 0; i < some / size(); ++i)
            if ((resident[i] & 1) != 0) return bytes - done - i * size();
    }
    return 0;
}

void* map(std::size_t bytes) noexcept {
    kept_errno const kept;
    void* const p = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? nullptr : p;
}

void unmap(void* p, std::size_t bytes) noexcept {
    kept_errno const kept;
    munmap(p, bytes);
}

}  // namespace hocket::inline HOCKET_ABI::detail::pages

// Judges a fault, and reports an overflow.
#include "fibers/sched/overflow.hpp"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <hocket/detail/fork.hpp>
#include <string_view>

#include "alloc/pages.hpp"
#include "fibers/sched/scheduler.hpp"
#include "fibers/sched/worker.hpp"

namespace hocket::inline HOCKET_ABI::detail {

namespace {

constexpr std::int64_t time_for_logger = 2'000'000'000;

// How far below the stack pointer a function may touch its stack: 128 bytes of red zone, and what a push takes.
constexpr std::ptrdiff_t below_stack_pointer = 512;

// A text of bounded length, cut when it is full.
class report {
public:
    report& operator<<(std::string_view s) noexcept {
        std::size_t const n = std::min(s.size(), sizeof text_ - length_);
        memcpy(text_ + length_, s.data(), n);
        length_ += n;
        return *this;
    }
    report& operator<<(std::uint64_t n) noexcept { return number(n, 10); }
    report& hex(std::uint64_t n) noexcept { return (*this << "0x").number(n, 16); }

    std::string_view text() const noexcept { return {text_, length_}; }

private:
    report& number(std::uint64_t n, unsigned base) noexcept {
        char digits[20];
        char* at = digits + sizeof digits;
        do *--at = "0123456789abcdef"[n % base];
        while ((n /= base) != 0);
        return *this << std::string_view(at, static_cast<std::size_t>(digits + sizeof digits - at));
    }

    char text_[1536];
    std::size_t length_ = 0;
};

// "program + 0x1234", as addr2line takes it, where the loader tells without a lock (glibc 2.35); else the address.
report& put_code(report& out, void const* code) noexcept {
#ifdef DLFO_STRUCT_HAS_EH_DBASE
    dl_find_object object;
    if (code != nullptr && _dl_find_object(const_cast<void*>(code), &object) == 0) {
        char const* name = object.dlfo_link_map->l_name;
        if (name == nullptr || *name == '\0') name = program_invocation_name;
        char const* const slash = strrchr(name, '/');
        out << (slash != nullptr ? slash + 1 : name) << " + ";
        return out.hex(reinterpret_cast<std::uintptr_t>(code) - object.dlfo_link_map->l_addr);
    }
#endif
    return out.hex(reinterpret_cast<std::uintptr_t>(code));
}

void put_fiber(report& out, worker const& w, task const* t) noexcept {
    if (t != nullptr) {
        out << "fiber " << std::uint64_t{t->id};
        constexpr std::size_t longest = 200;
        if (std::string_view const name = forker_of(*t).name(); !name.empty())
            out << " '" << name.substr(0, longest) << "'" << (name.size() > longest ? " (its name is longer)" : "");
    } else {
        out << "the runtime's own loop";
    }
    unsigned const ordinary = w.sched.ordinary();
    out << (w.blocking ? " on blocking worker " : " on worker ")
        << std::uint64_t{w.blocking ? w.index - ordinary : w.index};
}

void describe(report& out, worker const& w, task const* t, stack const& s, seam::memory_fault const& fault) noexcept {
    bool const of_its_own = s.pool != &w.sched.stacks;
    std::uint64_t const bytes = s.pool->stack_size();
    out << "stack overflow in ";
    put_fiber(out, w, t);
    out << ": its stack of " << bytes << " bytes is used up";
    if (fault.code != nullptr) put_code(out << " at ", fault.code);
    if (t != nullptr) {
        if (job const* const inner = t->face.inlined; inner != nullptr)
            put_code(out << ", in a job that it has forked: ", reinterpret_cast<void const*>(inner->call));
        put_code(out << "\n  spawned at ", t->spawn_site);
    }
    out << "\n  raise launch::stack_size for this task";
    if (of_its_own)
        out << " (" << bytes << " now, 8388608 at most)";
    else
        out << ", or runtime_options::stack_size (" << std::uint64_t{w.sched.options.stack_size}
            << " now) for all; 8388608 at most";
    out << "; addr2line -Cfe PROGRAM 0x... names the code";
}

void write_to_stderr(std::string_view text) noexcept {
    while (!text.empty()) {
        ssize_t const n = ::write(STDERR_FILENO, text.data(), text.size());
        if (n < 0 && errno != EINTR) return;
        if (n > 0) text.remove_prefix(static_cast<std::size_t>(n));
    }
}

// The fiber that stands on `s`, a stack that the worker is just leaving: whose context is about to be stored.
task const* leaving(worker const& w, stack const& s) noexcept {
    void** const store = w.landing_order.store;
    if (store == nullptr || store == &s.context || store == &w.home.token) return nullptr;
    auto const* const t = reinterpret_cast<task const*>(reinterpret_cast<std::byte*>(store) - offsetof(task, saved));
    return t->own == &s ? t : nullptr;
}

struct for_logger {
    scheduler const& sched;
    std::string_view text;
};

void judge(seam::memory_fault const& fault) noexcept {
    worker* const w = this_worker();
    if (w == nullptr) return;
    stack const* const s = w->sched.stack_at(fault.address);
    if (s == nullptr || fault.address >= s->base) return;
    if (fault.stack_pointer != nullptr && fault.stack_pointer - fault.address > below_stack_pointer) return;
    stack const* const stood_on = w->stood_on();
    task const* const t = s == stood_on ? w->current() : leaving(*w, *s);
    if (s != stood_on && t == nullptr) return;

    report out;
    constexpr std::string_view begin = "hocket: ", end = "\n";
    out << begin;
    describe(out, *w, t, *s, fault);
    out << end;
    write_to_stderr(out.text());  // at once: another thread may be at the same
    std::string_view const line = out.text();
    for_logger last{w->sched, line.substr(begin.size(), line.size() - begin.size() - end.size())};
    seam::set_current(nullptr);
    seam::die_after(
        [](void* what) noexcept {
            auto const& l = *static_cast<for_logger const*>(what);
            l.sched.log(log_level::error, l.text);
        },
        &last, time_for_logger);
}

}  // namespace

overflow_watch::overflow_watch() noexcept { seam::trap_faults(&judge); }
overflow_watch::~overflow_watch() { seam::untrap_faults(); }

worker_signal_stack::~worker_signal_stack() {
    if (memory_ != nullptr) pages::unmap(memory_, pages::size() + pages::round_up(seam::signal_stack_size()));
}

void worker_signal_stack::put_on() noexcept {
    std::size_t const bytes = pages::round_up(seam::signal_stack_size());
    if (bytes == 0) return;
    if (memory_ == nullptr) {
        memory_ = pages::reserve(pages::size() + bytes);
        if (memory_ == nullptr) return;
        if (pages::commit(static_cast<std::byte*>(memory_) + pages::size(), bytes) != pages::outcome::done) {
            pages::unmap(memory_, pages::size() + bytes);
            memory_ = nullptr;
            return;
        }
    }
    on_thread_.put_on(static_cast<std::byte*>(memory_) + pages::size(), bytes);
}

}  // namespace hocket::inline HOCKET_ABI::detail

// arena: what a task puts in its arena is its own, aligned, destroyed exactly once, and given back.
//
// Tasks fill spans of random size and alignment with a pattern, yield, and look whether it is still there; they make
// objects whose destructors count, rewind part of what they did, and spawn children with data built in the child's
// arena. When a future says that a task has completed, all it made must be destroyed. At the end the runtime's arenas
// must hold no byte.
// Op: an allocation. Latency: of an allocation with its constructor, of one in 16.
// Broken: a task writes into the span that follows its own.
#include <atomic>
#include <cstring>
#include <span>
#include <vector>

#include <hocket/arena.hpp>
#include <hocket/future.hpp>

#include "stress/clock.hpp"
#include "stress/crew.hpp"
#include "stress/scenarios/all.hpp"
#include "stress/stage.hpp"

namespace hocket::stress {

namespace {

// An object that counts itself, and knows whether it is whole.
class counted {
public:
    explicit counted(std::atomic<std::int64_t>& alive, std::uint64_t value) noexcept
        : alive_(alive), value_(value), copy_(mix(value)) {
        alive_.fetch_add(1, std::memory_order_relaxed);
    }
    counted(counted const&) = delete;
    counted& operator=(counted const&) = delete;
    ~counted() { alive_.fetch_sub(1, std::memory_order_relaxed); }
    bool whole() const noexcept { return copy_ == mix(value_); }

private:
    std::atomic<std::int64_t>& alive_;
    std::uint64_t const value_;
    std::uint64_t const copy_;
};

struct filled {
    std::span<unsigned char> bytes;
    unsigned char pattern;
    bool intact() const noexcept {
        for (unsigned char const b : bytes)
            if (b != pattern) return false;
        return true;
    }
};

class churner {
public:
    churner(trial& t, std::uint64_t number) : trial_(t), number_(number), choice_(t.random(number)) {}

    // Allocates, checks, and counts what it makes in `alive`.
    void work(std::atomic<std::int64_t>& alive) {
        auto& mine = this_fiber::arena();
        std::vector<filled> spans;
        std::vector<counted const*> objects;
        std::uint64_t const rounds = choice_.between(1, 12);
        for (std::uint64_t i = 0; i < rounds; ++i) {
            spans.push_back(fill(mine, size()));
            std::int64_t const start = choice_.one_in(16) ? now_ns() : 0;
            objects.push_back(&mine.make<counted>(alive, choice_.next()));
            if (start != 0) trial_.latency.record(now_ns() - start);
            if (choice_.one_in(8)) aside(mine);
            if (choice_.one_in(4)) this_fiber::yield();
        }
        if (trial_.broken() && number_ == 0) spill(mine, spans);
        for (auto const& s : spans)
            if (!s.intact()) trial_.fail("task " + std::to_string(number_) + " found strange bytes in its arena");
        for (auto const* o : objects)
            if (!o->whole()) trial_.fail("an object of task " + std::to_string(number_) + " was overwritten");
        trial_.ops.add(2 * rounds);
    }

private:
    // Mostly small; one in 40 is larger than a block is likely to be.
    std::size_t size() { return choice_.one_in(40) ? choice_.between(60'000, 300'000) : choice_.between(1, 700); }

    filled fill(arena& from, std::size_t bytes) {
        std::size_t const align = std::size_t{1} << choice_.below(choice_.one_in(10) ? 13 : 7);
        auto* const p = static_cast<unsigned char*>(from.allocate(bytes, align));
        if (reinterpret_cast<std::uintptr_t>(p) % align != 0)
            trial_.fail("an allocation is not aligned to " + std::to_string(align));
        auto const pattern = static_cast<unsigned char>(choice_.next());
        std::memset(p, pattern, bytes);
        return {{p, bytes}, pattern};
    }

    // Something that is taken back at once.
    void aside(arena& mine) {
        auto const here = mine.mark();
        std::size_t const used = mine.used();
        std::atomic<std::int64_t> brief{0};
        for (std::uint64_t i = choice_.below(6); i > 0; --i) mine.make<counted>(brief, i);
        static_cast<void>(fill(mine, size()));
        mine.rewind(here);
        trial_.expect("objects that outlived a rewind", brief.load(), 0);
        trial_.expect("bytes used after a rewind", mine.used(), used);
    }

    // The mistake: one byte too many, as a wrong length would write. The neighbour's memory is this task's own, so the
    // program stays defined and only the pattern is wrong.
    void spill(arena& mine, std::vector<filled>& spans) {
        spans.push_back(fill(mine, 64));
        unsigned char& neighbour = spans.back().bytes.front();
        neighbour = static_cast<unsigned char>(~neighbour);
    }

    trial& trial_;
    std::uint64_t const number_;
    generator choice_;
};

// Data for a child: built in the child's arena from two numbers.
struct parcel {
    parcel(std::atomic<std::int64_t>* alive, std::uint64_t value)
        : mark(*alive, value), text(40, 'x', &this_fiber::arena()) {}
    counted mark;
    std::pmr::vector<char> text;
};

}  // namespace

static void limited(trial& t) {
    arena small(64 * 1024);
    auto* const first = static_cast<unsigned char*>(small.allocate(1000));
    std::memset(first, 0x5A, 1000);
    bool refused = false;
    try {
        static_cast<void>(small.allocate(1024 * 1024));
    } catch (std::bad_alloc const&) {
        refused = true;
    }
    if (!refused) t.fail("an arena of 64 KiB gave a MiB");
    for (int i = 0; i < 1000; ++i)
        if (first[i] != 0x5A) return t.fail("a refused allocation changed an arena's content");
    if (small.reserved() > 64 * 1024) t.fail("an arena of 64 KiB holds " + std::to_string(small.reserved()) + " bytes");
}

void arena_churn(trial& t) {
    std::uint64_t const tasks = t.scaled(20'000, 60);
    std::atomic<std::int64_t> alive{0};
    tally parcels;
    std::uint64_t sent = 0;

    on_stage(t, [&] {
        crew churning(t);
        generator choice = t.random(hash("first task"));
        for (std::uint64_t i = 0; i < tasks; ++i) {
            switch (choice.below(4)) {
                case 0:  // one whose end is waited for
                    churning.go([&t, i] {
                        std::atomic<std::int64_t> mine{0};
                        async([&] { churner(t, i).work(mine); }).get();
                        t.expect("objects that outlived task " + std::to_string(i), mine.load(), 0);
                    });
                    break;
                case 1:  // one with a child that gets a parcel; nobody waits for the child but the stage
                    ++sent;
                    go_with<parcel>(
                        [&](parcel& p) {
                            this_fiber::yield();
                            for (char const c : p.text)
                                if (c != 'x') t.fail("a parcel was changed");
                            if (p.text.size() != 40 || !p.mark.whole()) t.fail("a parcel was changed");
                            parcels.add(1);
                            t.ops.add(1);
                        },
                        &alive, i);
                    break;
                default: churning.go([&, i] { churner(t, i).work(alive); });
            }
            if (choice.one_in(64)) this_fiber::yield();
        }
        churner(t, tasks).work(alive);
        churning.join();
        limited(t);
    });
    t.expect("objects alive at the end", alive.load(), 0);
    t.expect("parcels that arrived", parcels.sum(), sent);
}

}  // namespace hocket::stress

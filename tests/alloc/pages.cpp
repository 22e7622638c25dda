#include <doctest/doctest.h>
#include <errno.h>
#include <sys/mman.h>

#include "alloc/pages.hpp"
#include "child.hpp"

using namespace hocket::detail;

namespace {

// Whether a write to `p` ends the process by SIGSEGV.
bool faults(std::byte* p) {
    child_end const end = in_child([p] { *static_cast<std::byte volatile*>(p) = std::byte{1}; });
    return end.signal == SIGSEGV;
}

}  // namespace

TEST_CASE("pages: sizes round up to pages") {
    std::size_t const page = pages::size();
    CHECK(pages::round_up(0) == 0);
    CHECK(pages::round_up(1) == page);
    CHECK(pages::round_up(page) == page);
    CHECK(pages::round_up(page + 1) == 2 * page);
    CHECK(pages::round_up(SIZE_MAX) % page == 0);
}

TEST_CASE("pages: reserved space faults until it is committed, and again after decommit") {
    std::size_t const page = pages::size();
    auto* const p = static_cast<std::byte*>(pages::reserve(4 * page));
    REQUIRE(p != nullptr);
    CHECK(faults(p + page));
    REQUIRE(pages::commit(p + page, page) == pages::outcome::done);
    CHECK_FALSE(faults(p + page));
    CHECK(faults(p));
    CHECK(faults(p + 2 * page));
    p[page] = std::byte{7};
    pages::release(p + page, page);
    CHECK(p[page] == std::byte{0});
    pages::decommit(p + page, page);
    CHECK(faults(p + page));
    pages::unmap(p, 4 * page);
}

TEST_CASE("pages: guards fault and their neighbours do not, by either method") {
    std::size_t const page = pages::size();
    constexpr std::size_t count = 100;  // more than fit into one vectored call
    for (auto const method : {pages::guard_method::install, pages::guard_method::protect}) {
        if (method == pages::guard_method::install && pages::best_guard() != method) continue;
        CAPTURE(static_cast<int>(method));
        auto* const p = static_cast<std::byte*>(pages::reserve(count * 4 * page));
        REQUIRE(p != nullptr);
        REQUIRE(pages::commit(p, count * 4 * page) == pages::outcome::done);
        CHECK_FALSE(faults(p));
        pages::guarded const made = pages::guard(p, 2 * page, 4 * page, count, method);
        CHECK(made.count == count);
        CHECK(made.why == pages::outcome::done);
        for (std::size_t const i : {std::size_t{0}, std::size_t{63}, std::size_t{64}, count - 1}) {
            std::byte* const at = p + i * 4 * page;
            CHECK(faults(at));
            CHECK(faults(at + 2 * page - 1));
            CHECK_FALSE(faults(at + 2 * page));
            CHECK_FALSE(faults(at + 4 * page - 1));
        }
        pages::unmap(p, count * 4 * page);
    }
}

TEST_CASE("pages: errno survives") {
    errno = 77;
    CHECK(pages::reserve(std::size_t{1} << 60) == nullptr);
    CHECK(pages::map(std::size_t{1} << 60) == nullptr);
    void* const p = pages::reserve(pages::size());
    CHECK(pages::commit(static_cast<std::byte*>(p) + 1, pages::size()) != pages::outcome::done);
    pages::unmap(p, pages::size());
    CHECK(errno == 77);
}

TEST_CASE("pages: every outcome has its sentence") {
    CHECK(pages::describe(pages::outcome::done).empty());
    CHECK(pages::describe(pages::outcome::no_memory).find("memory") != std::string::npos);
    CHECK(pages::describe(pages::outcome::no_mappings).find("vm.max_map_count = ") != std::string::npos);
}

// std::pmr's default resource inside tasks. A program of its own: the resource is installed for the whole process.
#include <hocket/testing.hpp>

#include <hocket/fiber.hpp>
#include <hocket/future.hpp>
#include <hocket/go.hpp>
#include <hocket/runtime.hpp>
#include <memory_resource>
#include <string>
#include <thread>
#include <vector>

#include "clean.hpp"

namespace {

// Made while nothing was installed, destroyed at the very end.
std::pmr::vector<int> in_static_storage{1, 2, 3};

}  // namespace

TEST_CASE("pmr_default: inside a task the default resource is its arena, outside it is what it was") {
    std::pmr::memory_resource* const before = std::pmr::get_default_resource();
    CHECK(before == std::pmr::new_delete_resource());
    for_worker_counts([](unsigned workers) {
        hocket::runtime rt{hocket::testing::observed({.workers = workers, .blocking_workers = 1, .pmr_default_in_tasks = true})};
        std::pmr::vector<std::pmr::string> outside;
        for (int i = 0; i < 20; ++i) outside.emplace_back("made outside, long enough not to be in the object itself");
        rt.run([&outside] {
            std::vector<hocket::future<bool>> all;
            for (int k = 0; k < 20; ++k)
                all.push_back(hocket::async([k] {
                    hocket::arena& mine = hocket::this_fiber::arena();
                    std::size_t const used = mine.used();
                    std::pmr::vector<std::pmr::string> v;
                    for (int i = 0; i < 50; ++i) {
                        v.emplace_back("number " + std::to_string(k * 1000 + i) + ", and enough text to leave the small buffer");
                        if (i % 10 == 0) hocket::this_fiber::yield();
                    }
                    bool ok = mine.used() > used + 50 * 40;
                    for (int i = 0; i < 50; ++i)
                        ok = ok && v[static_cast<std::size_t>(i)].starts_with("number " + std::to_string(k * 1000 + i) + ",");
                    std::pmr::vector<std::pmr::string> const copy = v;
                    return ok && copy == v;
                }));
            for (auto& f : all) CHECK(f.get());
            // What came from the heap goes back to it, also when a task frees it.
            outside.clear();
            outside.shrink_to_fit();
            // And every alignment.
            for (std::size_t align = 1; align <= 1024; align *= 2) {
                void* const p = std::pmr::get_default_resource()->allocate(100, align);
                CHECK(reinterpret_cast<std::uintptr_t>(p) % align == 0);
                std::pmr::get_default_resource()->deallocate(p, 100, align);
            }
        });
        for (std::size_t align = 1; align <= 1024; align *= 2) {
            void* const p = std::pmr::get_default_resource()->allocate(100, align);
            CHECK(reinterpret_cast<std::uintptr_t>(p) % align == 0);
            std::pmr::get_default_resource()->deallocate(p, 100, align);
        }
        rt.shutdown();
        check_clean(rt);
    });
    in_static_storage.resize(10'000);
}

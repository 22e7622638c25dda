// std::pmr's default resource inside tasks. A program of its own: the resource is installed for the whole process.
#include <hocket/testing.hpp>

#include <hocket/fiber.hpp>
#include <hocket/future.hpp>
#include <hocket/go.hpp>
#include <hocket/runtime.hpp>
#include <memory>
#include <memory_resource>
#include <string>
#include <thread>
#include <vector>

#include "child.hpp"
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

TEST_CASE("pmr_default: what is freed on the other side of the border goes where it came from") {
    for_worker_counts([](unsigned workers) {
        hocket::runtime rt{hocket::testing::observed({.workers = workers, .blocking_workers = 1, .pmr_default_in_tasks = true})};
        auto const text = [](int i) { return "long enough not to be in the object itself " + std::to_string(i); };
        rt.run([&text] {
            // From an arena, freed by a thread, and by another task, while its own task waits.
            for (int round = 0; round < 20; ++round)
                hocket::async([&text, round] {
                    auto made = std::make_unique<std::pmr::vector<std::pmr::string>>();
                    for (int i = 0; i < 50; ++i) made->emplace_back(text(i));
                    std::size_t const used = hocket::this_fiber::arena().used();
                    if (round % 2 == 0)
                        std::thread([&made] { made.reset(); }).join();
                    else
                        hocket::async([&made] { made.reset(); }).get();
                    CHECK(hocket::this_fiber::arena().used() == used);
                }).get();
            // From the heap, freed by a task; what it grows to inside is the task's.
            std::unique_ptr<std::pmr::vector<std::pmr::string>> made;
            std::thread([&] {
                made = std::make_unique<std::pmr::vector<std::pmr::string>>();
                for (int i = 0; i < 50; ++i) made->emplace_back(text(i));
            }).join();
            hocket::async([&] {
                for (int i = 50; i < 100; ++i) made->emplace_back(text(i));
                for (int i = 0; i < 100; ++i) CHECK((*made)[static_cast<std::size_t>(i)] == text(i).c_str());
                made.reset();
            }).get();
        });
        rt.shutdown();
        check_clean(rt);
    });
}

#ifdef HOCKET_ASAN
TEST_CASE("pmr_default: AddressSanitizer sees a container that outlives the task whose arena it lives in") {
    auto const use_after = [](bool outlives) {
        return in_child([outlives] {
            hocket::runtime rt{{.workers = 1, .blocking_workers = 1, .pmr_default_in_tasks = true}};
            rt.run([outlives] {
                std::unique_ptr<std::pmr::vector<int>> made;
                hocket::async([&made, outlives] {
                    made = std::make_unique<std::pmr::vector<int>>(100, 7);
                    if (!outlives) made.reset();
                }).get();
                if (made != nullptr) (*made)[50] = 8;
            });
        });
    };
    CHECK(use_after(false).code == 0);
    auto const end = use_after(true);
    CHECK(end.code != 0);
    CHECK(end.text.find("use-after-poison") != end.text.npos);
}
#endif

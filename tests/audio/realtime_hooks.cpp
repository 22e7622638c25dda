// Tools 2 and 3, libhocket-rt-hooks: allocations that enter no kernel, and locks that nobody contends, are seen, and
// done.
#include <doctest/doctest.h>
#include <malloc.h>
#include <pthread.h>
#include <semaphore.h>
#include <time.h>

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <vector>

#include "watched.hpp"

using namespace support;
using namespace std::chrono_literals;
using hocket::audio::rt_section;

namespace {

// Nobody sees that nothing is done with it.
void* volatile kept = nullptr;

timespec soon() {
    timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return t;
}

}  // namespace

TEST_CASE("the hooks are in place") {
    checking const on;
    CHECK(on.sight.allocations);
    CHECK(on.sight.locks);
}

TEST_CASE("C's allocations are seen, each by its name, and give memory") {
    checking const on;
    check_seen("malloc", [] { kept = std::malloc(24); });
    REQUIRE(kept != nullptr);
    std::memset(kept, 1, 24);
    check_seen("realloc", [] { kept = std::realloc(kept, 2400); });
    REQUIRE(kept != nullptr);
    CHECK(static_cast<char*>(kept)[23] == 1);
    check_seen("free", [] { std::free(kept); });
    check_seen("calloc", [] { kept = std::calloc(3, 8); });
    REQUIRE(kept != nullptr);
    for (int i = 0; i < 24; ++i) CHECK(static_cast<char*>(kept)[i] == 0);
    std::free(kept);
    check_seen("aligned_alloc", [] { kept = std::aligned_alloc(64, 128); });
    CHECK(reinterpret_cast<std::uintptr_t>(kept) % 64 == 0);
    std::free(kept);
    check_seen("memalign", [] { kept = ::memalign(64, 100); });
    CHECK(reinterpret_cast<std::uintptr_t>(kept) % 64 == 0);
    std::free(kept);
    void* memory = nullptr;
    int error = 0;
    check_seen("posix_memalign", [&] { error = ::posix_memalign(&memory, 256, 100); });
    CHECK(error == 0);
    CHECK(reinterpret_cast<std::uintptr_t>(memory) % 256 == 0);
    std::free(memory);
}

TEST_CASE("C++'s allocations are seen: new, delete, containers, exceptions") {
    checking const on;
    check_seen("malloc", [] { kept = new int(7); });
    CHECK(*static_cast<int*>(kept) == 7);
    check_seen("free", [] { delete static_cast<int*>(kept); });
    struct alignas(128) wide {
        char bytes[128];
    };
    check_seen("aligned_alloc", [] { kept = new wide; });
    check_seen("free", [] { delete static_cast<wide*>(kept); });
    check_seen("malloc", [] { kept = new std::string(100, 'x'); });
    delete static_cast<std::string*>(kept);
    std::vector<int> v;
    check_seen("malloc", [&] {
        v.push_back(1);
        kept = v.data();  // else a compiler may do without the memory
    });
    check_seen("malloc", [] {
        try {
            throw 1;
        } catch (int) {
        }
    });
}

TEST_CASE("allocation in code of a library is seen") {
    checking const on;
    check_seen("malloc", [] { kept = ::strdup("abc"); });
    CHECK(std::strcmp(static_cast<char*>(kept), "abc") == 0);
    std::free(kept);
}

TEST_CASE("locks that nobody contends are seen, and taken") {
    checking const on;
    std::mutex m;
    check_seen("pthread_mutex_lock", [&] { m.lock(); });
    CHECK(!m.try_lock());
    m.unlock();
    bool taken = false;
    check_seen("pthread_mutex_trylock", [&] { taken = m.try_lock(); });
    CHECK(taken);
    m.unlock();
    std::timed_mutex t;
    check_seen("pthread_mutex_", [&] { taken = t.try_lock_for(1ms); });
    CHECK(taken);
    t.unlock();
    pthread_mutex_t raw = PTHREAD_MUTEX_INITIALIZER;
    timespec const now = soon();
    check_seen("pthread_mutex_timedlock", [&] { taken = ::pthread_mutex_timedlock(&raw, &now) == 0; });
    CHECK(taken);
    ::pthread_mutex_unlock(&raw);

    std::shared_mutex s;
    check_seen("pthread_rwlock_wrlock", [&] { s.lock(); });
    s.unlock();
    check_seen("pthread_rwlock_rdlock", [&] { s.lock_shared(); });
    s.unlock_shared();
    check_seen("pthread_rwlock_trywrlock", [&] { taken = s.try_lock(); });
    CHECK(taken);
    check_seen("pthread_rwlock_tryrdlock", [&] { taken = s.try_lock_shared(); });
    CHECK(!taken);
    s.unlock();

    pthread_spinlock_t spin;
    ::pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
    check_seen("pthread_spin_lock", [&] { ::pthread_spin_lock(&spin); });
    check_seen("pthread_spin_trylock", [&] { taken = ::pthread_spin_trylock(&spin) == 0; });
    CHECK(!taken);
    ::pthread_spin_unlock(&spin);
    ::pthread_spin_destroy(&spin);
}

TEST_CASE("condition variables and semaphores are seen, also where nobody waits") {
    checking const on;
    std::condition_variable c;
    std::mutex m;
    check_seen("pthread_cond_signal", [&] { c.notify_one(); });
    check_seen("pthread_cond_broadcast", [&] { c.notify_all(); });
    std::unique_lock held(m);
    // A wait that ends at once: its time has come.
    check_seen("pthread_cond_", [&] { c.wait_until(held, std::chrono::steady_clock::now()); });
    timespec const now = soon();
    pthread_cond_t raw = PTHREAD_COND_INITIALIZER;
    check_seen("pthread_cond_timedwait", [&] { ::pthread_cond_timedwait(&raw, m.native_handle(), &now); });

    sem_t s;
    ::sem_init(&s, 0, 1);
    check_seen("sem_wait", [&] { ::sem_wait(&s); });
    int result = 0;
    check_seen("sem_trywait", [&] { result = ::sem_trywait(&s); });
    CHECK(result == -1);
    check_seen("sem_post", [&] { ::sem_post(&s); });
    check_seen("sem_timedwait", [&] { result = ::sem_timedwait(&s, &now); });
    CHECK(result == 0);
    ::sem_destroy(&s);
}

TEST_CASE("outside of sections nothing is told") {
    checking const on;
    { rt_section const section; }
    kept = std::malloc(10);
    std::free(kept);
    std::mutex m;
    m.lock();
    m.unlock();
    CHECK(rt_section::count() == 0);
}

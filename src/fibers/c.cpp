// The C interface: each object is the C++ one in a struct, each function a call and the name of what it threw.
#include <hocket/hocket.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <hocket/cancelled.hpp>
#include <hocket/channel.hpp>
#include <hocket/condition_variable.hpp>
#include <hocket/fiber.hpp>
#include <hocket/go.hpp>
#include <hocket/runtime.hpp>
#include <hocket/select.hpp>
#include <hocket/semaphore.hpp>
#include <hocket/this_fiber.hpp>
#include <hocket/timed_mutex.hpp>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <system_error>

struct hocket_runtime {
    hocket::runtime object;
};
struct hocket_fiber {
    hocket::fiber object;
};
struct hocket_mutex {
    hocket::timed_mutex object;
};
struct hocket_condition {
    hocket::condition_variable_any object;
};
struct hocket_semaphore {
    hocket::counting_semaphore<> object;
};
struct hocket_channel {
    hocket::channel<void*> object;
};

namespace {

using std::chrono::nanoseconds;

// What f() threw, by its name.
template <class F>
hocket_status status_of(F f, std::string* why = nullptr) noexcept {
    auto const told = [&](std::exception const& e, hocket_status s) {
        if (why != nullptr) *why = e.what();
        return s;
    };
    try {
        f();
        return HOCKET_OK;
    } catch (hocket::no_runtime const& e) {
        return told(e, HOCKET_NO_RUNTIME);
    } catch (std::invalid_argument const& e) {
        return told(e, HOCKET_INVALID);
    } catch (std::bad_alloc const& e) {
        return told(e, HOCKET_NO_MEMORY);
    } catch (std::system_error const& e) {
        return told(e, HOCKET_NO_THREAD);
    } catch (hocket::cancelled const&) {
        return HOCKET_CANCELLED;
    }
}

hocket::launch launch_of(hocket_launch const* how) {
    hocket::launch l;
    if (how == nullptr) return l;
    if (how->name != nullptr) l.name = how->name;
    l.delay = nanoseconds(how->delay);
    l.worker = how->worker;
    l.stack_size = how->stack_size;
    l.own_fp_control = how->own_fp_control != 0;
    return l;
}

hocket::runtime_options options_of(hocket_options const* from) {
    hocket::runtime_options o;
    if (from == nullptr) return o;
    o.workers = from->workers;
    o.blocking_workers = from->blocking_workers;
    switch (from->context) {
        case HOCKET_CONTEXT_AUTOMATIC: break;
        case HOCKET_CONTEXT_NATIVE: o.context = hocket::context_backend::native; break;
        case HOCKET_CONTEXT_BOOST: o.context = hocket::context_backend::boost; break;
        default: throw std::invalid_argument("hocket: hocket_options::context is none of the three");
    }
    if (from->stack_size != 0) o.stack_size = from->stack_size;
    if (from->max_stacks != 0) o.max_stacks = from->max_stacks;
    if (from->arena_limit != 0) o.arena_limit = from->arena_limit;
    return o;
}

// The same of a wait that says itself how it ended.
template <class F>
hocket_status result_of(F f) noexcept {
    hocket_status ended = HOCKET_OK;
    hocket_status const thrown = status_of([&] { ended = f(); });
    return thrown == HOCKET_OK ? ended : thrown;
}

constexpr size_t most_cases = 65'536;

hocket_status named(hocket::channel_status s) noexcept {
    switch (s) {
        case hocket::channel_status::success: return HOCKET_OK;
        case hocket::channel_status::closed: return HOCKET_CLOSED;
        case hocket::channel_status::stopped: return HOCKET_STOPPED;
        default: return HOCKET_TIMEOUT;
    }
}

}  // namespace

extern "C" {

char const* hocket_describe(hocket_status status) {
    switch (status) {
        case HOCKET_OK: return "it is done";
        case HOCKET_TIMEOUT: return "the time came first";
        case HOCKET_CLOSED: return "the channel is closed";
        case HOCKET_INVALID: return "an option or attribute makes no sense";
        case HOCKET_NO_MEMORY: return "there is no memory, or no stack of that size";
        case HOCKET_NO_RUNTIME: return "the caller is in no runtime, or it has been shut down";
        case HOCKET_CANCELLED: return "the caller's runtime is being cancelled";
        case HOCKET_STOPPED: return "the caller was asked to stop";
        case HOCKET_NO_THREAD: return "the system has no thread left, or lacks another resource";
    }
    return "no hocket_status";
}

hocket_status hocket_runtime_create(hocket_options const* options, hocket_runtime** made_one, char* why, size_t why_size) {
    *made_one = nullptr;
    std::string sentence;
    hocket_status const s = status_of(
        [&] { *made_one = ::new hocket_runtime{hocket::runtime(options_of(options))}; }, &sentence);
    if (why != nullptr && why_size != 0) {
        std::size_t const n = std::min(sentence.size(), why_size - 1);
        std::memcpy(why, sentence.data(), n);
        why[n] = '\0';
    }
    return s;
}
void hocket_runtime_destroy(hocket_runtime* runtime) { delete runtime; }
hocket_status hocket_runtime_start(hocket_runtime* runtime) {
    return status_of([&] { runtime->object.start(); });
}
void hocket_runtime_shutdown(hocket_runtime* runtime) { runtime->object.shutdown(); }
hocket_status hocket_runtime_cancel(hocket_runtime* runtime, int64_t nanoseconds) {
    return result_of([&] {
        auto const left = runtime->object.shutdown(hocket::cancel, std::chrono::nanoseconds(nanoseconds));
        return left.empty() ? HOCKET_OK : HOCKET_TIMEOUT;
    });
}
hocket_status hocket_runtime_run(hocket_runtime* runtime, hocket_function f, void* data) {
    return status_of([&] { runtime->object.run(f, data); });
}
hocket_status hocket_runtime_go(hocket_runtime* runtime, hocket_function f, void* data) {
    return status_of([&] { runtime->object.go(f, data); });
}
hocket_status hocket_runtime_go_blocking(hocket_runtime* runtime, hocket_function f, void* data) {
    return status_of([&] { runtime->object.go_blocking(f, data); });
}

hocket_status hocket_go(hocket_launch const* how, hocket_function f, void* data) {
    return status_of([&] { hocket::go(launch_of(how), f, data); });
}
hocket_status hocket_go_blocking(hocket_launch const* how, hocket_function f, void* data) {
    return status_of([&] { hocket::go_blocking(launch_of(how), f, data); });
}
hocket_status hocket_blocking(hocket_function f, void* data) {
    return status_of([&] { hocket::blocking([&] { f(data); }); });
}

hocket_status hocket_fiber_create(hocket_launch const* how, hocket_function f, void* data, hocket_fiber** made_one) {
    *made_one = nullptr;
    return status_of([&] {
        auto handle = std::make_unique<hocket_fiber>();  // first: a task that has begun must have one
        handle->object = hocket::fiber(launch_of(how), f, data);
        *made_one = handle.release();
    });
}
hocket_status hocket_fiber_join(hocket_fiber* fiber) {
    hocket_status const s = status_of([&] {
        if (fiber != nullptr) fiber->object.join();
    });
    delete fiber;
    return s;
}
void hocket_fiber_detach(hocket_fiber* fiber) {
    if (fiber != nullptr) fiber->object.detach();
    delete fiber;
}
void hocket_fiber_request_stop(hocket_fiber* fiber) { fiber->object.request_stop(); }
int hocket_stop_requested(void) {
    int asked = 0;
    status_of([&] { asked = hocket::this_fiber::get_stop_token().stop_requested(); });
    return asked;
}

void hocket_yield(void) { hocket::this_fiber::yield(); }
void hocket_yield_point(void) { hocket::this_fiber::yield_point(); }
hocket_status hocket_sleep(int64_t nanoseconds) {
    return status_of([&] { hocket::this_fiber::sleep_for(std::chrono::nanoseconds(nanoseconds)); });
}
int hocket_in_runtime(void) { return hocket::this_fiber::in_runtime(); }
int hocket_worker(void) { return hocket::this_fiber::worker(); }

void* hocket_arena_allocate(size_t bytes, size_t alignment) {
    void* memory = nullptr;
    if (hocket::this_fiber::in_runtime())
        status_of([&] { memory = hocket::this_fiber::arena().allocate(bytes, alignment); });
    return memory;
}

hocket_mutex* hocket_mutex_create(void) { return new (std::nothrow) hocket_mutex; }
void hocket_mutex_destroy(hocket_mutex* mutex) { delete mutex; }
void hocket_mutex_lock(hocket_mutex* mutex) { mutex->object.lock(); }
hocket_status hocket_mutex_lock_for(hocket_mutex* mutex, int64_t nanoseconds) {
    return mutex->object.try_lock_for(std::chrono::nanoseconds(nanoseconds)) ? HOCKET_OK : HOCKET_TIMEOUT;
}
void hocket_mutex_unlock(hocket_mutex* mutex) { mutex->object.unlock(); }

hocket_condition* hocket_condition_create(void) {
    return new (std::nothrow) hocket_condition;
}
void hocket_condition_destroy(hocket_condition* condition) { delete condition; }
hocket_status hocket_condition_wait(hocket_condition* condition, hocket_mutex* mutex) {
    return status_of([&] { condition->object.wait(mutex->object); });
}
hocket_status hocket_condition_wait_for(hocket_condition* condition, hocket_mutex* mutex, int64_t nanoseconds) {
    return result_of([&] {
        auto const s = condition->object.wait_for(mutex->object, std::chrono::nanoseconds(nanoseconds));
        return s == hocket::cv_status::timeout ? HOCKET_TIMEOUT : HOCKET_OK;
    });
}
void hocket_condition_notify_one(hocket_condition* condition) { condition->object.notify_one(); }
void hocket_condition_notify_all(hocket_condition* condition) { condition->object.notify_all(); }

hocket_semaphore* hocket_semaphore_create(ptrdiff_t permits) {
    return permits < 0 ? nullptr : new (std::nothrow) hocket_semaphore{hocket::counting_semaphore<>(permits)};
}
void hocket_semaphore_destroy(hocket_semaphore* semaphore) { delete semaphore; }
hocket_status hocket_semaphore_acquire(hocket_semaphore* semaphore) {
    return status_of([&] { semaphore->object.acquire(); });
}
hocket_status hocket_semaphore_acquire_for(hocket_semaphore* semaphore, int64_t nanoseconds) {
    return result_of([&] {
        return semaphore->object.try_acquire_for(std::chrono::nanoseconds(nanoseconds)) ? HOCKET_OK : HOCKET_TIMEOUT;
    });
}
void hocket_semaphore_release(hocket_semaphore* semaphore, ptrdiff_t permits) { semaphore->object.release(permits); }

hocket_channel* hocket_channel_create(size_t capacity) {
    hocket_channel* channel = nullptr;
    status_of([&] {
        channel = capacity == HOCKET_UNBOUNDED ? new hocket_channel{hocket::channel<void*>(hocket::unbounded)}
                                               : new hocket_channel{hocket::channel<void*>(capacity)};
    });
    return channel;
}
void hocket_channel_destroy(hocket_channel* channel) { delete channel; }
hocket_status hocket_channel_send(hocket_channel* channel, void* pointer) {
    return result_of([&] { return channel->object.send(pointer) ? HOCKET_OK : HOCKET_CLOSED; });
}
hocket_status hocket_channel_send_for(hocket_channel* channel, void* pointer, int64_t nanoseconds) {
    return result_of([&] { return named(channel->object.send_for(pointer, std::chrono::nanoseconds(nanoseconds))); });
}
hocket_status hocket_channel_recv(hocket_channel* channel, void** pointer) {
    std::optional<void*> got;
    hocket_status const s = result_of([&] {
        got = channel->object.recv();
        return got ? HOCKET_OK : HOCKET_CLOSED;
    });
    *pointer = got.value_or(nullptr);
    return s;
}
hocket_status hocket_channel_recv_for(hocket_channel* channel, void** pointer, int64_t nanoseconds) {
    std::optional<void*> got;
    hocket_status const s =
        result_of([&] { return named(channel->object.recv_for(got, std::chrono::nanoseconds(nanoseconds))); });
    *pointer = got.value_or(nullptr);
    return s;
}
void hocket_channel_close(hocket_channel* channel) { channel->object.close(); }

hocket_status hocket_select(hocket_case* cases, size_t n, int64_t nanoseconds, int heeds_stop, size_t* chosen) {
    *chosen = n;
    return result_of([&] {
        namespace d = hocket::detail;
        if (n > most_cases) return HOCKET_INVALID;
        std::stop_token const token = heeds_stop != 0 ? hocket::this_fiber::get_stop_token() : std::stop_token();
        d::wait_limit limit;
        if (token.stop_possible()) limit.stop = &token;
        if (nanoseconds != HOCKET_FOREVER)
            limit.deadline = nanoseconds <= 0 ? 0 : d::from_now(std::chrono::nanoseconds(nanoseconds));
        auto const entries = std::make_unique<d::select_case[]>(n);
        bool any = false;
        for (size_t i = 0; i < n; ++i) {
            hocket_case& c = cases[i];
            if (c.channel == nullptr) continue;
            any = true;
            entries[i].on = &d::core_of::of(c.channel->object);
            entries[i].item = &c.pointer;
            entries[i].sends = c.sends != 0;
        }
        if (!any && limit.none()) return HOCKET_INVALID;
        d::select_outcome const o = d::select_among(entries.get(), n, limit);
        if (o.status == hocket::channel_status::would_block && token.stop_requested()) return HOCKET_STOPPED;
        bool const done = o.status == hocket::channel_status::success || o.status == hocket::channel_status::closed;
        if (done) *chosen = o.index;
        if (o.status == hocket::channel_status::closed && cases[o.index].sends == 0) cases[o.index].pointer = nullptr;
        return named(o.status);
    });
}

}  // extern "C"

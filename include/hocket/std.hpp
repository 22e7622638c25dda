// The names that a program written for std's threads needs, so that `namespace stdx = hocket;` in place of
// `namespace stdx = std;` is the whole port. The program's main work then runs in a runtime (runtime::run()).
//
// What differs:
//   - thread and jthread are both hocket::fiber: destroying one that can be joined asks it to stop and joins it, where
//     std::thread would end the program. A fiber is made inside a runtime; elsewhere that throws no_runtime. There is
//     no native_handle().
//   - thread_local variables belong to the thread, not to the fiber: see docs/hazards.md, and fiber_local.
//   - this_thread::get_id() is the empty id on threads outside any runtime.
//   - async() always begins at once, as with launch::async; there is no launch::deferred.
//   - Whatever blocks outside of hocket blocks a worker: std's own mutexes, files, sockets. See hocket::blocking().
#pragma once

#include <hocket/hocket.hpp>

#include <mutex>
#include <shared_mutex>
#include <stop_token>

namespace hocket::inline HOCKET_ABI {

using thread = fiber;
using jthread = fiber;

// yield(), sleep_for(), sleep_until(), get_id().
namespace this_thread = this_fiber;

using std::adopt_lock;
using std::adopt_lock_t;
using std::defer_lock;
using std::defer_lock_t;
using std::lock;
using std::lock_guard;
using std::scoped_lock;
using std::shared_lock;
using std::try_lock;
using std::try_to_lock;
using std::try_to_lock_t;
using std::unique_lock;

using std::nostopstate;
using std::nostopstate_t;
using std::stop_callback;
using std::stop_source;
using std::stop_token;

}  // namespace hocket::inline HOCKET_ABI

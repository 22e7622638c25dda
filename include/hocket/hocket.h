/* hocket for C: runtimes, tasks, fibers, and what they wait for.
 *
 * Objects are made by a _create and ended by a _destroy of theirs; NULL may be destroyed, joined and detached. Whoever waits
 * suspends a fiber, or blocks a plain thread; both may use one object. What returns a status, and waits for anything but a mutex
 * or hocket_blocking(), may return HOCKET_CANCELLED: nothing was received, sent or acquired then. Durations are nanoseconds;
 * HOCKET_FOREVER does not end, 0 and less look once. No function throws; a function that is handed over must neither throw nor
 * longjmp out of itself. The thread brackets are those of the C++ headers, which say more about each thing: [any thread], or
 * [fiber] for a task of a runtime.
 * What C++ has beyond this: futures, scopes, parallel algorithms, locals, barriers, stop tokens for every wait.
 */
#ifndef HOCKET_HOCKET_H
#define HOCKET_HOCKET_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HOCKET_EXPORT __attribute__((visibility("default")))

#define HOCKET_ANY_WORKER (-1)
#define HOCKET_FOREVER INT64_MAX
#define HOCKET_UNBOUNDED SIZE_MAX

typedef enum hocket_status {
    HOCKET_OK = 0,
    HOCKET_TIMEOUT,     /* the time came first */
    HOCKET_CLOSED,      /* the channel is closed, and there is nothing left to receive */
    HOCKET_INVALID,     /* an option or attribute makes no sense */
    HOCKET_NO_MEMORY,   /* or no stack of the size that was asked for */
    HOCKET_NO_RUNTIME,  /* the caller is in none, or it has been shut down */
    HOCKET_NO_THREAD,   /* the system has no thread left, or lacks another resource */
    HOCKET_CANCELLED,   /* the caller's runtime is being cancelled: it should clean up and return */
    HOCKET_STOPPED      /* the caller was asked to stop, and had said that this ends its wait */
} hocket_status;

/* A sentence for a status; never NULL. [any thread] */
HOCKET_EXPORT char const* hocket_describe(hocket_status status);

typedef void (*hocket_function)(void* data);

/* ---- runtimes */

typedef struct hocket_runtime hocket_runtime;

typedef enum hocket_context { HOCKET_CONTEXT_AUTOMATIC = 0, HOCKET_CONTEXT_NATIVE, HOCKET_CONTEXT_BOOST } hocket_context;

/* See hocket::runtime_options; 0 is its default. Set all to 0 first: hocket_options o = {0}. */
typedef struct hocket_options {
    unsigned workers;           /* threads that run tasks; 0: one for each core */
    unsigned blocking_workers;  /* threads for calls that block; 0: half as many, at least 1 */
    hocket_context context;
    size_t stack_size;          /* bytes; 0: 64 KiB */
    size_t max_stacks;          /* 0: about a million */
    size_t arena_limit;         /* bytes that the arena of a task may hold; 0: any number */
} hocket_options;

/* Makes a runtime, and starts nothing. `options` may be NULL. When it fails *made is NULL, and `why`, if it is not NULL, gets
 * a sentence of at most `why_size` bytes, its end included. HOCKET_INVALID, HOCKET_NO_MEMORY, HOCKET_NO_THREAD. [any thread] */
HOCKET_EXPORT hocket_status hocket_runtime_create(hocket_options const* options, hocket_runtime** made, char* why,
                                                  size_t why_size);
/* Shuts it down first. Not in one of its own fibers. [any thread] */
HOCKET_EXPORT void hocket_runtime_destroy(hocket_runtime* runtime);
/* Starts all its workers as threads. HOCKET_NO_THREAD. [any thread] */
HOCKET_EXPORT hocket_status hocket_runtime_start(hocket_runtime* runtime);
/* Runs all that is left, then stops and joins the threads; nothing more is taken from outside. [any thread but its fibers] */
HOCKET_EXPORT void hocket_runtime_shutdown(hocket_runtime* runtime);
/* The same, but does not wait for what never comes: every wait that has a status for it ends with HOCKET_CANCELLED from now on,
 * and tasks that have not begun are dropped; their data is not told. HOCKET_TIMEOUT: something is left when the time is over,
 * and goes on; it may be called again. HOCKET_NO_THREAD. [any thread but its fibers] */
HOCKET_EXPORT hocket_status hocket_runtime_cancel(hocket_runtime* runtime, int64_t nanoseconds);
/* Starts it if need be, runs f(data) as a task of it, and returns when that has ended; the caller is a worker meanwhile.
 * HOCKET_NO_RUNTIME, HOCKET_NO_MEMORY, HOCKET_NO_THREAD; HOCKET_CANCELLED: it was dropped. [any thread but its fibers] */
HOCKET_EXPORT hocket_status hocket_runtime_run(hocket_runtime* runtime, hocket_function f, void* data);
/* Spawns f(data) as a task of it, or on its pool for calls that block; before the start it is kept. HOCKET_NO_RUNTIME,
 * HOCKET_NO_MEMORY. [any thread] */
HOCKET_EXPORT hocket_status hocket_runtime_go(hocket_runtime* runtime, hocket_function f, void* data);
HOCKET_EXPORT hocket_status hocket_runtime_go_blocking(hocket_runtime* runtime, hocket_function f, void* data);

/* ---- tasks */

/* See hocket::launch. hocket_launch l = HOCKET_LAUNCH; */
typedef struct hocket_launch {
    char const* name;   /* copied; NULL: none */
    int64_t delay;      /* nanoseconds before it begins */
    int worker;         /* the only one that may run it, or HOCKET_ANY_WORKER */
    size_t stack_size;  /* bytes, if it needs more than others; 0: as they */
    int own_fp_control; /* not 0: its rounding mode and the like go with it, and stay with it */
} hocket_launch;
#define HOCKET_LAUNCH {NULL, 0, HOCKET_ANY_WORKER, 0, 0}

/* Spawns f(data) in the caller's runtime. `how` may be NULL. HOCKET_NO_RUNTIME, HOCKET_NO_MEMORY, HOCKET_INVALID. [fiber] */
HOCKET_EXPORT hocket_status hocket_go(hocket_launch const* how, hocket_function f, void* data);
HOCKET_EXPORT hocket_status hocket_go_blocking(hocket_launch const* how, hocket_function f, void* data);
/* Calls f(data) on the pool for calls that block, and waits for it; on a plain thread it is a call. HOCKET_NO_MEMORY.
 * [any thread] */
HOCKET_EXPORT hocket_status hocket_blocking(hocket_function f, void* data);

/* A task that can be joined. */
typedef struct hocket_fiber hocket_fiber;
/* As hocket_go(). When it fails *made is NULL. [fiber] */
HOCKET_EXPORT hocket_status hocket_fiber_create(hocket_launch const* how, hocket_function f, void* data, hocket_fiber** made);
/* Waits until it has ended, and ends the handle, in either case. HOCKET_CANCELLED: it was asked to stop, too. [any thread but
 * the fiber itself] */
HOCKET_EXPORT hocket_status hocket_fiber_join(hocket_fiber* fiber);
/* Ends the handle; the task goes on. [any thread] */
HOCKET_EXPORT void hocket_fiber_detach(hocket_fiber* fiber);
/* Asks it to stop: hocket_stop_requested() is true in it from then on. [any thread] */
HOCKET_EXPORT void hocket_fiber_request_stop(hocket_fiber* fiber);
HOCKET_EXPORT int hocket_stop_requested(void);

/* See hocket::this_fiber. [any thread] */
HOCKET_EXPORT void hocket_yield(void);
HOCKET_EXPORT void hocket_yield_point(void);
/* HOCKET_CANCELLED. [any thread] */
HOCKET_EXPORT hocket_status hocket_sleep(int64_t nanoseconds);
HOCKET_EXPORT int hocket_in_runtime(void);
/* The worker that runs the caller; -1 on a plain thread. [any thread] */
HOCKET_EXPORT int hocket_worker(void);

/* Memory of the task's own, which is gone when it ends; `alignment` is a power of two, at most a page. NULL when there is none
 * left, or the caller is no task. [any thread] */
HOCKET_EXPORT void* hocket_arena_allocate(size_t bytes, size_t alignment);

/* ---- what they wait for: each _create gives NULL when there is no memory */

typedef struct hocket_mutex hocket_mutex;
HOCKET_EXPORT hocket_mutex* hocket_mutex_create(void);
HOCKET_EXPORT void hocket_mutex_destroy(hocket_mutex* mutex);
HOCKET_EXPORT void hocket_mutex_lock(hocket_mutex* mutex);
/* HOCKET_OK: it is the caller's. HOCKET_TIMEOUT. */
HOCKET_EXPORT hocket_status hocket_mutex_lock_for(hocket_mutex* mutex, int64_t nanoseconds);
/* By the fiber or thread whose it is. */
HOCKET_EXPORT void hocket_mutex_unlock(hocket_mutex* mutex);

typedef struct hocket_condition hocket_condition;
HOCKET_EXPORT hocket_condition* hocket_condition_create(void);
HOCKET_EXPORT void hocket_condition_destroy(hocket_condition* condition);
/* Gives the mutex back, waits for a notification, and takes it again; may return without one. HOCKET_CANCELLED: the mutex is the
 * caller's all the same. */
HOCKET_EXPORT hocket_status hocket_condition_wait(hocket_condition* condition, hocket_mutex* mutex);
/* The same; HOCKET_TIMEOUT when the time came first. The mutex is the caller's in either case. */
HOCKET_EXPORT hocket_status hocket_condition_wait_for(hocket_condition* condition, hocket_mutex* mutex, int64_t nanoseconds);
HOCKET_EXPORT void hocket_condition_notify_one(hocket_condition* condition);
HOCKET_EXPORT void hocket_condition_notify_all(hocket_condition* condition);

typedef struct hocket_semaphore hocket_semaphore;
/* NULL also when there are fewer than 0 permits. */
HOCKET_EXPORT hocket_semaphore* hocket_semaphore_create(ptrdiff_t permits);
HOCKET_EXPORT void hocket_semaphore_destroy(hocket_semaphore* semaphore);
/* HOCKET_OK: it has got a permit. HOCKET_CANCELLED. */
HOCKET_EXPORT hocket_status hocket_semaphore_acquire(hocket_semaphore* semaphore);
/* HOCKET_OK: it has got a permit. HOCKET_TIMEOUT. */
HOCKET_EXPORT hocket_status hocket_semaphore_acquire_for(hocket_semaphore* semaphore, int64_t nanoseconds);
/* `permits` is not less than 0. */
HOCKET_EXPORT void hocket_semaphore_release(hocket_semaphore* semaphore, ptrdiff_t permits);

/* Pointers, in the order in which they were sent. What a pointer points to is the users' business; what is left in a channel
 * that is destroyed is forgotten. */
typedef struct hocket_channel hocket_channel;
/* Places for so many; 0: a sender waits for a receiver; HOCKET_UNBOUNDED. */
HOCKET_EXPORT hocket_channel* hocket_channel_create(size_t capacity);
HOCKET_EXPORT void hocket_channel_destroy(hocket_channel* channel);
/* HOCKET_CLOSED: it was not sent. */
HOCKET_EXPORT hocket_status hocket_channel_send(hocket_channel* channel, void* pointer);
/* HOCKET_CLOSED, HOCKET_TIMEOUT: it was not sent. */
HOCKET_EXPORT hocket_status hocket_channel_send_for(hocket_channel* channel, void* pointer, int64_t nanoseconds);
/* HOCKET_CLOSED: all that was sent has been received, and *pointer is NULL. */
HOCKET_EXPORT hocket_status hocket_channel_recv(hocket_channel* channel, void** pointer);
/* The same; HOCKET_TIMEOUT, too. */
HOCKET_EXPORT hocket_status hocket_channel_recv_for(hocket_channel* channel, void** pointer, int64_t nanoseconds);
/* Refuses further sends, and wakes all who wait. */
HOCKET_EXPORT void hocket_channel_close(hocket_channel* channel);

/* One of several sends and receives. */
typedef struct hocket_case {
    hocket_channel* channel; /* NULL: left out */
    int sends;               /* 0: it receives */
    void* pointer;           /* what to send; what has been received, NULL if the channel is closed */
} hocket_case;
/* Carries out one of n cases, whichever can be done first; of several that can be done now each is as likely. *chosen is its
 * index. HOCKET_OK: it was carried out. HOCKET_CLOSED: its channel is closed, nothing was sent or received; leave it out next
 * time. Else none was, and *chosen is n: HOCKET_TIMEOUT; HOCKET_STOPPED, only if `heeds_stop` is not 0: the calling fiber was
 * asked to stop (hocket_fiber_request_stop()), before or meanwhile, and nothing could be done now; HOCKET_INVALID: nothing
 * could ever end this wait, or there are more than 65,536 cases; HOCKET_NO_MEMORY. */
HOCKET_EXPORT hocket_status hocket_select(hocket_case* cases, size_t n, int64_t nanoseconds, int heeds_stop, size_t* chosen);

#ifdef __cplusplus
}
#endif

#endif

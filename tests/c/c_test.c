/* The C interface, from C. Prints what failed; exits with the number of failures. */
#include <hocket/hocket.h>

#include <stdint.h>
#include <stdio.h>
#include <string.h>

static int failures;

#define CHECK(what)                                                    \
    do {                                                               \
        if (!(what)) {                                                 \
            printf("%s:%d: not so: %s\n", __FILE__, __LINE__, #what); \
            ++failures;                                                \
        }                                                              \
    } while (0)

enum { producers = 4, items = 500, entries = 200 };
static int64_t const ms = 1000000;

/* ---- tasks and fibers */

static void count_up(void* data) { ++*(int*)data; }

static void wait_to_be_stopped(void* data) {
    while (!hocket_stop_requested()) hocket_yield();
    *(int*)data = 1;
}

static void compute(void* data) {
    long* const sum = data;
    for (long i = 0; i < 100000; ++i) {
        *sum += i;
        hocket_yield_point();
    }
}

static void on_the_pool(void* data) { *(int*)data = hocket_worker(); }

static void use_arena(void* data) {
    char* const text = hocket_arena_allocate(64, 16);
    CHECK(text != NULL && (uintptr_t)text % 16 == 0);
    if (text != NULL) strcpy(text, "of the task's own");
    CHECK(hocket_arena_allocate((size_t)1 << 30, 8) == NULL); /* arena_limit */
    *(int*)data = text != NULL && strcmp(text, "of the task's own") == 0;
}

static void tasks(void) {
    int ran = 0, pooled = -1, stopped = 0, arena = 0;
    long sum = 0;
    hocket_fiber *a = NULL, *b = NULL, *c = NULL, *d = NULL;
    hocket_launch how = HOCKET_LAUNCH;
    how.name = "late";
    how.delay = 2 * ms;
    how.stack_size = 128 * 1024;
    CHECK(hocket_in_runtime());
    CHECK(hocket_fiber_create(&how, count_up, &ran, &a) == HOCKET_OK);
    hocket_fiber_join(a);
    CHECK(ran == 1);

    CHECK(hocket_fiber_create(NULL, wait_to_be_stopped, &stopped, &b) == HOCKET_OK);
    hocket_sleep(ms);
    hocket_fiber_request_stop(b);
    hocket_fiber_join(b);
    CHECK(stopped == 1);
    CHECK(!hocket_stop_requested());

    CHECK(hocket_fiber_create(NULL, compute, &sum, &c) == HOCKET_OK);
    hocket_fiber_join(c);
    CHECK(sum == 4999950000);
    CHECK(hocket_blocking(on_the_pool, &pooled) == HOCKET_OK);
    CHECK(pooled == 2); /* behind the two workers */

    CHECK(hocket_fiber_create(NULL, use_arena, &arena, &d) == HOCKET_OK);
    hocket_fiber_join(d);
    CHECK(arena == 1);

    how.worker = 7;
    CHECK(hocket_go(&how, count_up, &ran) == HOCKET_INVALID);
    CHECK(hocket_fiber_create(&how, count_up, &ran, &a) == HOCKET_INVALID && a == NULL);
    hocket_fiber_join(NULL);
    hocket_fiber_detach(NULL);
}

/* ---- channels */

static hocket_channel* numbers;
static int values[producers][items];

static void produce(void* data) {
    int(*const mine)[items] = data;
    for (int i = 0; i < items; ++i) {
        (*mine)[i] = i;
        CHECK(hocket_channel_send(numbers, &(*mine)[i]) == HOCKET_OK);
    }
}

static void channels(void) {
    size_t const capacities[] = {0, 16, HOCKET_UNBOUNDED};
    for (int k = 0; k < 3; ++k) {
        hocket_fiber* all[producers];
        long sum = 0;
        int received = 0, here = 0;
        void* got = NULL;
        numbers = hocket_channel_create(capacities[k]);
        CHECK(numbers != NULL);
        CHECK(hocket_channel_recv_for(numbers, &got, ms) == HOCKET_TIMEOUT && got == NULL);
        for (int i = 0; i < producers; ++i)
            CHECK(hocket_fiber_create(NULL, produce, &values[i], &all[i]) == HOCKET_OK);
        for (; received < producers * items && hocket_channel_recv(numbers, &got) == HOCKET_OK; ++received)
            sum += *(int*)got;
        CHECK(received == producers * items);
        CHECK(sum == (long)producers * items * (items - 1) / 2);
        for (int i = 0; i < producers; ++i) hocket_fiber_join(all[i]);
        if (k == 0) CHECK(hocket_channel_send_for(numbers, &here, 0) == HOCKET_TIMEOUT);
        if (k == 1) CHECK(hocket_channel_send_for(numbers, &here, 0) == HOCKET_OK);
        hocket_channel_close(numbers);
        CHECK(hocket_channel_send(numbers, &here) == HOCKET_CLOSED);
        if (k == 1) CHECK(hocket_channel_recv(numbers, &got) == HOCKET_OK && got == &here);
        CHECK(hocket_channel_recv(numbers, &got) == HOCKET_CLOSED && got == NULL);
        hocket_channel_destroy(numbers);
    }
}

/* ---- mutex, condition, semaphore */

static hocket_mutex* mutex;
static hocket_condition* turn_came;
static hocket_semaphore* permits;
static int inside, entered, turn;

static void enter(void* data) {
    for (int i = 0; i < entries; ++i) {
        hocket_mutex_lock(mutex);
        CHECK(++inside == 1);
        hocket_yield();
        ++entered;
        --inside;
        hocket_mutex_unlock(mutex);
    }
    (void)data;
    hocket_semaphore_release(permits, 1);
}

static void take_turns(void* data) {
    int const mine = *(int*)data;
    hocket_mutex_lock(mutex);
    for (int i = 0; i < 100; ++i) {
        while (turn % 2 != mine) hocket_condition_wait(turn_came, mutex);
        ++turn;
        hocket_condition_notify_all(turn_came);
    }
    hocket_mutex_unlock(mutex);
}

static void locks(void) {
    int first = 0, second = 1;
    hocket_fiber* partner = NULL;
    mutex = hocket_mutex_create();
    turn_came = hocket_condition_create();
    permits = hocket_semaphore_create(0);
    CHECK(mutex != NULL && turn_came != NULL && permits != NULL);
    CHECK(hocket_semaphore_create(-1) == NULL);
    for (int i = 0; i < 4; ++i) CHECK(hocket_go(NULL, enter, NULL) == HOCKET_OK);
    for (int i = 0; i < 4; ++i) hocket_semaphore_acquire(permits);
    CHECK(entered == 4 * entries);
    CHECK(hocket_semaphore_acquire_for(permits, ms) == HOCKET_TIMEOUT);
    hocket_semaphore_release(permits, 2);
    CHECK(hocket_semaphore_acquire_for(permits, HOCKET_FOREVER) == HOCKET_OK);
    CHECK(hocket_semaphore_acquire_for(permits, 0) == HOCKET_OK);

    CHECK(hocket_mutex_lock_for(mutex, 0) == HOCKET_OK);
    CHECK(hocket_condition_wait_for(turn_came, mutex, ms) == HOCKET_TIMEOUT);
    hocket_mutex_unlock(mutex);
    CHECK(hocket_fiber_create(NULL, take_turns, &second, &partner) == HOCKET_OK);
    take_turns(&first);
    hocket_fiber_join(partner);
    CHECK(turn == 200);

    hocket_semaphore_destroy(permits);
    hocket_condition_destroy(turn_came);
    hocket_mutex_destroy(mutex);
}

/* ---- select */

static hocket_channel *questions, *answers;
static int asked[items];

/* Sends numbers and receives them back, whichever can be done, until it has got all. */
static void ask_and_listen(void* data) {
    long* const sum = data;
    int sent = 0, received = 0;
    while (received < items) {
        hocket_case cases[2] = {{answers, 0, NULL}, {sent < items ? questions : NULL, 1, &asked[sent % items]}};
        size_t chosen = 7;
        asked[sent % items] = sent;
        CHECK(hocket_select(cases, 2, HOCKET_FOREVER, 0, &chosen) == HOCKET_OK && chosen < 2);
        if (chosen == 1) {
            ++sent;
        } else {
            *sum += *(int*)cases[0].pointer;
            ++received;
        }
    }
    hocket_channel_close(questions);
}

static void wait_for_a_stop(void* data) {
    hocket_case never = {answers, 0, data};
    size_t chosen = 7;
    *(int*)data = hocket_select(&never, 1, HOCKET_FOREVER, 1, &chosen) == HOCKET_STOPPED && chosen == 1 && never.pointer == data;
    CHECK(hocket_select(&never, 1, 0, 1, &chosen) == HOCKET_STOPPED);
    CHECK(hocket_select(&never, 1, 0, 0, &chosen) == HOCKET_TIMEOUT);
}

static void selects(void) {
    long sum = 0;
    void* got = NULL;
    size_t chosen = 7;
    int stopped = 0, here = 0, first = 0;
    hocket_fiber *asks = NULL, *stops = NULL;
    questions = hocket_channel_create(0);
    answers = hocket_channel_create(4);
    CHECK(hocket_fiber_create(NULL, ask_and_listen, &sum, &asks) == HOCKET_OK);
    while (hocket_channel_recv(questions, &got) == HOCKET_OK) CHECK(hocket_channel_send(answers, got) == HOCKET_OK);
    hocket_fiber_join(asks);
    CHECK(sum == (long)items * (items - 1) / 2);

    hocket_case cases[2] = {{answers, 0, &here}, {NULL, 0, &here}};
    CHECK(hocket_select(cases, 2, 0, 0, &chosen) == HOCKET_TIMEOUT && chosen == 2);
    CHECK(hocket_select(cases, 2, ms, 1, &chosen) == HOCKET_TIMEOUT && chosen == 2);
    CHECK(cases[0].pointer == &here);
    CHECK(hocket_select(cases + 1, 1, HOCKET_FOREVER, 0, &chosen) == HOCKET_INVALID && chosen == 1);
    CHECK(hocket_select(cases, 65537, 0, 0, &chosen) == HOCKET_INVALID && chosen == 65537);
    CHECK(hocket_select(NULL, 0, ms, 0, &chosen) == HOCKET_TIMEOUT && chosen == 0);
    cases[1].channel = questions;
    CHECK(hocket_select(cases, 2, HOCKET_FOREVER, 0, &chosen) == HOCKET_CLOSED && chosen == 1 && cases[1].pointer == NULL);
    cases[1].sends = 1;
    cases[1].pointer = &here;
    CHECK(hocket_select(cases, 2, HOCKET_FOREVER, 0, &chosen) == HOCKET_CLOSED && chosen == 1 && cases[1].pointer == &here);

    CHECK(hocket_fiber_create(NULL, wait_for_a_stop, &stopped, &stops) == HOCKET_OK);
    hocket_sleep(ms);
    hocket_fiber_request_stop(stops);
    hocket_fiber_join(stops);
    CHECK(stopped == 1);

    /* Both can always be done: neither is always taken. */
    hocket_case both[2] = {{answers, 1, &here}, {answers, 0, NULL}};
    CHECK(hocket_channel_send(answers, &here) == HOCKET_OK && hocket_channel_send(answers, &here) == HOCKET_OK);
    for (int i = 0; i < 200; ++i) {
        CHECK(hocket_select(both, 2, HOCKET_FOREVER, 0, &chosen) == HOCKET_OK);
        if (chosen == 0) {
            ++first;
            CHECK(hocket_channel_recv(answers, &got) == HOCKET_OK && got == &here);
        } else {
            CHECK(both[1].pointer == &here && hocket_channel_send(answers, &here) == HOCKET_OK);
        }
    }
    CHECK(first > 0 && first < 200);
    hocket_channel_destroy(questions);
    hocket_channel_destroy(answers);
}

static void everything(void* data) {
    tasks();
    channels();
    locks();
    selects();
    ++*(int*)data;
}

/* ---- cancellation */

static struct {
    hocket_semaphore *never, *begun;
    int times;
} cancelled;

static void sleep_long(void* data) { *(hocket_status*)data = hocket_sleep(3600 * 1000 * ms); }

static void wait_for_ever(void* data) {
    hocket_mutex* const mutex = hocket_mutex_create();
    hocket_condition* const condition = hocket_condition_create();
    hocket_channel* const channel = hocket_channel_create(0);
    hocket_fiber* sleeper = NULL;
    hocket_status slept = HOCKET_OK;
    void* got = data;
    hocket_case either = {channel, 0, NULL};
    size_t chosen = 0;
    CHECK(hocket_fiber_create(NULL, sleep_long, &slept, &sleeper) == HOCKET_OK);
    hocket_yield();
    hocket_semaphore_release(cancelled.begun, 1);
    cancelled.times += hocket_semaphore_acquire(cancelled.never) == HOCKET_CANCELLED;
    cancelled.times += hocket_semaphore_acquire_for(cancelled.never, HOCKET_FOREVER) == HOCKET_CANCELLED;
    cancelled.times += hocket_channel_recv(channel, &got) == HOCKET_CANCELLED && got == NULL;
    cancelled.times += hocket_channel_send_for(channel, NULL, HOCKET_FOREVER) == HOCKET_CANCELLED;
    cancelled.times += hocket_sleep(1000 * ms) == HOCKET_CANCELLED;
    cancelled.times += hocket_select(&either, 1, HOCKET_FOREVER, 0, &chosen) == HOCKET_CANCELLED && chosen == 1;
    hocket_mutex_lock(mutex);
    cancelled.times += hocket_condition_wait(condition, mutex) == HOCKET_CANCELLED;
    hocket_mutex_unlock(mutex);
    /* Either it has ended already, or this is cancelled; the handle is gone in both cases. */
    hocket_fiber_join(sleeper);
    cancelled.times += slept == HOCKET_CANCELLED;
    cancelled.times += hocket_semaphore_acquire(cancelled.never) == HOCKET_CANCELLED;
    hocket_mutex_destroy(mutex);
    hocket_condition_destroy(condition);
    hocket_channel_destroy(channel);
}

int main(void) {
    hocket_options options = {0};
    hocket_runtime* runtime = NULL;
    char why[100] = "";
    int ran = 0, kept = 0;

    /* What makes no sense is told. */
    options.stack_size = 1000;
    CHECK(hocket_runtime_create(&options, &runtime, why, sizeof why) == HOCKET_INVALID && runtime == NULL);
    CHECK(strstr(why, "stack_size is 1000 bytes") != NULL);
    CHECK(hocket_runtime_create(&options, &runtime, why, 10) == HOCKET_INVALID);
    CHECK(strlen(why) == 9);
    CHECK(hocket_runtime_create(&options, &runtime, NULL, 0) == HOCKET_INVALID);
    options.context = (hocket_context)7;
    CHECK(hocket_runtime_create(&options, &runtime, why, sizeof why) == HOCKET_INVALID);
    CHECK(strstr(why, "context") != NULL);

    /* Outside of a runtime. */
    CHECK(hocket_go(NULL, count_up, &ran) == HOCKET_NO_RUNTIME);
    CHECK(hocket_arena_allocate(1, 1) == NULL);
    CHECK(!hocket_in_runtime() && hocket_worker() == -1 && !hocket_stop_requested());
    hocket_yield();
    hocket_yield_point();

    memset(&options, 0, sizeof options);
    options.workers = 2;
    options.blocking_workers = 1;
    options.arena_limit = (size_t)1 << 20;
    CHECK(hocket_runtime_create(&options, &runtime, why, sizeof why) == HOCKET_OK && why[0] == '\0');
    if (runtime == NULL) return 1;
    CHECK(hocket_runtime_go(runtime, count_up, &kept) == HOCKET_OK);
    CHECK(hocket_runtime_start(runtime) == HOCKET_OK);
    CHECK(hocket_runtime_run(runtime, everything, &ran) == HOCKET_OK);
    CHECK(ran == 1);
    CHECK(hocket_runtime_go_blocking(runtime, on_the_pool, &ran) == HOCKET_OK);
    hocket_runtime_shutdown(runtime);
    CHECK(kept == 1);
    CHECK(ran == 2);
    CHECK(hocket_runtime_go(runtime, count_up, &ran) == HOCKET_NO_RUNTIME);
    CHECK(hocket_runtime_run(runtime, count_up, &ran) == HOCKET_NO_RUNTIME);
    hocket_runtime_destroy(runtime);
    hocket_runtime_destroy(NULL);

    /* Cancelled: every wait says so, and the function returns. */
    memset(&options, 0, sizeof options);
    options.workers = 2;
    CHECK(hocket_runtime_create(&options, &runtime, NULL, 0) == HOCKET_OK);
    if (runtime == NULL) return 1;
    cancelled.never = hocket_semaphore_create(0);
    cancelled.begun = hocket_semaphore_create(0);
    CHECK(hocket_runtime_start(runtime) == HOCKET_OK);
    CHECK(hocket_runtime_go(runtime, wait_for_ever, NULL) == HOCKET_OK);
    CHECK(hocket_semaphore_acquire(cancelled.begun) == HOCKET_OK);
    CHECK(hocket_runtime_cancel(runtime, HOCKET_FOREVER) == HOCKET_OK);
    CHECK(cancelled.times == 9);
    CHECK(hocket_runtime_cancel(runtime, 0) == HOCKET_OK);
    hocket_runtime_destroy(runtime);
    hocket_semaphore_destroy(cancelled.never);
    hocket_semaphore_destroy(cancelled.begun);

    for (int s = HOCKET_OK; s <= HOCKET_STOPPED; ++s)
        for (int other = HOCKET_OK; other < s; ++other)
            CHECK(strcmp(hocket_describe((hocket_status)s), hocket_describe((hocket_status)other)) != 0);
    return failures;
}

// A thread that Go knows nothing of submits goroutines, one at a time, each after the last has run.
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <time.h>

extern void submitFromC(int64_t start);

static pthread_t thread;
static sem_t done;
static uint64_t count, pause_us;

int64_t foreign_now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000ll + t.tv_nsec;
}

void foreign_done(void) { sem_post(&done); }

static void* run(void* unused) {
    for (uint64_t i = 0; i < count; ++i) {
        struct timespec pause = {0, (long)((pause_us + i * 7 % 40) * 1000)};
        nanosleep(&pause, 0);
        submitFromC(foreign_now());
        while (sem_wait(&done) != 0) {
        }
    }
    return unused;
}

int start_foreign(uint64_t how_many, uint64_t pause) {
    count = how_many;
    pause_us = pause;
    sem_init(&done, 0, 0);
    return pthread_create(&thread, 0, run, 0);
}

void join_foreign(void) { pthread_join(thread, 0); }

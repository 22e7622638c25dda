// The functions of all scenarios; each has a file of its own that says what it proves, what one op is, what its latency
// is, and what it does wrong when broken on purpose.
#pragma once

#include "stress/scenario.hpp"

namespace hocket::stress {

void arena_churn(trial& t);
void async_tree(trial& t);
void audio_destroy(trial& t);
void audio_hog(trial& t);
void audio_reload(trial& t);
void audio_soak(trial& t);
void audio_stream(trial& t);
void barrier_steps(trial& t);
void blocking_mix(trial& t);
void burst(trial& t);
void cancel_storm(trial& t);
void channel_crowd(trial& t);
void condition_herd(trial& t);
void condition_meetings(trial& t);
void exception_storm(trial& t);
void foreign(trial& t);
void fork_join(trial& t);
void mutex_convoy(trial& t);
void mutex_counters(trial& t);
void parked(trial& t);
void ping_pong(trial& t);
void readers_writers(trial& t);
void run_once_flood(trial& t);
void select_mesh(trial& t);
void semaphore_gate(trial& t);
void skynet(trial& t);
void spawn(trial& t);
void timer_churn(trial& t);
void timers(trial& t);
void yield_ring(trial& t);

}  // namespace hocket::stress

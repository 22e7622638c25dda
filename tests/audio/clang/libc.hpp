// What the C library is known to do, for -Wfunction-effects, which sees declarations only. Included before each file.
#pragma once

#include <pthread.h>

extern "C" pthread_t pthread_self() noexcept [[clang::nonblocking]];  // reads a register

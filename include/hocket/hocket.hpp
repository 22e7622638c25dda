// All of hocket's fibers and arenas.
#pragma once

#include <hocket/arena.hpp>
#include <hocket/barrier.hpp>
#include <hocket/cancelled.hpp>
#include <hocket/channel.hpp>
#include <hocket/condition_variable.hpp>
#include <hocket/event.hpp>
#include <hocket/fiber.hpp>
#include <hocket/fiber_local.hpp>
#include <hocket/future.hpp>
#include <hocket/go.hpp>
#include <hocket/latch.hpp>
#include <hocket/launch.hpp>
#include <hocket/limiter.hpp>
#include <hocket/mutex.hpp>
#include <hocket/once.hpp>
#include <hocket/parallel.hpp>
#include <hocket/recursive_mutex.hpp>
#include <hocket/runtime.hpp>
#include <hocket/scope.hpp>
#include <hocket/select.hpp>
#include <hocket/semaphore.hpp>
#include <hocket/shared_mutex.hpp>
#include <hocket/this_fiber.hpp>
#include <hocket/timed_mutex.hpp>
#include <hocket/when.hpp>

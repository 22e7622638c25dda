// The place where later modules look for AsyncThread.
#pragma once

#include "CoreModules/async_thread.hh"

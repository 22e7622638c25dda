#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <hocket/detail/config.hpp>

#ifdef HOCKET_TSAN
// libstdc++ counts the references of an exception_ptr in code that ThreadSanitizer does not see. And the explorer gives
// each virtual thread an errno of its own by changing that of the one OS thread.
extern "C" __attribute__((visibility("default"))) char const* __tsan_default_suppressions() {
    return "race:std::__exception_ptr::exception_ptr::_M_release\n"
           "race:std::runtime_error::~runtime_error\n"
           "race:kept_errno\n";
}
#endif

// The last words.
#include "fibers/sched/misuse.hpp"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>

#include "fibers/sched/worker.hpp"

namespace hocket::inline HOCKET_ABI::detail {

static void say(char const* kind, char const* format, va_list arguments) noexcept {
    char sentence[512];
    vsnprintf(sentence, sizeof sentence, format, arguments);
    char where[160] = "outside any fiber";
    if (worker const* const w = this_worker(); w != nullptr && w->current() != nullptr) {
        task const& t = *w->current();
        snprintf(where, sizeof where, "in fiber %llu '%.*s'", static_cast<unsigned long long>(std::uint64_t{t.id}),
                 static_cast<int>(t.name().size()), t.name().data());
    }
    fprintf(stderr, "hocket: %s%s (%s)\n", kind, sentence, where);
    fflush(stderr);
}

void misuse(char const* format, ...) noexcept {
    va_list arguments;
    va_start(arguments, format);
    say("", format, arguments);
    va_end(arguments);
    abort();
}

void internal_error(char const* format, ...) noexcept {
    va_list arguments;
    va_start(arguments, format);
    say("internal error: ", format, arguments);
    va_end(arguments);
    abort();
}

}  // namespace hocket::inline HOCKET_ABI::detail

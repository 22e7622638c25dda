// malloc keeps what it is given back, so that stacks taken from it (Boost.Fiber's default) are not mapped anew every
// time.
#include <malloc.h>

static bool const tuned = [] {
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
    mallopt(M_TOP_PAD, 64 << 20);
    return true;
}();

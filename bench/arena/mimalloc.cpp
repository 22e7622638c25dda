// arena with mimalloc: each allocation is freed by itself.
#include <mimalloc.h>

#include "mix.hpp"

namespace hocket::bench {
namespace {

bench_case const churn_case("churn", churn_one_by_one<mi_malloc, mi_free>);

}  // namespace
}  // namespace hocket::bench

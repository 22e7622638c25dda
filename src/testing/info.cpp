#include "testing/info.hpp"

#include "testing/doctest_state.hpp"

#include <memory>
#include <sstream>
#include <utility>

namespace hocket::inline HOCKET_ABI::testing::detail {

// As the list of open scopes, it belongs to the fiber that runs. Named only in functions that do not suspend.
static thread_local std::vector<std::string> unwound;

struct fiber_infos {
    std::vector<doctest::IContextScope*> open;
    std::vector<std::string> unwound;
};

static void* suspend() {
    fiber_infos infos{take_contexts(), std::exchange(unwound, {})};
    if (infos.open.empty() && infos.unwound.empty()) return nullptr;
    return new fiber_infos(std::move(infos));
}

static void resume(void* kept) {
    if (kept == nullptr) return;
    std::unique_ptr<fiber_infos> const infos(static_cast<fiber_infos*>(kept));
    put_contexts(std::move(infos->open));
    unwound = std::move(infos->unwound);
}

suspension_observer info_observer() noexcept { return {.suspend = &suspend, .resume = &resume}; }

HOCKET_NOINLINE std::vector<std::string> take_unwound() { return std::exchange(unwound, {}); }

static HOCKET_NOINLINE void keep_unwound(std::string text) { unwound.push_back(std::move(text)); }

static HOCKET_NOINLINE void forget_unwound() noexcept { unwound.clear(); }

void prepare_open_infos() {
    // A copy: what an operator<< does may enter and leave scopes of its own.
    for (doctest::IContextScope* scope : copy_contexts())
        if (auto* const info = dynamic_cast<info_base*>(scope)) info->prepare();
}

info_base::info_base() : exceptions_(std::uncaught_exceptions()) {
    // The base has listed it. A scope entered while nothing unwinds ends the story of the last exception.
    if (exceptions_ == 0) forget_unwound();
}

info_base::~info_base() = default;

void info_base::prepare() {
    if (preparing_) return;  // an operator<< it uses has failed a CHECK
    preparing_ = true;
    std::ostringstream text;
    write(&text);
    text_ = std::move(text).str();
    prepared_ = true;
    preparing_ = false;
}

void info_base::stringify(std::ostream* out) const {
    // While it is being made it cannot be told: what it is made of has failed.
    if (prepared_ || preparing_)
        *out << text_;
    else
        write(out);
}

void info_base::leave() noexcept {
    drop_context(this);
    if (std::uncaught_exceptions() <= exceptions_) return;
    prepare();
    keep_unwound(std::move(text_));
}

}  // namespace hocket::inline HOCKET_ABI::testing::detail

// What a runtime tells its user: the log, and the exceptions that nobody caught.
#include <hocket/cancelled.hpp>
#include <string>

#include "fibers/sched/scheduler.hpp"
#include "fibers/sched/worker.hpp"

namespace hocket::inline HOCKET_ABI::detail {

void scheduler::log(log_level level, std::string_view line) const noexcept {
    if (!options.logger) return;
    try {
        options.logger(level, line);
    } catch (...) {
        // A logger that fails must not take the program down; there is nobody left to tell.
    }
}

void scheduler::unhandled(task& t) noexcept {
    try {
        throw;
    } catch (cancelled const&) {
        return;
    } catch (...) {
    }
    ++this_worker()->unhandled;
    std::string_view const name = t.name();
    std::string line = "an exception left task " + std::to_string(std::uint64_t{t.id});
    if (!name.empty()) line.append(" '").append(name).append("'");
    try {
        throw;
    } catch (std::exception const& e) {
        line.append(": ").append(e.what());
    } catch (...) {
        line.append(", not derived from std::exception");
    }
    log(log_level::error, line);
    if (!options.on_unhandled) std::terminate();
    options.on_unhandled(name, std::current_exception());
}

}  // namespace hocket::inline HOCKET_ABI::detail

#include "testing/observed.hpp"

#include "testing/doctest_state.hpp"
#include "testing/info.hpp"

#include <exception>
#include <string_view>
#include <utility>
#include <vector>

namespace hocket::inline HOCKET_ABI::testing {

namespace detail {

// Names a task in a sentence.
static std::string called(std::string_view task) {
    return task.empty() ? std::string("a task without a name") : "task \"" + std::string(task) + "\"";
}

runtime_options observed(runtime_options options, std::function<void(std::string const& task)> require_failed) {
    options.observer = info_observer();
    options.on_unhandled = [require_failed = std::move(require_failed), users = std::move(options.on_unhandled)](
                               std::string_view task, std::exception_ptr exception) {
        std::vector<std::string> const infos = take_unwound();
        try {
            std::rethrow_exception(exception);
        } catch (doctest::detail::TestFailureException const&) {
            // doctest has reported and counted it before it was thrown.
            if (require_failed) require_failed(called(task));
        } catch (...) {
            if (users) return users(task, exception);
            std::string sentence = called(task) + " ended with an exception: " + translated_exception();
            for (std::string const& info : infos) sentence += "\n  logged: " + info;
            fail_case(sentence);
        }
    };
    return options;
}

}  // namespace detail

runtime_options observed(runtime_options options) { return detail::observed(std::move(options), {}); }

}  // namespace hocket::inline HOCKET_ABI::testing

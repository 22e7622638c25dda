#include "testing/registry.hpp"

#include "testing/doctest_state.hpp"
#include "testing/fixture.hpp"
#include "testing/listener.hpp"
#include "testing/settings.hpp"

#include <deque>
#include <stdexcept>
#include <utility>

namespace hocket::inline HOCKET_ABI::testing::detail {

struct test {
    doctest::detail::TestCase what;
    void (*body)();
    case_options options;
};

// Of static storage duration, but alive before the test program's own: functions.
static std::deque<test>& tests() {
    static std::deque<test> all;
    return all;
}
static std::deque<case_run>& runs() {
    static std::deque<case_run> all;
    return all;
}

int add_case(doctest::detail::TestCase const& what, void (*body)(), case_options options) {
    install_listener();
    tests().push_back({what, body, std::move(options)});
    return 0;
}

// What doctest calls for every run; the number of the run is the case's template id.
static void run_current() { run_case(runs().at(static_cast<std::size_t>(current_case().m_template_id))); }

static char const* name_of(context_backend context) {
    return context == context_backend::native ? "native" : context == context_backend::boost ? "boost" : "automatic";
}

// "pool shrinks", or "pool shrinks [boost 4 workers]" when it runs over several. No comma: doctest's filters split
// there.
static std::string name_of(test const& t, context_backend context, std::size_t contexts, unsigned workers,
                           std::size_t counts) {
    std::string name = t.what.m_name != nullptr ? t.what.m_name : "";
    if (contexts == 1 && counts == 1) return name;
    name += " [";
    if (contexts > 1) name += name_of(context);
    if (contexts > 1 && counts > 1) name += ' ';
    if (counts > 1) name.append(std::to_string(workers)).append(workers == 1 ? " worker" : " workers");
    name += ']';
    return name;
}

void enlist_cases() {
    if (!runs().empty()) return;
    settings const& all = the_settings();
    for (test const& t : tests()) {
        std::vector<unsigned> const& counts = t.options.workers.empty() ? all.workers : t.options.workers;
        std::vector<context_backend> const here{all.context};
        std::vector<context_backend> const& contexts = t.options.contexts.empty() ? here : t.options.contexts;
        for (context_backend const context : contexts)
            for (unsigned const workers : counts) {
                case_run run{t.body,
                             &t.options,
                             context,
                             workers,
                             t.what.m_file.c_str(),
                             t.what.m_line,
                             name_of(t, context, contexts.size(), workers, counts.size())};
                doctest::detail::TestCase what = t.what;
                what.m_test = &run_current;
                what.m_template_id = static_cast<int>(runs().size());
                // With a template id, copies take their name from here.
                what.m_full_name = run.name.c_str();
                what.m_name = what.m_full_name.c_str();
                runs().push_back(std::move(run));
                doctest::detail::regTest(what);
            }
    }
}

}  // namespace hocket::inline HOCKET_ABI::testing::detail

#include "testing/listener.hpp"

#include "testing/crash.hpp"
#include "testing/doctest_state.hpp"
#include "testing/fixture.hpp"
#include "testing/info.hpp"
#include "testing/registry.hpp"
#include "testing/settings.hpp"
#include "testing/watchdog.hpp"

#include <iostream>
#include <string>

namespace hocket::inline HOCKET_ABI::testing::detail {

static bool nothing_run = false;

struct listener final : doctest::IReporter {
    // doctest makes its listeners when a run starts, before it collects the cases.
    explicit listener(doctest::ContextOptions const& o) : options(o) { enlist_cases(); }
    ~listener() override { the_watchdog().stop(); }

    void report_query(doctest::QueryData const&) override {
        if (options.help) *options.cout << settings_help;
    }

    void test_run_start() override {
        install_crash_handlers();
        the_watchdog().start();
    }

    void test_run_end(doctest::TestRunStats const& run) override {
        the_watchdog().stop();
        nothing_run = run.numTestCasesPassingFilters == 0;
    }

    void test_case_start(doctest::TestCaseData const& what) override {
        name = what.m_name;
        note_for_crash("\"" + name + "\"");
        the_watchdog().arm(name, the_settings().timeout);
        forget_configuration();
    }

    void test_case_end(doctest::CurrentTestCaseStats const& end) override {
        the_watchdog().disarm();
        note_for_crash({});
        std::string const how = last_configuration();
        if (end.testCaseSuccess || how.empty()) return;
        std::cerr << "hocket-testing: test case \"" << name << "\" failed with " << how << "; --hk-seed=" << last_seed()
                  << " repeats its choices\n";
    }

    void log_assert(doctest::AssertData const& what) override { prepare(what.m_failed); }
    void log_message(doctest::MessageData const&) override { prepare(true); }

    void subcase_start(doctest::SubcaseSignature const& what) override {
        if (beside_body())
            fail_case(std::string("SUBCASE \"") + what.m_name.c_str() +
                      "\" stands in a fiber other than the test body");
    }

    void test_case_reenter(doctest::TestCaseData const&) override {}
    void test_case_exception(doctest::TestCaseException const&) override {}
    void subcase_end() override {}
    void test_case_skipped(doctest::TestCaseData const&) override {}

    void prepare(bool printed) const {
        if (!printed && !options.success) return;
        apply_colours();
        prepare_open_infos();
    }

    doctest::ContextOptions const& options;
    std::string name;
};

void install_listener() {
    static int const once = doctest::registerReporter<listener>("hocket", 0, false);
    static_cast<void>(once);
}

bool nothing_was_run() noexcept { return nothing_run; }

}  // namespace hocket::inline HOCKET_ABI::testing::detail

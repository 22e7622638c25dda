// A whole run: the chosen scenarios, one after another, and the report.
#pragma once

#include <cstdio>
#include <string>

#include "stress/outcome.hpp"
#include "stress/settings.hpp"

namespace hocket::stress {

class trial;

class campaign {
public:
    explicit campaign(settings s) : settings_(std::move(s)) {}
    campaign(campaign const&) = delete;
    campaign& operator=(campaign const&) = delete;
    ~campaign();

    // Runs it and prints seed, table and JSON. Throws usage_error when a file cannot be written or a runtime cannot be
    // made as asked for. [main thread, once]
    exit_code run();

private:
    void open_json();
    void look_at_wav();
    void introduce();
    outcome try_scenario(scenario const& s, class watchdog& dog);
    [[noreturn]] void give_up(trial& t);
    exit_code conclude();

    settings settings_;
    report report_;
    std::FILE* json_ = nullptr;
};

}  // namespace hocket::stress

// hocket-bench-audio: measures what the audio engine promises.
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <iostream>
#include <system_error>

#include "options.hpp"
#include "report.hpp"
#include "report_file.hpp"
#include "results.hpp"
#include "unable.hpp"

namespace hocket::bench {

static void show_progress(std::string const& text) { std::cerr << "\r\033[K" << text << std::flush; }

static int run(request const& q) {
    // As for any user's program.
    if (::setenv("HOCKET_CONTEXT", q.boost_context ? "boost" : "native", 1) != 0)
        throw std::system_error(errno, std::generic_category(), "setenv");
    // Both before anything is measured.
    std::optional<report_file> json;
    if (!q.json.empty()) json.emplace(q.json);
    std::optional<results> kept;
    if (!q.results.empty() && !q.quick) kept.emplace(q.results);

    report r;
    r.where = this_machine();
    r.session_nice = session_nice();
    r.when = today();
    r.context = q.boost_context ? "boost" : "native";
    r.seconds = q.seconds;
    r.rounds = q.rounds;
    r.quick = q.quick;

    bool const terminal = ::isatty(STDERR_FILENO) != 0;
    measure_options o;
    o.seconds = q.seconds;
    o.rounds = q.rounds;
    if (terminal) o.progress = show_progress;
    for (auto const* m : q.chosen) {
        measured& one = r.all.emplace_back(m->name, m->title, surroundings::use(), m->rows());
        surroundings const around;
        try {
            m->take(o, one.rows);
        } catch (unable const& e) {
            for (auto& row : one.rows) row.sentence = e.what();
        }
        one.meanwhile = around.since();
    }
    if (terminal) show_progress("");

    std::string const table = to_markdown(r), data = to_json(r);
    std::cout << table << std::flush;
    char const* const part = q.chosen.size() == measures().size() ? "" : "-part";
    try {
        if (json) json->write(data);
        if (kept) kept->keep(r.when.day + '-' + r.context + "-audio" + part, table, data);
        if (!std::cout) throw std::runtime_error("cannot write the table to standard output");
    } catch (std::runtime_error const& e) {
        std::cerr << "hocket-bench-audio: " << e.what() << '\n';
        return 1;
    }
    return 0;
}

}  // namespace hocket::bench

int main(int argc, char** argv) {
    try {
        auto const q = hocket::bench::parse(argc, argv);
        if (q.print) {
            std::cout << *q.print;
            return 0;
        }
        return hocket::bench::run(q);
    } catch (hocket::bench::usage_error const& e) {
        std::cerr << "hocket-bench-audio: " << e.what() << '\n';
        return 2;
    } catch (std::exception const& e) {
        std::cerr << "hocket-bench-audio: " << e.what() << '\n';
        return 77;
    }
}

// hocket-bench: measures hocket beside its rivals, each side a program of its own.
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <iostream>
#include <stdexcept>
#include <system_error>

#include "json.hpp"
#include "options.hpp"
#include "report.hpp"
#include "report_file.hpp"
#include "results.hpp"
#include "scaling.hpp"
#include "session.hpp"
#include "table.hpp"

namespace hocket::bench {

namespace fs = std::filesystem;

static void show_progress(std::string const& text) { std::cerr << "\r\033[K" << text << std::flush; }

static int run(request const& q) {
    // Every side is told the same way as any user's program.
    if (::setenv("HOCKET_CONTEXT", q.boost_context ? "boost" : "native", 1) != 0)
        throw std::system_error(errno, std::generic_category(), "setenv");

    bool const terminal = ::isatty(STDERR_FILENO) != 0;
    session_options o;
    o.programs = fs::read_symlink("/proc/self/exe").parent_path();
    o.rounds = q.rounds;
    o.quick = q.quick;
    o.patience = std::chrono::seconds(q.patience);
    o.boost_context = q.boost_context;
    if (terminal) o.progress = show_progress;

    report r;
    r.where = this_machine();
    r.when = today();
    r.context = q.boost_context ? "boost" : "native";
    r.rounds = q.rounds;
    r.quick = q.quick;

    // Both before anything is measured.
    std::optional<report_file> json;
    if (!q.json.empty()) json.emplace(q.json);
    std::optional<results> kept;
    if (!q.results.empty() && !q.quick) kept.emplace(q.results);

    std::vector<row> const points = q.scaling ? scaling_rows(r.where.cores) : std::vector<row>();
    std::vector<row const*> chosen = q.chosen;
    for (auto const& point : points) chosen.push_back(&point);
    for (auto const* row : chosen) r.rows.push_back(measure(*row, o));
    if (terminal) show_progress("");

    std::string const table = q.scaling ? scaling_to_markdown(r) : to_markdown(r);
    std::string const data = q.scaling ? scaling_to_json(r) : to_json(r);
    std::cout << table << std::flush;
    // Part of the rows is no result of that day: the file of a whole run is not overwritten by one.
    char const* const part = q.scaling ? "-scaling" : r.rows.size() == rows().size() ? "" : "-part";
    try {
        if (json) json->write(data);
        if (kept) kept->keep(r.when.day + '-' + r.context + part, table, data);
        if (!std::cout) throw std::runtime_error("cannot write the table to standard output");
    } catch (std::runtime_error const& e) {
        std::cerr << "hocket-bench: " << e.what() << '\n';
        return 1;
    }
    for (auto const& row : r.rows)
        if (row.failed()) return 1;
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
        std::cerr << "hocket-bench: " << e.what() << '\n';
        return 2;
    } catch (std::exception const& e) {
        std::cerr << "hocket-bench: " << e.what() << '\n';
        return 77;
    }
}

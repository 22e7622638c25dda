// hocket-bench: measures hocket beside its rivals, each side a program of its own.
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iostream>
#include <system_error>

#include "json.hpp"
#include "options.hpp"
#include "report.hpp"
#include "session.hpp"
#include "table.hpp"

namespace hocket::bench {

namespace fs = std::filesystem;

// Opened before anything is measured: a path that cannot be written must not cost an hour.
static std::ofstream open(fs::path const& path) {
    std::ofstream out(path);
    if (!out) throw std::system_error(errno, std::generic_category(), "cannot write " + path.string());
    return out;
}

static void finish(std::ofstream& out, fs::path const& path, std::string const& text) {
    out << text;
    out.close();
    if (!out) throw std::system_error(EIO, std::generic_category(), "cannot write " + path.string());
}

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

    std::ofstream json;
    if (!q.json.empty()) json = open(q.json);
    bool const keep = !q.results.empty() && !q.quick;
    if (keep) fs::create_directories(q.results);
    for (auto const* row : q.chosen) r.rows.push_back(measure(*row, o));
    if (terminal) show_progress("");

    std::string const table = to_markdown(r);
    std::cout << table << std::flush;
    if (!q.json.empty()) finish(json, q.json, to_json(r));
    if (keep) {
        fs::path const base = fs::path(q.results) / (r.when.day + '-' + r.context);
        // Part of the rows is no result of that day: the file of a whole run is not overwritten by one.
        std::string const part = r.rows.size() == rows().size() ? "" : "-part";
        for (auto const& [extension, text] : {std::pair(".md", table), std::pair(".json", to_json(r))}) {
            fs::path const path = base.string() + part + extension;
            std::ofstream out = open(path);
            finish(out, path, text);
        }
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

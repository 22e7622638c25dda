#include "rules.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <regex>
#include <sstream>
#include <string_view>

#include "code_text.hpp"

namespace layers {

namespace fs = std::filesystem;

namespace {

// A place of the tree. An arrow may point from a place to itself, and to a place of lower level.
struct place {
    std::string_view prefix;  // of paths relative to the root; the longest that matches counts
    std::string_view name;
    int level;
    bool installed;       // a public header: includes std and public headers only
    bool public_only;     // a user of the shared objects: includes its own folder and public headers only
    bool seam_rules;      // names no atomic, clock, thread, random engine, thread-local of its own
};

constexpr int top = 7;

constexpr std::array places{
    place{"include/hocket/detail/array_memory.hpp", "alloc", 1, true, false, true},
    place{"include/hocket/detail/atomic.hpp", "seam", 0, true, false, false},  // where detail::atomic is std::atomic
    place{"include/hocket/detail/bias.hpp", "seam", 0, true, false, false},  // the other half of a fence of the seam's
    place{"include/hocket/detail/config.hpp", "seam", 0, true, false, true},
    place{"include/hocket/detail/fault.hpp", "seam", 0, true, false, true},
    place{"include/hocket/detail/lock.hpp", "seam", 0, true, false, true},
    place{"include/hocket/detail/poison.hpp", "alloc", 1, true, false, true},
    place{"include/hocket/arena.hpp", "alloc", 1, true, false, true},
    // The faces' headers hold types that context, sched and sync work with, and inline code of theirs (deque, fork,
    // ending): their level is that of the lowest user.
    place{"include/hocket/", "fibers", 2, true, false, true},
    place{"include/hocket/audio.hpp", "audio", 6, true, false, false},
    place{"include/hocket/audio/", "audio", 6, true, false, false},
    place{"include/metamodule/", "metamodule", top, true, false, false},
    place{"include/hocket/testing.hpp", "testing", top, true, false, false},
    place{"src/seam/", "seam", 0, false, false, false},
    place{"src/alloc/", "alloc", 1, false, false, true},
    place{"src/fibers/context/", "fibers/context", 2, false, false, true},
    place{"src/fibers/sched/", "fibers/sched", 3, false, false, true},
    place{"src/fibers/sync/", "fibers/sync", 4, false, false, true},
    place{"src/fibers/", "fibers", 5, false, false, true},
    place{"src/audio/", "audio", 6, false, true, false},
    place{"src/testing/", "testing", top, false, true, false},
    place{"src/stress/", "stress", top, false, true, false},
    place{"src/play/", "play", top, false, true, false},
    place{"examples/", "examples", top, false, true, false},
    place{"bench/", "bench", top, false, true, false},
    place{"bench/stack/", "bench", top, false, false, false},   // a bare stack is not public
    place{"bench/switch/", "bench", top, false, false, false},  // nor is a bare switch
};

// Includes that break a rule on purpose.
struct exception {
    std::string_view file, include;
};
constexpr std::array exceptions{
    exception{"include/hocket/detail/atomic.hpp", "seam/explored/atomic.hpp"},      // explored builds only
    exception{"include/hocket/detail/poison.hpp", "sanitizer/asan_interface.h"},    // the compiler's own, under ASan only
    exception{"include/hocket/hocket.h", "stddef.h"},                               // the C interface
    exception{"include/hocket/hocket.h", "stdint.h"},
    exception{"include/hocket/testing.hpp", "doctest/doctest.h"},                   // the harness is doctest's
};

// Libraries that only some places may know.
struct fence {
    std::string_view include, place;
};
constexpr std::array fences{
    fence{"boost/", "src/fibers/context/"},
    fence{"boost/", "src/seam/explored/"},
    fence{"kiss_fft", "src/audio/"},
    fence{"spdlog/", "src/fibers/trace.cpp"},
    fence{"spdlog/", "src/audio/"},
    fence{"yaml-cpp/", "src/audio/"},
    fence{"jack/", "src/audio/"},
    fence{"portaudio.h", "src/audio/"},
};

// What goes through the seam.
struct word {
    char const* pattern;
    std::string_view what;
};
constexpr std::array words{
    word{R"(\bstd::atomic\w*|\b__atomic_\w+|\b__sync_\w+)", "an atomic"},
    // Asking where the calling thread's own stack lies is no use of threads.
    word{R"(\bstd::j?thread\b|\bstd::this_thread\b|\bpthread_(?!attr_|getattr_np|self\b)\w+)", "a thread"},
    word{R"(\bstd::(recursive_|timed_|recursive_timed_|shared_|shared_timed_)?mutex\b)", "a mutex"},
    word{R"(\bstd::(condition_variable\w*|counting_semaphore|binary_semaphore|latch|barrier|once_flag|call_once)\b)",
         "a std synchronisation object"},
    word{R"(\b\w*_clock::now\b|\bclock_gettime\b|\bgettimeofday\b|\bstd::time\b|\b__rdtsc\b)", "a clock"},
    word{R"(\bstd::(mt19937\w*|minstd_rand0?|random_device|default_random_engine|ranlux\w+|knuth_b|\w+_engine)\b)",
         "a random engine"},
    word{R"(\b(std::)?s?rand\s*\(|\brand_r\b|\b[dlm]rand48\b|\bgetrandom\b)", "a random number"},
    word{R"(\bthread_local\b|\b__thread\b)", "a thread-local"},
    word{R"(\bSYS_futex\b|\bFUTEX_\w+|\bSYS_membarrier\b|\bMEMBARRIER_\w+)", "a futex or membarrier"},
};

place const* place_of(std::string_view path) {
    place const* best = nullptr;
    for (auto const& p : places)
        if (path.starts_with(p.prefix) && (!best || p.prefix.size() > best->prefix.size())) best = &p;
    return best;
}

std::string read(fs::path const& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return std::move(text).str();
}

template <class... Parts>
std::string joined(Parts const&... parts) {
    std::string all;
    (all.append(parts), ...);
    return all;
}

// One file under the rules.
class reader {
public:
    reader(fs::path const& root, std::string file, verdict& result)
        : root_(root), file_(std::move(file)), here_(*place_of(file_)), result_(result) {}

    void run() {
        std::istringstream lines(code_of(read(root_ / file_)));
        for (std::string line; std::getline(lines, line);) {
            ++line_;
            static std::regex const include(R"(^\s*#\s*include\s*(["<])([^">]+)[">])");
            if (std::smatch found; std::regex_search(line, found, include)) check_include(found[2], found[1] == "\"");
            if (here_.seam_rules) check_words(line);
        }
    }

private:
    void say(std::string sentence) { result_.violations.push_back({file_, line_, std::move(sentence)}); }

    void check_include(std::string const& name, bool quoted) {
        for (auto const& e : exceptions)
            if (e.file == file_ && e.include == name) return;
        if (outside_fence(name)) return;
        auto const target = resolve(name, quoted);
        if (!target) {
            // Standard headers have no dot in their names.
            if (here_.installed && name.find('.') != std::string::npos)
                say(joined("a public header includes <", name, ">: only std and public headers"));
            else if (quoted)
                say(joined("includes \"", name, "\", which is not in this tree"));
            return;
        }
        auto const* const there = place_of(*target);
        if (!there) return;  // tests, or a folder that is nobody's
        if (here_.installed && !there->installed)
            say(joined("a public header includes the private ", name));
        else if (here_.public_only && !there->installed && there->prefix != here_.prefix)
            say(joined(here_.name, " includes the private ", name, ": only public headers"));
        // Of one level are the faces' headers and context, and all that stand on top: they may know what is public.
        else if (there->level > here_.level ||
                 (there->level == here_.level && there->name != here_.name && !there->installed))
            say(joined(here_.name, " includes ", name, " of ", there->name, ": an arrow drawn backwards"));
    }

    // Whether the include was told as one that belongs elsewhere.
    bool outside_fence(std::string_view name) {
        bool fenced = false;
        for (auto const& f : fences) {
            if (!name.starts_with(f.include)) continue;
            if (file_.starts_with(f.place)) return false;
            fenced = true;
        }
        // Who stands on top brings what he likes, but for installed headers.
        if (!fenced || (here_.level == top && !here_.installed)) return false;
        say(joined("includes <", name, ">, which is fenced into other files"));
        return true;
    }

    void check_words(std::string const& line) {
        static auto const patterns = [] {
            std::vector<std::regex> all;
            for (auto const& w : words) all.emplace_back(w.pattern);
            return all;
        }();
        for (std::size_t i = 0; i < words.size(); ++i)
            if (std::smatch found; std::regex_search(line, found, patterns[i]))
                say(joined("names ", found.str(), ": ", words[i].what, " goes through the seam"));
    }

    // The file that an include names, relative to the root; none if it is not of this tree.
    std::optional<std::string> resolve(std::string const& name, bool quoted) const {
        std::vector<fs::path> folders;
        if (quoted) folders = {fs::path(file_).parent_path(), "src"};
        if (quoted && file_.starts_with("bench/")) folders.push_back("bench/side");  // what its programs share
        folders.insert(folders.end(), {"include", "include/metamodule"});
        for (auto const& folder : folders)
            if (auto const path = (folder / name).lexically_normal(); fs::is_regular_file(root_ / path))
                return path.generic_string();
        return std::nullopt;
    }

    fs::path const& root_;
    std::string file_;
    place const& here_;
    verdict& result_;
    int line_ = 0;
};

bool is_source(fs::path const& path) {
    static constexpr std::array<std::string_view, 7> endings{".S", ".c", ".cc", ".cpp", ".h", ".hh", ".hpp"};
    auto const ending = path.extension().string();
    return std::find(endings.begin(), endings.end(), ending) != endings.end();
}

}  // namespace

verdict check(fs::path const& root) {
    std::vector<std::string> files;
    for (auto const* folder : {"include", "src", "examples", "bench"}) {
        if (!fs::is_directory(root / folder)) continue;
        for (auto const& entry : fs::recursive_directory_iterator(root / folder))
            if (entry.is_regular_file() && is_source(entry.path()))
                files.push_back(entry.path().lexically_relative(root).generic_string());
    }
    std::sort(files.begin(), files.end());

    verdict result;
    for (auto const& file : files) {
        ++result.files;
        if (place_of(file))
            reader(root, file, result).run();
        else
            result.violations.push_back({file, 1, "this folder has no place in the layers: give it one in rules.cpp"});
    }
    return result;
}

}  // namespace layers

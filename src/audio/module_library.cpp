// From a file to registered modules: look at its bytes, load it, ask it, register all it has.
//
// The file is read before the loader sees it because the loader can only say that a symbol is missing, where the reason
// is that the library was built against another hocket; and because static initialisers of a library that does not fit
// would have run by then.
#include <dlfcn.h>
#include <elf.h>
#include <link.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <hocket/audio/module_library.hpp>
#include <iterator>
#include <optional>
#include <set>
#include <system_error>

#include "audio/registration.hpp"

namespace hocket::inline HOCKET_ABI::audio {

module_library_error::~module_library_error() = default;

module_library::module_library(std::filesystem::path path) : path_(std::move(path)) {}
module_library::~module_library() = default;

void module_library::add(std::string_view slug, module_factory make) {
    offered_.emplace_back(std::string(slug), std::move(make));
}

namespace {

using detail::module_library_mark;

constexpr module_library_mark ours;

using register_function = void (*)(module_library&);

// The file's bytes; only of one that begins as a shared object does.
std::string read_object(std::filesystem::path const& file, std::string const& quoted) {
    std::ifstream in(file, std::ios::binary);
    if (!in) throw module_library_error(quoted + ": " + std::generic_category().message(errno));
    std::string bytes(EI_NIDENT + sizeof(ElfW(Half)), '\0');  // and the type, at the same place in 32 and 64 bits
    in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    ElfW(Half) type = 0;
    std::memcpy(&type, bytes.data() + EI_NIDENT, sizeof type);
    if (!in || !bytes.starts_with(ELFMAG) || type != ET_DYN)
        throw module_library_error(quoted + " is not a shared object");
    bytes.append(std::istreambuf_iterator<char>(in), {});
    if (in.bad()) throw module_library_error(quoted + " cannot be read");
    return bytes;
}

// Throws when the file ends before what the loader would map of it: touching that raises SIGBUS.
void check_length(std::string const& bytes, std::string const& quoted) {
    ElfW(Ehdr) header{};
    std::memcpy(&header, bytes.data(), std::min(bytes.size(), sizeof header));
    if (header.e_ident[EI_CLASS] != (sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32)) return;  // the loader tells
    for (std::size_t i = 0; i < header.e_phnum; ++i) {
        ElfW(Phdr) segment{};
        auto const at = header.e_phoff + i * sizeof segment;
        bool whole = at <= bytes.size() && bytes.size() - at >= sizeof segment;
        if (whole) {
            std::memcpy(&segment, bytes.data() + at, sizeof segment);
            whole = segment.p_offset <= bytes.size() && bytes.size() - segment.p_offset >= segment.p_filesz;
        }
        if (!whole) throw module_library_error(quoted + " is truncated");
    }
}

std::string text_of(module_library_mark const& m) {
    return std::string(m.abi, strnlen(m.abi, sizeof m.abi)) + " revision " + std::to_string(m.revision) +
           " with modules of " + std::to_string(m.module_size) + " bytes and AsyncThreads of " +
           std::to_string(m.async_thread_size);
}

// Throws unless the bytes have our mark. There may be others: of libraries that are linked in.
void check_mark(std::string const& bytes, std::string const& quoted) {
    std::optional<module_library_mark> other;
    for (std::size_t at = 0;; ++at) {
        at = bytes.find(ours.magic, at, sizeof ours.magic);
        if (at == bytes.npos || bytes.size() - at < sizeof ours) break;
        module_library_mark found;
        std::memcpy(&found, bytes.data() + at, sizeof found);
        if (found == ours) return;
        other = found;
    }
    if (!other) throw module_library_error(quoted + " has no modules: it is not a module library of hocket");
    throw module_library_error(quoted + " was built against another version of hocket, " + text_of(*other) +
                               ", where this is " + text_of(ours) + ": it has to be built again");
}

// Loaded for as long as the process lives; the function that names its modules.
register_function open_library(std::filesystem::path const& file, std::string const& quoted) {
    void* const handle = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (handle == nullptr) throw module_library_error(quoted + " cannot be loaded: " + dlerror());
    void* const function = dlsym(handle, "hocket_register_modules");
    if (function == nullptr)
        throw module_library_error(quoted + " has no function hocket_register_modules: HOCKET_MODULE_LIBRARY makes it");
    return reinterpret_cast<register_function>(function);
}

}  // namespace

std::vector<std::string> load_modules(std::filesystem::path const& file) {
    std::string const quoted = "'" + file.string() + "'";
    module_library library(std::filesystem::absolute(file));  // else the loader would search for a name without a slash
    {
        std::string const bytes = read_object(library.path(), quoted);
        check_mark(bytes, quoted);
        check_length(bytes, quoted);
    }
    register_function const ask = open_library(library.path(), quoted);
    try {
        ask(library);
        if (library.offered_.empty()) throw std::invalid_argument("it names none");
        detail::register_together(library.offered_);
    } catch (std::bad_alloc const&) {
        throw;
    } catch (std::exception const& e) {
        throw module_library_error(quoted + ": its modules cannot be registered: " + e.what());
    } catch (...) {
        throw module_library_error(quoted +
                                   ": its modules cannot be registered: it threw something that is no "
                                   "std::exception");
    }
    std::set<std::string> names;
    for (auto const& [slug, factory] : library.offered_) names.insert(slug);
    return {names.begin(), names.end()};
}

}  // namespace hocket::inline HOCKET_ABI::audio

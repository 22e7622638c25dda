// Modules that come in a shared object, and are known to patches once it is loaded.
//
//   #include <hocket/audio.hpp>
//   class echo : public hocket::audio::module { ... };
//   HOCKET_MODULE_LIBRARY(library) { library.add<echo>("mine:Echo"); }
//
// compiled with -shared -fPIC and linked to hocket-audio; then load_modules("./echo.so") in the program that plays.
//
// Nothing of a library runs before its mark has been found in its file to be that of this hocket: the inline namespace,
// a number that is raised with every change to what modules are compiled against, and two sizes. The compiler, its
// options and the standard library are not in the mark: they are the caller's affair, as with any C++ library.
#pragma once

#include <cstdint>
#include <filesystem>
#include <hocket/audio/async_thread.hpp>
#include <hocket/audio/module.hpp>
#include <hocket/audio/registry.hpp>
#include <hocket/detail/config.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hocket::inline HOCKET_ABI::audio {

// A file whose modules cannot be had; one sentence that names it.
class HOCKET_API module_library_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
    ~module_library_error() override;
};

// A library while it says which modules it has.
class HOCKET_API module_library {
public:
    // The file, absolute: what lies beside it can be found. [control]
    std::filesystem::path const& path() const noexcept { return path_; }

    // Offers modules of this name, 'Brand:Name'. All are registered when the library has said all of its names; what is
    // wrong with one is found then. Throws std::bad_alloc. [control]
    void add(std::string_view slug, module_factory make);
    // An M constructed from copies of args each time a patch is loaded.
    template <class M, class... Args>
    void add(std::string_view slug, Args... args) {
        add(slug, module_factory([... a = std::move(args)] { return std::make_unique<M>(a...); }));
    }

    module_library(module_library const&) = delete;
    module_library& operator=(module_library const&) = delete;

private:
    friend HOCKET_API std::vector<std::string> load_modules(std::filesystem::path const&);
    explicit module_library(std::filesystem::path path);
    ~module_library();

    std::filesystem::path const path_;
    std::vector<std::pair<std::string, module_factory>> offered_;
};

// Loads the shared object and registers its modules; returns their names, sorted. The library is never unloaded: what
// it made may live as long as the process. Throws module_library_error: there is no such file, it is no shared object,
// it has no modules, it was built against another hocket, a symbol is missing, its own code threw, a name is taken.
// Then none of its modules is registered. Names that it registers by register_module() instead, before or while it is
// asked, stay. [control]
HOCKET_API std::vector<std::string> load_modules(std::filesystem::path const& file);

namespace detail {

#define HOCKET_TEXT_OF_EXPANDED(x) #x
#define HOCKET_TEXT_OF(x) HOCKET_TEXT_OF_EXPANDED(x)

// What a library was compiled against. Its bytes are looked for in the file, so this layout is for ever.
struct module_library_mark {
    char magic[24] = "hocket module library";
    char abi[16] = HOCKET_TEXT_OF(HOCKET_ABI);
    // Raised with every change to the virtual functions of module, or to what inline code of the audio headers does.
    std::uint32_t revision = 1;
    std::uint32_t module_size = sizeof(module);
    std::uint32_t async_thread_size = sizeof(async_thread);
    friend bool operator==(module_library_mark const&, module_library_mark const&) = default;
};
static_assert(sizeof(module_library_mark) == 52);

#undef HOCKET_TEXT_OF
#undef HOCKET_TEXT_OF_EXPANDED

}  // namespace detail

// Heads the function in which a library adds its modules; once in a library. What the function throws becomes the
// sentence of a module_library_error.
#define HOCKET_MODULE_LIBRARY(library)                                                          \
    extern "C" {                                                                                \
    extern HOCKET_API ::hocket::audio::detail::module_library_mark const hocket_module_library; \
    constinit ::hocket::audio::detail::module_library_mark const hocket_module_library{};       \
    HOCKET_API void hocket_register_modules(::hocket::audio::module_library& library);          \
    }                                                                                           \
    void hocket_register_modules([[maybe_unused]] ::hocket::audio::module_library& library)

}  // namespace hocket::inline HOCKET_ABI::audio

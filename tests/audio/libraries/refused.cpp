// Module libraries that cannot be had: built once for each of these reasons.
#include <cstdlib>
#include <hocket/audio/module_library.hpp>
#include <stdexcept>

namespace {

class idle final : public hocket::audio::module {
public:
    void update() override {}
    void set_samplerate(float) override {}
    void set_param(int, float) override {}
    void set_input(int, float) override {}
    float get_output(int) const override { return 0; }
};

// Shows that code of the library has run.
[[maybe_unused]] int const ran = setenv("HOCKET_TEST_LIBRARY_RAN", "1", 1);

}  // namespace

#if defined(NO_MARK)
extern "C" HOCKET_API void hocket_register_modules(hocket::audio::module_library& library) {
    library.add<idle>("test:Idle");
}
#elif defined(NO_FUNCTION) || defined(OTHER_REVISION)
extern "C" {
extern HOCKET_API hocket::audio::detail::module_library_mark const hocket_module_library;
#if defined(NO_FUNCTION)
constinit hocket::audio::detail::module_library_mark const hocket_module_library{};
#else
constinit hocket::audio::detail::module_library_mark const hocket_module_library{.revision = 999};
HOCKET_API void hocket_register_modules(hocket::audio::module_library& library) { library.add<idle>("test:Idle"); }
#endif
}
#else
#if defined(MISSING_SYMBOL)
int defined_nowhere();
#endif
HOCKET_MODULE_LIBRARY(library) {
#if !defined(NOTHING)
    library.add<idle>("test:Idle");
#endif
#if defined(TAKEN)
    library.add<idle>("hocket:Gain");
#elif defined(TWICE)
    library.add<idle>("test:Idle");
#elif defined(NAMELESS)
    library.add<idle>("");
#elif defined(THROWS) || defined(THROWS_LATE)
    throw std::runtime_error("the samples are gone");
#elif defined(THROWS_A_NUMBER)
    throw 42;
#elif defined(MISSING_SYMBOL)
    if (defined_nowhere() != 0) throw std::runtime_error("it is somewhere");
#endif
}
#endif

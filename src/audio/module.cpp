// A module's identity, and what it does when it does nothing.
#include <hocket/audio/module.hpp>

#include "audio/async_group.hpp"
#include "audio/construction.hpp"

namespace hocket::inline HOCKET_ABI::audio {

module::module() : group_(detail::construction::current()) {
    if (!group_) group_ = detail::async_group::make("a module without a patch");
    id = group_->id();
}

module::~module() = default;

float module::get_param(int) const { return 0; }
void module::mark_all_inputs_unpatched() {}
void module::mark_input_unpatched(int) {}
void module::mark_input_patched(int) {}
void module::mark_all_outputs_unpatched() {}
void module::mark_output_unpatched(int) {}
void module::mark_output_patched(int) {}
float module::get_led_brightness(int) const { return 0; }
std::size_t module::get_display_text(int, std::span<char>) { return 0; }
void module::load_state(std::string_view) {}
std::string module::save_state() { return {}; }
module_shape module::shape() const noexcept { return {}; }

}  // namespace hocket::inline HOCKET_ABI::audio

// The panel's memory.
#include <hocket/audio/panel.hpp>

namespace hocket::inline HOCKET_ABI::audio {

panel::panel(int inputs, int outputs)
    : in_(static_cast<std::size_t>(inputs)), out_(static_cast<std::size_t>(outputs)) {}

module_shape panel::shape() const noexcept {
    return {static_cast<int>(out_.size()), static_cast<int>(in_.size()), 0};
}

}  // namespace hocket::inline HOCKET_ABI::audio

// Making and ending fiber-local values.
#include "fibers/sched/local_values.hpp"

#include <utility>

namespace hocket::inline HOCKET_ABI::detail {

void local_values::put(std::size_t key, void* value, local_type const& type) {
    if (key >= slots_.size()) slots_.resize(key + 1);
    slots_[key] = {value, &type, std::exchange(last_, key)};
    heirlooms_ = heirlooms_ || type.copy != nullptr;
}

void local_values::end() noexcept {
    while (last_ != none) {
        slot const s = std::exchange(slots_[last_], {});
        last_ = s.before;
        s.type->destroy(s.value);
        ::operator delete(s.value, std::align_val_t(s.type->align));
    }
}

void local_values::inherit(local_values const& from) {
    std::vector<std::size_t> keys;  // the last first
    for (std::size_t key = from.last_; key != none; key = from.slots_[key].before)
        if (from.slots_[key].type->copy != nullptr) keys.push_back(key);
    while (!keys.empty()) {
        std::size_t const key = keys.back();
        keys.pop_back();
        // Copying is the user's: it may make one more of them, so the slot is asked for its value only now.
        if (slot const s = from.slots_[key]; s.value != nullptr)
            add(key, *s.type, [&s](void* place) { s.type->copy(place, s.value); });
    }
}

}  // namespace hocket::inline HOCKET_ABI::detail

// The fiber-local values of one task.
//
// A value lies at the index of its variable's key, so finding it is one look; the values are chained in the order in which
// they were made, so ending them touches no other. Keys are small: those of variables that are gone are used again.
#pragma once

#include <cstddef>
#include <hocket/fiber_local.hpp>
#include <vector>

namespace hocket::inline HOCKET_ABI::detail {

class local_values {
public:
    local_values() noexcept = default;
    local_values(local_values const&) = delete;
    local_values& operator=(local_values const&) = delete;

    // Null when there is none.
    void* find(std::size_t key) const noexcept { return key < slots_.size() ? slots_[key].value : nullptr; }

    // Makes one by make(place). Throws std::bad_alloc, and what make() throws.
    template <class Make>
    void* add(std::size_t key, local_type const& type, Make make);

    // Those of `from` that are inherited, copied. Throws std::bad_alloc, and what copying throws.
    void inherit(local_values const& from);
    bool has_heirlooms() const noexcept { return heirlooms_; }

    // Ends all, the last made first; a destructor may look at others, and make them.
    void end() noexcept;
    bool empty() const noexcept { return last_ == none; }

private:
    static constexpr std::size_t none = static_cast<std::size_t>(-1);

    struct slot {
        void* value = nullptr;
        local_type const* type = nullptr;
        std::size_t before = none;  // the key of the one that was made before it
    };

    void put(std::size_t key, void* value, local_type const& type);

    std::vector<slot> slots_;
    std::size_t last_ = none;
    bool heirlooms_ = false;  // some are inherited
};

template <class Make>
void* local_values::add(std::size_t key, local_type const& type, Make make) {
    auto const free = [&type](void* place) { ::operator delete(place, std::align_val_t(type.align)); };
    void* const place = ::operator new(type.size, std::align_val_t(type.align));
    try {
        make(place);  // the user's: it may suspend
    } catch (...) {
        free(place);
        throw;
    }
    try {
        put(key, place, type);
    } catch (...) {
        type.destroy(place);
        free(place);
        throw;
    }
    return place;
}

}  // namespace hocket::inline HOCKET_ABI::detail

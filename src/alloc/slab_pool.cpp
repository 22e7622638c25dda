// Carves slabs into records and keeps the free ones.
#include "alloc/slab_pool.hpp"

#include <algorithm>
#include <hocket/detail/poison.hpp>
#include <new>

#include "alloc/pages.hpp"
#include "alloc/roots.hpp"

namespace hocket::inline HOCKET_ABI::detail {

namespace {

// Bytes of a slab: twice the one before, within these, so that a million records are some 130 mappings.
constexpr std::size_t first_slab = 64 * 1024;
constexpr std::size_t largest_slab = 1024 * 1024;

}  // namespace

slab_pool::slab_pool(std::size_t record_size) noexcept : record_size_(record_size) {}

slab_pool::~slab_pool() {
    while (slabs_ != nullptr) {
        slab* const s = slabs_;
        slabs_ = s->older;
        std::size_t const bytes = s->bytes;
        forget_root(s, bytes);
        unpoison(s, bytes);
        pages::unmap(s, bytes);
    }
    delete[] chains_;
}

bool slab_pool::grow() noexcept {
    std::size_t const twice = slabs_ == nullptr ? first_slab : 2 * slabs_->bytes;
    std::size_t const bytes = pages::round_up(std::min(twice, largest_slab));
    auto const records = static_cast<std::uint32_t>((bytes - sizeof(slab)) / record_size_);

    // Room for the chains that these records may come to lie in, now, because give() must not fail.
    std::size_t const room = (existing_ + records) / batch + 1;
    if (room > chain_room_) {
        std::size_t const ample = std::max(room, 2 * chain_room_);
        link** const more = new (std::nothrow) link*[ample];
        if (more == nullptr) return false;
        std::copy(chains_, chains_ + chain_count_, more);
        delete[] chains_;
        chains_ = more;
        chain_room_ = ample;
    }

    void* const p = pages::map(bytes);
    if (p == nullptr) return false;
    note_root(p, bytes);
    slabs_ = ::new (p) slab{slabs_, bytes, records};
    carved_ = 0;
    return true;
}

slab_pool::slab const* slab_pool::newest(std::uint32_t& carved) const noexcept {
    hold const held(guard_);
    carved = carved_;
    return slabs_;
}

std::uint32_t slab_pool::take_batch(void** into) noexcept {
    link* chain = nullptr;
    std::uint32_t n = 0;
    {
        hold const held(guard_);
        if (chain_count_ != 0) {
            chain = chains_[--chain_count_];
        } else if (loose_ != nullptr) {
            for (; loose_ != nullptr && n < batch; loose_ = loose_->next, --loose_count_) into[n++] = loose_;
        } else {
            if ((slabs_ == nullptr || carved_ == slabs_->records) && !grow()) return 0;
            std::uint32_t const fresh = std::min(batch, slabs_->records - carved_);
            // Backwards, because a cache hands out its last first: ascending addresses.
            for (; n < fresh; ++n) into[n] = at(slabs_, carved_ + fresh - 1 - n);
            carved_ += fresh;
            existing_ += fresh;
        }
    }
    // Outside the lock: each step may miss the cache.
    for (; chain != nullptr; chain = chain->next) into[n++] = chain;
    return n;
}

void slab_pool::give_batch(void* const* from, std::uint32_t n) noexcept {
    link* first = nullptr;
    for (std::uint32_t i = 0; i < n; ++i) first = ::new (from[i]) link{first};
    hold const held(guard_);
    if (n == batch) {
        chains_[chain_count_++] = first;
    } else if (n != 0) {
        static_cast<link*>(from[0])->next = loose_;
        loose_ = first;
        loose_count_ += n;
    }
}

void* slab_pool::take() noexcept {
    hold const held(guard_);
    if (loose_ == nullptr && chain_count_ != 0) {
        loose_ = chains_[--chain_count_];
        loose_count_ = batch;
    }
    if (loose_ != nullptr) {
        void* const record = loose_;
        loose_ = loose_->next;
        --loose_count_;
        return record;
    }
    if ((slabs_ == nullptr || carved_ == slabs_->records) && !grow()) return nullptr;
    ++existing_;
    return at(slabs_, carved_++);
}

void slab_pool::give(void* record) noexcept {
    hold const held(guard_);
    loose_ = ::new (record) link{loose_};
    ++loose_count_;
}

std::size_t slab_pool::existing() const noexcept {
    hold const held(guard_);
    return existing_;
}

std::size_t slab_pool::idle() const noexcept {
    hold const held(guard_);
    return loose_count_ + chain_count_ * batch;
}

slab_cache::~slab_cache() {
    std::uint32_t at = 0;
    for (; at + slab_pool::batch <= count_; at += slab_pool::batch) pool_.give_batch(records_ + at, slab_pool::batch);
    pool_.give_batch(records_ + at, count_ - at);
}

void slab_cache::flush_older_half() noexcept {
    static_assert(capacity / 2 % slab_pool::batch == 0);
    for (std::uint32_t at = 0; at < capacity / 2; at += slab_pool::batch) pool_.give_batch(records_ + at, slab_pool::batch);
    count_ -= capacity / 2;
    std::copy(records_ + capacity / 2, records_ + capacity, records_);
}

}  // namespace hocket::inline HOCKET_ABI::detail

// Carves slabs into records and keeps the free ones.
#include "alloc/slab_pool.hpp"

#include <algorithm>
#include <hocket/detail/poison.hpp>
#include <new>
#include <utility>

#include "alloc/pages.hpp"
#include "alloc/roots.hpp"

namespace hocket::inline HOCKET_ABI::detail {

namespace {

// Bytes of a slab: twice the one before, within these, so that a million records are some 130 mappings.
constexpr std::size_t first_slab = 64 * 1024;
constexpr std::size_t largest_slab = 1024 * 1024;  // no more pages than slab::blank has bits

// So few surplus records are not worth a trim.
constexpr std::size_t least_surplus = 1024;

// The mark of a blank page among full batches.
constexpr std::uintptr_t blank_mark = 1;
bool is_blank(std::uintptr_t full) noexcept { return (full & blank_mark) != 0; }
std::byte* page_of(std::uintptr_t full) noexcept { return reinterpret_cast<std::byte*>(full - blank_mark); }

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
        auto* const more = new (std::nothrow) std::uintptr_t[ample];
        if (more == nullptr) return false;
        std::copy(chains_, chains_ + chain_count_, more);
        delete[] chains_;
        chains_ = more;
        chain_room_ = ample;
    }

    void* const p = pages::map(bytes);
    if (p == nullptr) return false;
    note_root(p, bytes);
    slabs_ = ::new (p) slab{slabs_, bytes, records, {}};
    carved_ = 0;
    return true;
}

slab_pool::slab const* slab_pool::newest(std::uint32_t& carved) const noexcept {
    hold const held(guard_);
    carved = carved_;
    return slabs_;
}

std::uintptr_t slab_pool::pop_full() noexcept {
    std::uintptr_t const full = chains_[--chain_count_];
    if (is_blank(full)) {
        --blank_count_;
        turn_blank(page_of(full));
    }
    return full;
}

// A page becomes blank, or is no longer. There are few slabs: a look through the list costs less than a page of memory.
void slab_pool::turn_blank(std::byte* page) noexcept {
    for (slab* s = slabs_; s != nullptr; s = s->older) {
        auto* const begin = reinterpret_cast<std::byte*>(s);
        if (page < begin || page >= begin + s->bytes) continue;
        s->turn(page_number(s, page));
        return;
    }
}

std::uint32_t slab_pool::take_batch(void** into) noexcept {
    std::uintptr_t full = 0;
    std::uint32_t n = 0;
    {
        hold const held(guard_);
        if (chain_count_ != 0) {
            full = pop_full();
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
        least_ = std::min(least_, linked());
    }
    if (is_blank(full)) {
        for (; n < batch; ++n) into[n] = page_of(full) + (batch - 1 - n) * record_size_;
        return n;
    }
    // Outside the lock: each step may miss the cache.
    for (auto* l = reinterpret_cast<link*>(full); l != nullptr; l = l->next) into[n++] = l;
    return n;
}

void slab_pool::give_batch(void* const* from, std::uint32_t n) noexcept {
    link* first = nullptr;
    for (std::uint32_t i = 0; i < n; ++i) first = ::new (from[i]) link{first};
    hold const held(guard_);
    if (n == batch) {
        chains_[chain_count_++] = reinterpret_cast<std::uintptr_t>(first);
    } else if (n != 0) {
        static_cast<link*>(from[0])->next = loose_;
        loose_ = first;
        loose_count_ += n;
    }
}

void* slab_pool::take() noexcept {
    hold const held(guard_);
    if (loose_ == nullptr && chain_count_ != 0) {
        std::uintptr_t const full = pop_full();
        if (is_blank(full)) {
            for (std::uint32_t i = batch; i-- != 0;) loose_ = ::new (page_of(full) + i * record_size_) link{loose_};
        } else {
            loose_ = reinterpret_cast<link*>(full);
        }
        loose_count_ = batch;
    }
    void* record;
    if (loose_ != nullptr) {
        record = loose_;
        loose_ = loose_->next;
        --loose_count_;
    } else {
        if ((slabs_ == nullptr || carved_ == slabs_->records) && !grow()) return nullptr;
        ++existing_;
        record = at(slabs_, carved_++);
    }
    least_ = std::min(least_, linked());
    return record;
}

void slab_pool::give(void* record) noexcept {
    hold const held(guard_);
    loose_ = ::new (record) link{loose_};
    ++loose_count_;
}

void slab_pool::trim() noexcept {
    if (batch * record_size_ != pages::size()) return;

    // All that is linked comes out ...
    std::size_t bytes;
    std::uintptr_t* out;
    std::size_t chains;
    link* loose;
    {
        hold const held(guard_);
        bool const worth_it = least_ >= mixed_ + least_surplus;
        least_ = linked();
        if (!worth_it) return;
        bytes = pages::round_up(linked() * sizeof(std::uintptr_t));
        out = static_cast<std::uintptr_t*>(pages::map(bytes));
        if (out == nullptr) return;
        chains = chain_count_ - blank_count_;
        std::copy_n(chains_ + blank_count_, chains, out);
        chain_count_ = blank_count_;
        loose = std::exchange(loose_, nullptr);
        loose_count_ = 0;
        least_ = 0;
    }
    // ... is sorted ...
    std::size_t n = chains;
    for (; loose != nullptr; loose = loose->next) out[n++] = reinterpret_cast<std::uintptr_t>(loose);
    for (std::size_t i = 0; i < chains; ++i)
        for (link* l = reinterpret_cast<link*>(out[i])->next; l != nullptr; l = l->next)
            out[n++] = reinterpret_cast<std::uintptr_t>(l);
    std::sort(out, out + n);
    // ... and goes back: whole pages without their memory, the rest in the order of addresses.
    void* rest[batch];
    std::uint32_t in_rest = 0;
    std::size_t mixed = 0;
    for (std::size_t i = 0; i < n;) {
        bool const whole = out[i] % pages::size() == 0 && i + batch <= n && out[i + batch - 1] - out[i] < pages::size();
        if (whole) {
            pages::release(reinterpret_cast<void*>(out[i]), pages::size());
            give_blank(out[i] | blank_mark);
            i += batch;
        } else {
            rest[in_rest++] = reinterpret_cast<void*>(out[i++]);
            ++mixed;
            if (in_rest == batch) give_batch(rest, std::exchange(in_rest, 0));
        }
    }
    give_batch(rest, in_rest);
    pages::unmap(out, bytes);
    hold const held(guard_);
    mixed_ = mixed;
}

void slab_pool::give_blank(std::uintptr_t page) noexcept {
    hold const held(guard_);
    chains_[chain_count_++] = chains_[blank_count_];
    chains_[blank_count_++] = page;
    turn_blank(page_of(page));
}

std::size_t slab_pool::existing() const noexcept {
    hold const held(guard_);
    return existing_;
}

std::size_t slab_pool::idle() const noexcept {
    hold const held(guard_);
    return loose_count_ + chain_count_ * batch;
}

slab_cache::~slab_cache() { flush(); }

void slab_cache::flush() noexcept {
    std::uint32_t at = 0;
    for (; at + slab_pool::batch <= count_; at += slab_pool::batch) pool_.give_batch(records_ + at, slab_pool::batch);
    pool_.give_batch(records_ + at, count_ - at);
    count_ = 0;
}

void slab_cache::flush_older_half() noexcept {
    static_assert(capacity / 2 % slab_pool::batch == 0);
    for (std::uint32_t at = 0; at < capacity / 2; at += slab_pool::batch) pool_.give_batch(records_ + at, slab_pool::batch);
    count_ -= capacity / 2;
    std::copy(records_ + capacity / 2, records_ + capacity, records_);
}

}  // namespace hocket::inline HOCKET_ABI::detail

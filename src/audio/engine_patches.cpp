// Patches come and go: building modules, loading them anew, and exchanging graphs while audio runs.
#include <algorithm>
#include <hocket/audio/panel.hpp>

#include "audio/engine_implementation.hpp"

namespace hocket::inline HOCKET_ABI::audio {

load_error::~load_error() = default;

// How long a new graph waits for a block to begin. Longer than blocks are, else a block might be silent.
constexpr std::chrono::milliseconds patience_for_block{200};

// The modules of `p`: those that are loaded already, and new ones.
std::vector<std::shared_ptr<place>> engine::implementation::build(patch const& p) {
    std::vector<std::shared_ptr<place>> result(p.parts().size() + 1);
    if (places_.empty()) {
        result[0] = std::make_shared<place>();
        result[0]->what = std::make_unique<panel>(patch::max_jacks, patch::max_jacks);
    } else {
        result[0] = places_[0];
    }
    for (unsigned n = 1; n < result.size(); ++n) {
        if (!p.parts()[n - 1].make) continue;
        if (n < places_.size() && places_[n] != nullptr && places_[n]->serial == p.parts()[n - 1].serial)
            result[n] = places_[n];
        else
            result[n] = detail::build_place(p, n, sample_rate_.load(relaxed));
    }
    check_shapes(p, result);
    return result;
}

// For set().
void engine::implementation::show(std::vector<std::shared_ptr<place>> places) {
    std::vector<turnable> all(places.size());
    for (std::size_t n = 1; n < places.size(); ++n)
        if (places[n] != nullptr) all[n] = {places[n]->turned, places[n]->what->shape(), places[n]->label};
    std::lock_guard const held(directory_);
    turnable_.swap(all);
}

void engine::implementation::clear() noexcept {
    halt();
    {
        std::lock_guard const held(directory_);
        turnable_.clear();
    }
    playing_ = nullptr;
    graph_.reset();
    each_group([](async_group& g) { g.close(); });
    while (!places_.empty()) places_.pop_back();
    loaded_.reset();
}

void engine::implementation::load_anew(patch const& p) {
    clear();
    for (auto* const count : {&frames_, &blocks_, &cycles_, &xruns_}) count->store(0, relaxed);
    most_cycles_per_frame_.store(0, relaxed);
    tick_ = 0;
    try {
        patch copy = p;
        places_ = build(p);
        graph_ = std::make_unique<graph>(p, places_, clock_);
        show(places_);
        each_group([&](async_group& g) { g.bind(pool_->core(), pool_->core().next(), this); });
        loaded_.emplace(std::move(copy));
        playing_ = graph_.get();
    } catch (...) {
        clear();
        throw;
    }
    go_on();
}

void engine::implementation::load(patch const& p) {
    auto const held = control();
    load_anew(p);
}

void engine::implementation::unload() {
    auto const held = control();
    clear();
}

patch engine::implementation::current() {
    std::lock_guard const held(control_);
    return loaded_ ? *loaded_ : patch("");
}

void engine::implementation::apply(patch const& p) {
    auto const held = control();
    if (!loaded_) return load_anew(p);
    patch copy = p;
    auto places = build(p);
    auto next = std::make_unique<graph>(p, places, clock_, graph_.get());
    std::vector<std::shared_ptr<place>> fresh, gone;
    auto const has = [](auto const& all, auto const& x) { return std::ranges::find(all, x) != all.end(); };
    for (auto const& x : places)
        if (x != nullptr && !has(places_, x)) fresh.push_back(x);
    for (auto const& x : places_)
        if (x != nullptr && !has(places, x)) gone.push_back(x);
    std::vector<graph::knob_turn> knobs;
    for (knob const& k : p.knobs()) {
        bool const same = std::ranges::any_of(loaded_->knobs(), [&](knob const& x) {
            return x.module == k.module && x.param == k.param && x.value == k.value;
        });
        if (!same && has(places_, places[k.module])) knobs.push_back({places[k.module]->what.get(), k.param, k.value});
    }
    next->turn_when_adopted(std::move(knobs));
    try {
        for (auto const& x : fresh) x->group->bind(pool_->core(), pool_->core().next(), this);
        show(places);
    } catch (...) {
        for (auto const& x : fresh) x->group->close();
        throw;
    }
    // From here on nothing throws.
    loaded_ = std::move(copy);
    std::swap(places_, places);
    take_over(std::move(next));
    if (runs()) {
        for (auto const& x : fresh) x->group->open(ticks_ == tick_source::wall_clock);
        pool_->core().nudge();
    }
    for (auto const& x : gone) x->group->close();
    places.clear();
    while (!gone.empty()) gone.pop_back();
}

// Exchanges the graph, by way of the audio thread if that comes by.
void engine::implementation::take_over(std::unique_ptr<graph> next) {
    if (!halted_.load(relaxed)) {
        next_.store(next.get(), std::memory_order_release);  // pairs with the load in process()
        // On the audio thread itself, between two blocks, none will come.
        bool const ours = audio_thread_.load(relaxed) == std::this_thread::get_id();
        auto const limit = std::chrono::steady_clock::now() + (ours ? std::chrono::milliseconds(0) : patience_for_block);
        // acquire: pairs with the release in process()
        while (taken_.load(std::memory_order_acquire) != next.get() && std::chrono::steady_clock::now() < limit)
            std::this_thread::sleep_for(std::chrono::microseconds(100));
    }
    if (taken_.load(std::memory_order_acquire) != next.get()) {
        bool const was = halted_.load(relaxed);
        halt_audio();
        next_.store(nullptr, relaxed);
        if (taken_.load(std::memory_order_acquire) != next.get()) adopt(*next);
        halted_.store(was, std::memory_order_seq_cst);  // pairs with the load in process()
    }
    taken_.store(nullptr, relaxed);
    graph_ = std::move(next);
}

}  // namespace hocket::inline HOCKET_ABI::audio

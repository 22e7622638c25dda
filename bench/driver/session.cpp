#include "session.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <system_error>

#include "contender.hpp"
#include "json.hpp"

namespace hocket::bench {

namespace {

double in_unit(double ns, std::string const& unit) { return unit == "ms" ? ns / 1e6 : unit == "us" ? ns / 1e3 : ns; }

class participant {
public:
    participant(row const& r, side const& s, session_options const& o) : row_(r), options_(o), fresh_(s.fresh) {
        outcome.name = s.name;
        outcome.more_is_better = r.what == figure::reached;
        program_ = o.programs / s.program;
        arguments_.push_back(s.case_name);
        for (auto const* list : {&r.how_much, &s.how_much})
            for (auto const& [name, value] : *list) numbers_[name] = o.quick ? value.quick : value.full;
        for (auto const& [name, value] : numbers_) arguments_.push_back(name + '=' + std::to_string(value));
        if (!std::filesystem::exists(program_))
            miss(side_outcome::fate::missing, "not installed when the benchmarks were built");
    }

    // A rival may be missing, ours is always built.
    void must_exist() {
        if (outcome.ended == side_outcome::fate::missing)
            miss(side_outcome::fate::failed, "is not there: there is no " + program_.string());
    }

    bool out() const { return outcome.ended != side_outcome::fate::measured; }

    void take() {
        if (out()) return;
        try {
            if (!process_) process_.emplace(program_, arguments_);
            answer const a = read_answer(process_->sample(options_.patience));
            if (!a.unable.empty()) return miss(side_outcome::fate::unable, a.unable);
            if (fresh_) process_.reset();
            check(a);
            keep(a);
        } catch (contender_failed const& e) {
            miss(side_outcome::fate::failed, e.what());
        } catch (std::system_error const& e) {
            miss(side_outcome::fate::failed, e.what());
        } catch (std::runtime_error const& e) {  // what it said is no answer, or a wrong one
            miss(side_outcome::fate::failed, e.what());
        }
    }

    side_outcome outcome;

private:
    void miss(side_outcome::fate how, std::string why) {
        outcome.ended = how;
        outcome.sentence = std::move(why);
        process_.reset();
    }

    void check(answer const& a) const {
        std::uint64_t const wanted = row_.checksum(numbers_);
        auto const lacking = static_cast<double>(wanted) - static_cast<double>(a.checksum);
        bool const right = row_.slack == 0 ? a.checksum == wanted
                                           : lacking >= 0 && lacking <= static_cast<double>(wanted) * row_.slack;
        if (!right)
            throw std::runtime_error("the checksum of its work is " + std::to_string(a.checksum) + ", not " +
                                     std::to_string(wanted));
        if (a.count == 0) throw std::runtime_error("it did nothing");
        if (!a.context.empty() && (a.context == "boost") != options_.boost_context)
            throw std::runtime_error("it ran on the context backend " + a.context);
    }

    void keep(answer const& a) {
        double const n = static_cast<double>(a.count);
        double value = 0;
        switch (row_.what) {
            case figure::cpu: value = a.cpu_ns / n; break;
            case figure::wall: value = a.wall_ns / n; break;
            case figure::cpu_whole: value = a.cpu_ns; break;
            case figure::wall_whole: value = a.wall_ns; break;
            case figure::p50: value = a.p50_ns.value(); break;
            case figure::p99: value = a.p99_ns.value(); break;
            case figure::cpu_share: value = a.cpu_ns / a.wall_ns * 1e9; break;
            case figure::bytes: value = static_cast<double>(a.bytes) / n; break;
            case figure::reached: value = n; break;
        }
        outcome.values.push_back(in_unit(value, row_.unit));
        outcome.cores.push_back(a.cpu_ns / a.wall_ns);
        if (a.p99_ns) outcome.p99.push_back(in_unit(*a.p99_ns, row_.unit));
        outcome.count = a.count;
        outcome.parked = std::max(outcome.parked, a.parked);
    }

    row const& row_;
    session_options const& options_;
    bool fresh_;
    std::filesystem::path program_;
    std::vector<std::string> arguments_;
    numbers numbers_;
    std::optional<contender> process_;
};

void judge(comparison& c, side_outcome const& ours) {
    c.says = verdict::unmeasured;
    if (!ours.measured() || !c.rival.measured() || c.rival.best() <= 0) return;
    c.ratio = ours.more_is_better ? c.rival.best() / ours.best() : ours.best() / c.rival.best();
    if (!c.bar) c.says = verdict::none;
    else if (*c.ratio <= c.bar->goal) c.says = verdict::goal;
    else if (*c.ratio <= c.bar->must) c.says = verdict::must;
    else c.says = verdict::misses;
}

}  // namespace

row_outcome measure(row const& r, session_options const& o) {
    participant ours(r, r.ours, o);
    ours.must_exist();
    std::vector<participant> rivals;
    for (auto const& rival : r.rivals)
        if (!rival.who.program.empty()) rivals.emplace_back(r, rival.who, o);

    unsigned const rounds = std::min(o.rounds, r.most_rounds);
    for (unsigned round = 1; round <= rounds; ++round) {
        if (o.progress)
            o.progress(r.id + ' ' + r.title + ", round " + std::to_string(round) + " of " + std::to_string(rounds));
        ours.take();
        for (auto& p : rivals) p.take();
    }

    row_outcome result;
    result.of = &r;
    result.ours = std::move(ours.outcome);
    auto next = rivals.begin();
    for (auto const& rival : r.rivals) {
        comparison c;
        c.bar = rival.bar;
        if (o.boost_context && r.exempt_on_boost) c.bar.reset();
        if (rival.who.program.empty()) {
            c.rival.name = rival.who.name;
            c.rival.values = {rival.limit};
        } else {
            c.rival = std::move((next++)->outcome);
        }
        judge(c, result.ours);
        result.rivals.push_back(std::move(c));
    }
    return result;
}

}  // namespace hocket::bench

#include "side.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <iostream>

#include "cores.hpp"

namespace hocket::bench {

namespace {

using case_map = std::map<std::string, sample (*)(parameters const&), std::less<>>;

case_map& cases() {
    static case_map all;
    return all;
}

[[noreturn]] void give_up(std::string const& sentence) {
    std::cerr << program_invocation_short_name << ": " << sentence << '\n';
    std::exit(1);
}

std::int64_t read_clock(clockid_t which) noexcept {
    timespec t{};
    clock_gettime(which, &t);
    return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

// Sorts them.
double quantile(std::vector<double>& values, double q) {
    auto const at = values.begin() + static_cast<std::ptrdiff_t>(q * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), at, values.end());
    return *at;
}

void print(sample& s) {
    using number = unsigned long long;
    std::printf("{\"count\": %llu, \"checksum\": %llu, \"cpu_ns\": %.0f, \"wall_ns\": %.0f",
                static_cast<number>(s.count), static_cast<number>(s.checksum), s.cpu_ns, s.wall_ns);
    if (!s.latencies_ns.empty())
        std::printf(", \"p50_ns\": %.0f, \"p99_ns\": %.0f", quantile(s.latencies_ns, 0.5),
                    quantile(s.latencies_ns, 0.99));
    if (!s.context.empty()) std::printf(", \"context\": \"%s\"", s.context.c_str());
    if (s.parked != 0) std::printf(", \"parked\": %llu", static_cast<number>(s.parked));
    if (s.bytes != 0) std::printf(", \"bytes\": %llu", static_cast<number>(s.bytes));
    std::printf("}\n");
    std::fflush(stdout);
}

parameters read_parameters(int argc, char** argv) {
    parameters p;
    for (int i = 2; i < argc; ++i) {
        std::string_view const text(argv[i]);
        std::size_t const equals = text.find('=');
        std::uint64_t value = 0;
        char const* const end = text.data() + text.size();
        if (equals == text.npos) give_up("NAME=NUMBER expected, not '" + std::string(text) + "'");
        auto const [rest, error] = std::from_chars(text.data() + equals + 1, end, value);
        if (error != std::errc() || rest != end) give_up("NAME=NUMBER expected, not '" + std::string(text) + "'");
        p.set(std::string(text.substr(0, equals)), value);
    }
    return p;
}

int run(int argc, char** argv) {
    if (argc < 2) give_up("usage: CASE [NAME=NUMBER...]; a line on standard input asks for a sample");
    auto const found = cases().find(std::string_view(argv[1]));
    if (found == cases().end()) give_up("there is no case '" + std::string(argv[1]) + "'");
    parameters const p = read_parameters(argc, argv);
    if (p.has("cores")) use_cores(static_cast<int>(p["cores"]));
    for (std::string line; std::getline(std::cin, line);) {
        try {
            sample s = found->second(p);
            print(s);
        } catch (unable const& e) {
            std::printf("{\"unable\": \"%s\"}\n", e.what());
            std::fflush(stdout);
        }
    }
    return 0;
}

}  // namespace

std::uint64_t parameters::operator[](std::string_view name) const {
    auto const found = values_.find(name);
    if (found == values_.end()) give_up("the case wants " + std::string(name) + "=NUMBER");
    return found->second;
}

bench_case::bench_case(char const* name, sample (*take)(parameters const&)) { cases().emplace(name, take); }

std::int64_t now_ns() noexcept { return read_clock(CLOCK_MONOTONIC); }
std::int64_t cpu_ns() noexcept { return read_clock(CLOCK_PROCESS_CPUTIME_ID); }
std::int64_t thread_cpu_ns() noexcept { return read_clock(CLOCK_THREAD_CPUTIME_ID); }

}  // namespace hocket::bench

int main(int argc, char** argv) {
    try {
        return hocket::bench::run(argc, argv);
    } catch (std::exception const& e) {
        std::cerr << program_invocation_short_name << ": " << e.what() << '\n';
        return 1;
    }
}

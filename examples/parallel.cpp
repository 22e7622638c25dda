// Loops, reductions and sorting, divided among the workers. What comes out is what a loop would have given, also when
// the pieces take very different times and whoever runs first.
#include <hocket/hocket.hpp>

#include <iostream>
#include <string>
#include <utility>
#include <vector>

// How many steps n takes to 1, by n/2 and 3n+1.
static int steps_from(long n) {
    int steps = 0;
    for (; n > 1; ++steps) n = n % 2 == 0 ? n / 2 : 3 * n + 1;
    return steps;
}

int main() {
    hocket::runtime rt;
    rt.run([] {
        std::vector<int> steps(100'000);
        hocket::parallel_for(1, 100'000, [&](int n) { steps[static_cast<std::size_t>(n)] = steps_from(n); });

        using number = std::pair<int, int>;  // its steps, itself
        auto const longer = [](number a, number b) { return b.first > a.first ? b : a; };
        auto const with_steps = [&](int n) { return number(steps[static_cast<std::size_t>(n)], n); };
        number const longest = hocket::parallel_reduce(1, 100'000, number(0, 0), longer, with_steps);
        std::cout << longest.second << " takes " << longest.first << " steps\n";

        hocket::parallel_sort(steps.begin(), steps.end());
        std::cout << "half of them take at most " << steps[steps.size() / 2] << "\n";

        // In order, though a comma does not commute; 3 letters to a job.
        auto const letters = [](int i) { return std::string(1, static_cast<char>('a' + i)); };
        auto const join = [](std::string a, std::string const& b) { return a + "," + b; };
        std::cout << hocket::parallel_reduce(1, 8, 3, std::string("a"), join, letters) << "\n";

        try {
            hocket::parallel_for(0, 1000, 1, [](int i) {
                if (i % 100 == 99) throw std::to_string(i);
            });
        } catch (std::string const& first) {
            std::cout << "the first that failed was " << first << "\n";
        }
    });
}

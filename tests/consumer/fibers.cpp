// A user of libhocket: futures, a channel, an arena, on two workers.
#include <cstdio>
#include <hocket/hocket.hpp>
#include <utility>

static int sum(int first, int count) {
    if (count == 1) return first;
    auto right = hocket::async(sum, first + count / 2, count - count / 2);
    int const left = sum(first, count / 2);
    return left + right.get();
}

int main() {
    hocket::runtime rt{{.workers = 2}};
    int const total = rt.run([] {
        hocket::channel<int> numbers{2};
        hocket::go([&] {
            for (int i = 0; i < 100; ++i)
                if (!numbers.send(std::move(i))) return;
            numbers.close();
        });
        int received = 0;
        for (int n : numbers) received += n;
        auto const squares = hocket::this_fiber::arena().make_span<int>(16);
        for (int i = 0; i < 16; ++i) squares[i] = i * i;
        return sum(0, 1000) + received + squares[15];
    });
    std::printf("%d\n", total);
    return total == 499500 + 4950 + 225 ? 0 : 1;
}

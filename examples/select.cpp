// Whichever comes first: one loop that takes orders and hands out results, and a wait that does not last for ever.
#include <hocket/hocket.hpp>

#include <iostream>
#include <optional>

using namespace std::chrono_literals;

// Squares what comes in, and gives it away as it is asked for. Takes the next when it has nothing to give.
static void square(hocket::channel<int>& orders, hocket::channel<int>& results) {
    std::optional<int> ready;
    bool open = true;
    auto const take = [&](std::optional<int> order) {
        if (order)
            ready = *order * *order;
        else
            open = false;  // closed, and nothing is left
    };
    auto const given = [&](bool) { ready.reset(); };
    while (open || ready)
        hocket::select(hocket::on_recv(orders, take).when(open && !ready),
                       hocket::on_send(results, ready.value_or(0), given).when(ready.has_value()));
    results.close();
}

int main() {
    hocket::channel<int> orders(4), results(hocket::rendezvous), silent;
    hocket::runtime rt({.workers = 2});
    rt.run([&] {
        hocket::fiber squares([&] { square(orders, results); });
        for (int i = 1; i <= 4; ++i)
            if (!orders.send(i)) return;
        orders.close();
        for (int n : results) std::cout << n << "\n";
        hocket::select(hocket::on_recv(silent, [](std::optional<int>) { std::cout << "somebody spoke\n"; }),
                       hocket::on_timeout(20ms, [] { std::cout << "nobody spoke\n"; }));
    });
}

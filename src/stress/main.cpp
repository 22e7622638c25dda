// hocket-stress: runs work on hocket's fibers and verifies that it was done.
#include <exception>
#include <iostream>
#include <new>
#include <system_error>
#include <variant>

#include "stress/campaign.hpp"
#include "stress/options.hpp"

using namespace hocket::stress;

static exit_code run(int argc, char** argv) {
    try {
        auto request = parse(argc, argv);
        if (auto const* p = std::get_if<print>(&request)) {
            std::cout << p->text;
            return exit_code::passed;
        }
        return campaign(std::get<settings>(std::move(request))).run();
    } catch (usage_error const& e) {
        std::cerr << "hocket-stress: " << e.what() << '\n';
        return exit_code::usage;
    } catch (std::bad_alloc const&) {
        std::cerr << "hocket-stress: out of memory\n";
        return exit_code::shortage;
    } catch (std::system_error const& e) {
        std::cerr << "hocket-stress: " << e.what() << '\n';
        return exit_code::shortage;
    } catch (std::exception const& e) {
        std::cerr << "hocket-stress: " << e.what() << '\n';
        return exit_code::crash;
    }
}

int main(int argc, char** argv) { return static_cast<int>(run(argc, argv)); }

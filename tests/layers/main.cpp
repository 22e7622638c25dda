// Reads a tree and prints every arrow drawn backwards: layers ROOT. Exit 0 none, 1 some, 2 no such tree.
#include <iostream>

#include "rules.hpp"

int main(int argc, char** argv) {
    if (argc != 2) {
        std::cerr << "usage: layers ROOT\n";
        return 2;
    }
    auto const result = layers::check(argv[1]);
    if (result.files == 0) {
        std::cerr << "layers: no source file under " << argv[1] << '\n';
        return 2;
    }
    for (auto const& v : result.violations) std::cout << v.file << ':' << v.line << ": " << v.sentence << '\n';
    std::cout << result.files << " files, " << result.violations.size() << " violations\n";
    return result.violations.empty() ? 0 : 1;
}

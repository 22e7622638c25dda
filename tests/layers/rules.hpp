// The rules of the tree: who may include whom, and what only the seam may name.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace layers {

struct violation {
    std::string file;  // relative to the root of the tree
    int line = 0;
    std::string sentence;
};

struct verdict {
    int files = 0;  // read
    std::vector<violation> violations;
};

// Reads every source file under include, src, examples and bench of the tree at `root`.
verdict check(std::filesystem::path const& root);

}  // namespace layers

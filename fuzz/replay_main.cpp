// Runs a fuzz target over files: the corpus as an ordinary test, or one input that a fuzzer has found.
//
//     replay_parser FILE_OR_DIRECTORY...
//
// Each input is also tried cut short at every length up to 64 bytes from its end: cheap neighbours of hand-made seeds.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

/// In memory of exactly its size, so that a sanitizer sees every read beyond it.
void run(const std::string& bytes, std::size_t size) {
    const std::vector<std::uint8_t> exact(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

bool run_file(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        std::fprintf(stderr, "cannot read %s\n", path.c_str());
        return false;
    }
    const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    for (std::size_t cut = 0; cut <= std::min<std::size_t>(bytes.size(), 64); ++cut) run(bytes, bytes.size() - cut);
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<fs::path> files;
    for (int i = 1; i < argc; ++i) {
        const fs::path path = argv[i];
        if (!fs::is_directory(path)) {
            files.push_back(path);
            continue;
        }
        for (const fs::directory_entry& entry : fs::recursive_directory_iterator(path)) {
            if (entry.is_regular_file()) files.push_back(entry.path());
        }
    }
    std::sort(files.begin(), files.end());
    run({}, 0);
    bool ok = !files.empty();
    for (const fs::path& path : files) ok = run_file(path) && ok;
    std::printf("%zu files replayed\n", files.size());
    return ok ? 0 : 1;
}

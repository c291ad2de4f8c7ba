// Runs a fuzz target once over each file of its seed corpus. Linked into the fuzzers where there is
// no libFuzzer, so that every build replays the seeds.
//
// Usage: x_fuzz (FILE | DIRECTORY)...

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

namespace fs = std::filesystem;

bool RunFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    std::fprintf(stderr, "cannot read %s\n", path.c_str());
    return false;
  }
  const std::string bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size());
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  // Every target has to survive the empty input, also when there are no seeds yet.
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(""), 0);
  int runs = 1;
  bool ok = true;
  for (int i = 1; i < argc; ++i) {
    const fs::path path = argv[i];
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      if (fs::exists(path, error)) {
        ok = RunFile(path) && ok;
        ++runs;
      }
      continue;
    }
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(path)) {
      if (entry.is_regular_file()) {
        ok = RunFile(entry.path()) && ok;
        ++runs;
      }
    }
  }
  std::printf("%d inputs\n", runs);
  return ok ? 0 : 1;
}

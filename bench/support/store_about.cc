#include "bench/support/store_about.h"

#include <fstream>

#include "base/status.h"

namespace flamekeep::bench {
namespace {

// "dir/store/" and "dir/store" have the same note.
std::string PathOf(std::string store) {
  while (store.size() > 1 && store.back() == '/') store.pop_back();
  return store + ".about";
}

}  // namespace

absl::Status WriteAbout(const std::string& store, const StoreAbout& about) {
  std::ofstream out(PathOf(store));
  out << fmt::format("begin {}\nend {}\nsamples {}\npairs {}\nnodes {}\nseconds {:.1f}\n",
                     absl::ToUnixSeconds(about.begin), absl::ToUnixSeconds(about.end),
                     about.samples, about.pairs, about.nodes, about.seconds);
  if (!out.flush()) return Error(absl::StatusCode::kUnavailable, "cannot write {}", PathOf(store));
  return absl::OkStatus();
}

absl::StatusOr<StoreAbout> ReadAbout(const std::string& store) {
  std::ifstream in(PathOf(store));
  if (!in) {
    return NotFound("there is no {}: the store was not made by generate_store", PathOf(store));
  }
  StoreAbout about;
  std::string name;
  for (double value; in >> name >> value;) {
    if (name == "begin") about.begin = absl::FromUnixSeconds(static_cast<int64_t>(value));
    if (name == "end") about.end = absl::FromUnixSeconds(static_cast<int64_t>(value));
    if (name == "samples") about.samples = static_cast<uint64_t>(value);
    if (name == "pairs") about.pairs = static_cast<uint64_t>(value);
    if (name == "nodes") about.nodes = static_cast<uint64_t>(value);
    if (name == "seconds") about.seconds = value;
  }
  return about;
}

}  // namespace flamekeep::bench

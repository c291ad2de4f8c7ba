// Makes a pprof profile of stacks: how files of other forms, and Pyroscope's folded ones, come to
// the one decoder that there is. Equal stacks are added up; equal calls give equal bytes.
//
// Thread safety: belongs to one thread.
#ifndef FLAMEKEEP_INGEST_PPROF_FILE_WRITER_H_
#define FLAMEKEEP_INGEST_PPROF_FILE_WRITER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "base/string_hash.h"
#include "ingest/perf_script.h"
#include "ingest/profile_name.h"

namespace flamekeep::ingest {

class PprofFileWriter {
 public:
  // One value a sample, of this kind.
  explicit PprofFileWriter(const ProfileKind& kind);

  // Root first.
  void Add(const std::vector<FileFrame>& frames, uint64_t value);

  // About how many bytes Take() would give.
  size_t size() const { return stack_bytes_ + frame_messages_.size() + text_messages_.size(); }
  bool empty() const { return stacks_.empty(); }

  // The profile; nothing is then left. Without a time where that is the epoch's begin.
  std::string Take(absl::Time begin = absl::UnixEpoch(),
                   absl::Duration duration = absl::ZeroDuration());

 private:
  uint64_t Text(std::string_view text);
  uint64_t Frame(const FileFrame& frame);

  const std::array<std::string, 4> names_;  // of the kind
  absl::flat_hash_map<std::string, uint64_t, StringHash, std::equal_to<>> texts_;
  std::string text_messages_;
  absl::flat_hash_map<std::pair<uint64_t, uint64_t>, uint64_t> frames_;  // by name and file
  std::string frame_messages_;
  std::map<std::vector<uint64_t>, uint64_t> stacks_;  // locations, leaf first
  size_t stack_bytes_ = 0;
};

}  // namespace flamekeep::ingest

#endif  // FLAMEKEEP_INGEST_PPROF_FILE_WRITER_H_

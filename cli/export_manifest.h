// What an export has finished, in a file of its directory: `_flamekeep.tsv`, whose name readers of
// partitioned data pass over. A line is added, and synced, once the file of a partition is in its
// place; so a run that was killed leaves a true manifest, but for a torn last line, which counts as
// not there.
//
//   flamekeep export 2 <tab> QUESTION
//   range <tab> BEGIN <tab> END <tab> FROM <tab> TO <tab> COMPLETE <tab> FINAL <tab> VERSION
//   gap <tab> SITE <tab> SOURCE <tab> NODE <tab> BEGIN <tab> END <tab> REASON
//   part <tab> SITE <tab> BEGIN <tab> END <tab> VERSION <tab> FILE <tab> BYTES <tab> ROWS <tab>
//   TOTAL
//
// The question is what the files are about. A range is an export that came to its end: what it
// covers, what was asked for, what it is complete through (or "-"), whether it is final ("yes",
// "no"), and its version; its gaps follow it. One that lies inside of a later one is not kept.
// Times are Unix seconds, of gaps rounded outward; QUESTION, SOURCE and NODE are JSON. The
// directory is locked while a manifest of it is open.
//
// Thread safety: none. Errors: one sentence that names the directory and what to do.
#ifndef FLAMEKEEP_CLI_EXPORT_MANIFEST_H_
#define FLAMEKEEP_CLI_EXPORT_MANIFEST_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "flamekeep/v1/selection.pb.h"

namespace flamekeep::cli {

struct ExportedPartition {
  std::string site;
  int64_t begin = 0;  // Unix seconds, as is what follows
  int64_t end = 0;
  std::string version;
  std::string file;  // below the directory
  uint64_t bytes = 0;
  uint64_t rows = 0;
  uint64_t total = 0;

  bool operator==(const ExportedPartition&) const = default;
};

class ExportManifest {
 public:
  using Key = std::pair<std::string, int64_t>;  // site, begin

  // Opens the directory's manifest; makes both where they are not there. `question`: one line of
  // JSON. Errors:
  // FAILED_PRECONDITION where it is about another question, of another version of flamekeep, or
  // another export is at work; UNAVAILABLE.
  static absl::StatusOr<std::unique_ptr<ExportManifest>> Open(const std::string& directory,
                                                              std::string_view question);
  ~ExportManifest();
  ExportManifest(const ExportManifest&) = delete;
  ExportManifest& operator=(const ExportManifest&) = delete;

  // Partitions whose files are there, in full.
  const std::map<Key, ExportedPartition>& partitions() const { return partitions_; }

  // Adds or replaces one, and what was in its file; a file that it had before under another name is
  // removed.
  absl::Status Add(const ExportedPartition& partition);
  // Removes it, with its file. REQUIRES: it is there.
  absl::Status Remove(const Key& key);
  // Notes what an export stands on that has come to its end.
  void SetCoverage(const v1::Coverage& coverage);
  // Writes the manifest in the order of time and of its partitions, each once.
  absl::Status Finish();

 private:
  ExportManifest(std::string directory, std::string head, int lock)
      : directory_(std::move(directory)), head_(std::move(head)), lock_(lock) {}

  std::string path() const;
  absl::Status Load();
  // A line without its line feed; one that is torn says nothing.
  void LoadLine(std::string_view line);
  void LoadPartition(ExportedPartition partition);
  absl::Status Append(std::string_view text);
  absl::Status RemoveFile(const std::string& file) const;

  const std::string directory_;
  const std::string head_;  // the first line
  const int lock_;          // the directory
  std::map<Key, ExportedPartition> partitions_;
  // Lines of ranges and their gaps, by what they cover.
  std::map<std::pair<int64_t, int64_t>, std::string> ranges_;
  std::optional<std::pair<int64_t, int64_t>> loaded_range_;  // the last
};

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_EXPORT_MANIFEST_H_

// Writes the answer of Export into a directory of partitioned JSON lines.
//
// Thread safety: none. Errors: those of the files; FAILED_PRECONDITION where a day would lose
// samples that the directory has; DATA_LOSS for answers that no server would give.
#ifndef FLAMEKEEP_CLI_EXPORT_DIRECTORY_H_
#define FLAMEKEEP_CLI_EXPORT_DIRECTORY_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "cli/export_manifest.h"
#include "cli/export_rows.h"
#include "cli/part_file.h"
#include "cli/progress.h"
#include "flamekeep/v1/export.pb.h"

namespace flamekeep::cli {

class ExportDirectory {
 public:
  struct Options {
    std::string directory;
    Compression compression = Compression::kZstd;
    StackForm form = StackForm::kArray;
  };

  // `request` asks for what is to be written; what the directory has of it is added to `known`.
  // `progress` is not owned.
  static absl::StatusOr<std::unique_ptr<ExportDirectory>> Open(const Options& options,
                                                               v1::ExportRequest* request,
                                                               Progress* progress);

  // Takes the messages one by one. After a stream that broke off those of a new one, which was
  // asked with cursor(), may follow.
  absl::Status Add(const v1::ExportResponse& response);
  // Behind the last partition that is in its place.
  const std::string& cursor() const { return cursor_; }

  // All has come: removes what is no more, and says what there is in a line. Errors also: DATA_LOSS
  // where the answer has no footer.
  absl::StatusOr<std::string> Finish();
  // Once finished: what the export stands on, without observations.
  const v1::Coverage& coverage() const { return coverage_; }

 private:
  ExportDirectory(const Options& options, Progress* progress)
      : options_(options), progress_(*progress) {}

  void SetHeader(const v1::ExportResponse::Header& header);
  absl::Status CheckDay(const v1::ExportResponse::Begin& begin) const;
  absl::Status BeginPartition(const v1::ExportResponse::Begin& begin);
  absl::Status EndPartition();
  std::string FileOf(const v1::ExportResponse::Begin& begin) const;
  void ShowProgress();

  const Options options_;
  Progress& progress_;
  std::unique_ptr<ExportManifest> manifest_;
  v1::ExportResponse::Header header_;  // of the last stream
  v1::Coverage coverage_;              // of all streams
  std::optional<ExportRows> rows_;
  v1::ExportResponse::Begin begin_;  // of the partition that is being written
  std::unique_ptr<PartFile> file_;   // of it; null where it is known
  std::set<ExportManifest::Key> seen_;
  std::string cursor_;
  uint64_t written_ = 0;  // partitions
};

}  // namespace flamekeep::cli

#endif  // FLAMEKEEP_CLI_EXPORT_DIRECTORY_H_

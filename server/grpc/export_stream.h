// Answers Export: turns what an exporter hands out into messages.
//
// Thread safety: none.
#ifndef FLAMEKEEP_SERVER_GRPC_EXPORT_STREAM_H_
#define FLAMEKEEP_SERVER_GRPC_EXPORT_STREAM_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "flamekeep/v1/export.pb.h"
#include "query/context.h"
#include "query/engine.h"
#include "query/export.h"
#include "server/grpc/blocking_writer.h"

namespace flamekeep::server {

using ExportWriter = BlockingWriter<v1::ExportResponse>;

class ExportStream final : public query::ExportSink {
 public:
  // Neither is owned.
  ExportStream(const v1::ExportRequest* request, ExportWriter* writer)
      : request_(*request), writer_(*writer) {}

  // Opens the export; then a partition, or a day without one, at a time, and the footer with the
  // last. Errors: those of the exporter and of the writer; INVALID_ARGUMENT.
  absl::Status Step(const query::Engine& engine, absl::FunctionRef<query::Context()> bounds);
  bool done() const { return exporter_.has_value() && exporter_->done(); }

 private:
  absl::Status Open(const query::Engine& engine, const query::Context& context);

  absl::StatusOr<bool> BeginPartition(const query::ExportPartition& partition) override;
  absl::Status AddColumn(const query::ExportColumn& column) override;
  absl::Status EndPartition(std::string_view cursor) override;

  // The reader's patience bounds a write, whatever the deadline of the query.
  absl::Status Write(v1::ExportResponse response) {
    return writer_.Write(std::move(response), absl::InfiniteFuture());
  }

  const v1::ExportRequest& request_;
  ExportWriter& writer_;
  std::optional<query::Exporter> exporter_;
  // Version by site and begin, in seconds.
  std::map<std::pair<std::string, int64_t>, std::string> known_;
};

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_GRPC_EXPORT_STREAM_H_

#include "server/grpc/export_stream.h"

#include <limits>
#include <vector>

#include "base/status.h"
#include "server/grpc/convert.h"
#include "storage/bucket.h"

namespace flamekeep::server {
namespace {

constexpr int kMaxKnown = 100'000;

// A message of a column is sent once it has so many bytes, about.
constexpr size_t kColumnBytes = size_t{256} << 10;
constexpr size_t kBytesPerNode = 16;

void SetRange(const query::TimeRange& from, v1::TimeRange* to) {
  *to->mutable_begin() = ToProto(from.begin);
  *to->mutable_end() = ToProto(from.end);
}

// Numbers names in the order in which they are sent.
class SentNames {
 public:
  explicit SentNames(const std::vector<std::string>& names)
      : names_(names), number_(names.size(), kUnsent) {}

  // The number of a name, which is added to `list` where it was not sent; `bytes` grows by it.
  uint32_t Send(uint32_t name, google::protobuf::RepeatedPtrField<std::string>* list,
                size_t* bytes) {
    if (number_[name] == kUnsent) {
      number_[name] = sent_++;
      list->Add(std::string(names_[name]));
      *bytes += names_[name].size();
    }
    return number_[name];
  }

 private:
  static constexpr uint32_t kUnsent = std::numeric_limits<uint32_t>::max();

  const std::vector<std::string>& names_;
  std::vector<uint32_t> number_;
  uint32_t sent_ = 0;
};

}  // namespace

absl::Status ExportStream::Step(const query::Engine& engine,
                                absl::FunctionRef<query::Context()> bounds) {
  if (!exporter_.has_value()) {
    FLAMEKEEP_RETURN_IF_ERROR(Open(engine, bounds()));
  } else {
    FLAMEKEEP_RETURN_IF_ERROR(exporter_->Next(bounds, this));
  }
  if (!exporter_->done()) return absl::OkStatus();
  v1::ExportResponse response;
  response.mutable_footer()->set_version(exporter_->Version());
  return Write(std::move(response));
}

absl::Status ExportStream::Open(const query::Engine& engine, const query::Context& context) {
  FLAMEKEEP_RETURN_IF_ERROR(context.Check());
  if (request_.known_size() > kMaxKnown) {
    return InvalidArgument(
        "`known` has {} partitions, at most {} can be given: export a shorter "
        "range at a time",
        request_.known_size(), kMaxKnown);
  }
  for (const v1::ExportRequest::Partition& known : request_.known()) {
    known_[{known.site(), known.begin().seconds()}] = known.version();
  }
  FLAMEKEEP_ASSIGN_OR_RETURN(const query::Selection selection, FromProto(request_.selection()));
  FLAMEKEEP_ASSIGN_OR_RETURN(const storage::Level level, FromProto(request_.level(), "level"));
  FLAMEKEEP_ASSIGN_OR_RETURN(query::Exporter exporter,
                             engine.OpenExport(selection, level, request_.cursor(), context));
  v1::ExportResponse response;
  v1::ExportResponse::Header* header = response.mutable_header();
  *header->mutable_coverage() = ToProto(exporter.coverage());
  header->set_profile_type(exporter.coverage().profile_type);
  for (const std::string& site : exporter.sites()) header->add_sites(site);
  exporter_ = std::move(exporter);
  return Write(std::move(response));
}

absl::StatusOr<bool> ExportStream::BeginPartition(const query::ExportPartition& partition) {
  v1::ExportResponse response;
  v1::ExportResponse::Begin* begin = response.mutable_begin();
  begin->set_site(partition.site);
  SetRange(partition.range, begin->mutable_range());
  begin->set_version(partition.version);
  const auto known = known_.find({partition.site, absl::ToUnixSeconds(partition.range.begin)});
  const bool is_known = known != known_.end() && known->second == partition.version;
  begin->set_known(is_known);
  FLAMEKEEP_RETURN_IF_ERROR(Write(std::move(response)));
  return !is_known;
}

absl::Status ExportStream::AddColumn(const query::ExportColumn& column) {
  const query::FlameGraph& graph = *column.graph;
  SentNames names(graph.names);
  SentNames files(graph.files);
  v1::ExportResponse response;
  v1::ExportResponse::Column* out = response.mutable_column();
  SetRange(column.bucket, out->mutable_bucket());
  out->set_level(ToProto(column.level));
  for (const auto& [name, value] : *column.labels) {
    v1::Label* label = out->add_labels();
    label->set_name(name);
    label->set_value(value);
  }
  out->set_saturated(column.saturated);
  size_t bytes = 0;
  files.Send(0, out->mutable_files(), &bytes);
  for (size_t box = graph.self[0] != 0 ? 0 : 1; box < graph.size(); ++box) {
    out->add_depth(graph.depth[box]);
    out->add_name(names.Send(graph.name[box], out->mutable_names(), &bytes));
    out->add_file(files.Send(graph.file[box], out->mutable_files(), &bytes));
    out->add_self(graph.self[box]);
    bytes += kBytesPerNode;
    if (bytes < kColumnBytes) continue;
    FLAMEKEEP_RETURN_IF_ERROR(Write(std::move(response)));
    response = v1::ExportResponse();
    out = response.mutable_column();
    out->set_continued(true);
    bytes = 0;
  }
  if (out->continued() && out->depth().empty()) return absl::OkStatus();
  return Write(std::move(response));
}

absl::Status ExportStream::EndPartition(std::string_view cursor) {
  v1::ExportResponse response;
  response.mutable_end()->set_cursor(std::string(cursor));
  return Write(std::move(response));
}

}  // namespace flamekeep::server

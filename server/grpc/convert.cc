#include "server/grpc/convert.h"

#include <cstdint>
#include <string>
#include <utility>

#include "base/status.h"
#include "server/text.h"

namespace flamekeep::server {

namespace {

// Of google.protobuf.Timestamp: 0001-01-01T00:00:00Z to 9999-12-31T23:59:59Z.
constexpr int64_t kMinSeconds = -62'135'596'800;
constexpr int64_t kMaxSeconds = 253'402'300'799;
constexpr int32_t kNanosPerSecond = 1'000'000'000;

// A trailer must fit the 8 KiB that clients accept as metadata, escaped.
constexpr size_t kMaxMessageBytes = 2048;

constexpr int kMaxGaps = 1000;
constexpr int kMaxPieces = 10'000;

v1::Gap::Reason ReasonToProto(storage::GapReason reason) {
  switch (reason) {
    case storage::GapReason::kDisconnected:
      return v1::Gap::REASON_DISCONNECTED;
    case storage::GapReason::kTrimmed:
      return v1::Gap::REASON_TRIMMED;
    case storage::GapReason::kReplaced:
      return v1::Gap::REASON_REPLACED;
    case storage::GapReason::kOverflow:
      return v1::Gap::REASON_OVERFLOW;
    case storage::GapReason::kUnhashed:
      return v1::Gap::REASON_UNHASHED;
  }
  return v1::Gap::REASON_UNSPECIFIED;
}

v1::ExplainResponse::Reason ReasonToProto(query::PieceReason reason) {
  switch (reason) {
    case query::PieceReason::kLargest:
      return v1::ExplainResponse::REASON_LARGEST;
    case query::PieceReason::kNotOver:
      return v1::ExplainResponse::REASON_NOT_OVER;
    case query::PieceReason::kStale:
      return v1::ExplainResponse::REASON_STALE;
    case query::PieceReason::kDirectPart:
      return v1::ExplainResponse::REASON_DIRECT_PART;
  }
  return v1::ExplainResponse::REASON_UNSPECIFIED;
}

void AddGap(const storage::SourceGap& from, v1::Coverage* out) {
  v1::Gap* gap = out->add_gaps();
  gap->set_site(from.source.site);
  gap->set_source(from.source.name);
  gap->set_node(from.source.node);
  *gap->mutable_range()->mutable_begin() = server::ToProto(absl::FromUnixMillis(from.gap.begin_ms));
  *gap->mutable_range()->mutable_end() = server::ToProto(absl::FromUnixMillis(from.gap.end_ms));
  gap->set_reason(ReasonToProto(from.gap.reason));
}

}  // namespace

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  // Both enumerations are the canonical codes.
  return {static_cast<grpc::StatusCode>(status.code()), Shorten(Message(status), kMaxMessageBytes)};
}

google::protobuf::Timestamp ToProto(absl::Time time) {
  google::protobuf::Timestamp out;
  const int64_t seconds = absl::ToUnixSeconds(time);
  out.set_seconds(seconds);
  out.set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
  return out;
}

absl::StatusOr<absl::Time> FromProto(const google::protobuf::Timestamp& time,
                                     std::string_view field) {
  if (time.seconds() < kMinSeconds || time.seconds() > kMaxSeconds || time.nanos() < 0 ||
      time.nanos() >= kNanosPerSecond) {
    return InvalidArgument(
        "`{}` is not a time: write seconds from year 1 to 9999 and nanos below 10^9", field);
  }
  return absl::FromUnixSeconds(time.seconds()) + absl::Nanoseconds(time.nanos());
}

v1::Level ToProto(storage::Level level) {
  switch (level) {
    case storage::Level::kMinute:
      return v1::LEVEL_MINUTE;
    case storage::Level::kHour:
      return v1::LEVEL_HOUR;
    case storage::Level::kDay:
      return v1::LEVEL_DAY;
    case storage::Level::kMonth:
      return v1::LEVEL_MONTH;
    case storage::Level::kYear:
      return v1::LEVEL_YEAR;
  }
  return v1::LEVEL_UNSPECIFIED;
}

absl::StatusOr<storage::Level> FromProto(v1::Level level, std::string_view field) {
  if (level == v1::LEVEL_UNSPECIFIED) return storage::Level::kMinute;
  for (const storage::Level candidate : storage::kLevels) {
    if (ToProto(candidate) == level) return candidate;
  }
  return InvalidArgument(
      "`{}` is {}, which is no level of this version: use LEVEL_MINUTE to "
      "LEVEL_YEAR",
      field, static_cast<int>(level));
}

query::FrameMatcher FromProto(const v1::FrameMatcher& matcher) {
  return {.function = matcher.function(), .file = matcher.file()};
}

namespace {

std::vector<query::FrameMatcher> MatchersOf(
    const google::protobuf::RepeatedPtrField<v1::FrameMatcher>& matchers) {
  std::vector<query::FrameMatcher> out;
  for (const v1::FrameMatcher& matcher : matchers) out.push_back(FromProto(matcher));
  return out;
}

}  // namespace

absl::StatusOr<query::FlameGraphOptions> OptionsOf(const v1::FlameGraphRequest& request) {
  return query::FlameGraphOptions{.inverted = request.inverted(),
                                  .min_share = request.min_share(),
                                  .max_nodes = request.max_nodes()};
}

absl::StatusOr<query::Selection> FromProto(const v1::Selection& selection) {
  if (!selection.range().has_begin() || !selection.range().has_end()) {
    return InvalidArgument("the selection has no range: set `range.begin` and `range.end`");
  }
  query::Selection out{.selector = selection.selector()};
  FLAMEKEEP_ASSIGN_OR_RETURN(out.begin, FromProto(selection.range().begin(), "range.begin"));
  FLAMEKEEP_ASSIGN_OR_RETURN(out.end, FromProto(selection.range().end(), "range.end"));
  const v1::FrameFilter& filter = selection.filter();
  out.filter = {.keep = MatchersOf(filter.keep()),
                .drop = MatchersOf(filter.drop()),
                .focus = FromProto(filter.focus()),
                .until = FromProto(filter.until()),
                .hide = MatchersOf(filter.hide()),
                .max_depth = filter.max_depth()};
  return out;
}

v1::Coverage ToProto(const query::Coverage& coverage) {
  v1::Coverage out;
  *out.mutable_requested()->mutable_begin() = ToProto(coverage.requested.begin);
  *out.mutable_requested()->mutable_end() = ToProto(coverage.requested.end);
  *out.mutable_covered()->mutable_begin() = ToProto(coverage.covered.begin);
  *out.mutable_covered()->mutable_end() = ToProto(coverage.covered.end);
  out.set_widened(coverage.widened);
  out.set_total(coverage.total);
  out.set_observations(coverage.observations);
  out.set_saturated(coverage.saturated);
  out.set_unit(coverage.unit);
  if (coverage.complete_through) {
    *out.mutable_complete_through() = ToProto(*coverage.complete_through);
  }
  out.set_final(coverage.final);
  out.set_version(coverage.version);
  for (const storage::SourceGap& gap : coverage.gaps) {
    if (out.gaps_size() == kMaxGaps) break;
    AddGap(gap, &out);
  }
  out.set_gaps_left_out(coverage.gaps.size() - static_cast<size_t>(out.gaps_size()));
  return out;
}

void MoveToProto(const query::Explanation& explanation, v1::ExplainResponse* out) {
  const auto set_range = [](const query::TimeRange& from, v1::TimeRange* to) {
    *to->mutable_begin() = ToProto(from.begin);
    *to->mutable_end() = ToProto(from.end);
  };
  set_range(explanation.requested, out->mutable_requested());
  set_range(explanation.covered, out->mutable_covered());
  out->set_widened(explanation.widened);
  out->set_series(explanation.series);
  for (const query::ExplainedPiece& piece : explanation.pieces) {
    if (out->pieces_size() == kMaxPieces) break;
    v1::ExplainResponse::Piece* to = out->add_pieces();
    to->set_site(piece.site);
    to->set_level(ToProto(piece.level));
    set_range(piece.range, to->mutable_range());
    to->set_buckets(piece.buckets);
    to->set_reason(ReasonToProto(piece.reason));
    to->set_columns(piece.columns);
    to->set_bytes(piece.bytes);
    to->set_pairs(piece.pairs);
  }
  out->set_pieces_left_out(explanation.pieces.size() - static_cast<size_t>(out->pieces_size()));
  out->set_columns(explanation.columns);
  out->set_bytes(explanation.bytes);
  out->set_pairs(explanation.pairs);
  out->set_counted(explanation.counted);
  out->set_memory_bytes(explanation.memory_bytes);
  out->set_time_class(explanation.time_class == query::TimeClass::kLong
                          ? v1::ExplainResponse::TIME_CLASS_LONG
                          : v1::ExplainResponse::TIME_CLASS_SHORT);
}

v1::ReadStats StatsToProto(const query::Coverage& coverage) {
  v1::ReadStats out;
  out.set_columns(coverage.columns);
  out.set_nodes(coverage.nodes);
  return out;
}

void MoveToProto(query::FlameGraph graph, v1::FlameGraphResponse* out) {
  *out->mutable_coverage() = ToProto(graph.coverage);
  *out->mutable_stats() = StatsToProto(graph.coverage);
  for (std::string& name : graph.names) out->add_names(std::move(name));
  for (std::string& file : graph.files) out->add_files(std::move(file));
  out->mutable_depth()->Add(graph.depth.begin(), graph.depth.end());
  out->mutable_name()->Add(graph.name.begin(), graph.name.end());
  out->mutable_file()->Add(graph.file.begin(), graph.file.end());
  out->mutable_total()->Add(graph.total.begin(), graph.total.end());
  out->mutable_self()->Add(graph.self.begin(), graph.self.end());
  out->set_cut_nodes(graph.cut_nodes);
  out->set_cut_total(graph.cut_total);
}

}  // namespace flamekeep::server

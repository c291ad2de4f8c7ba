#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "base/status.h"
#include "cli/commands.h"
#include "cli/connection.h"
#include "cli/output.h"
#include "cli/selection.h"
#include "cli/time_parse.h"
#include "flamekeep/v1/query.grpc.pb.h"

namespace flamekeep::cli {
namespace {

absl::StatusOr<v1::RenderRequest> RequestOf(const QueryOptions& options) {
  v1::RenderRequest request;
  FLAMEKEEP_ASSIGN_OR_RETURN(*request.mutable_selection(),
                             SelectionOf(options.selector, options.from, options.to, absl::Now()));
  const bool is_svg =
      options.format.empty() ? options.output.ends_with(".svg") : options.format == "svg";
  request.set_format(is_svg ? v1::RENDER_FORMAT_SVG : v1::RENDER_FORMAT_FOLDED);
  request.set_inverted(options.inverted);
  request.set_title(options.title);
  request.set_min_share(options.min_share);
  return request;
}

std::string_view ReasonText(v1::Gap::Reason reason) {
  switch (reason) {
    case v1::Gap::REASON_DISCONNECTED:
      return "nobody listened";
    case v1::Gap::REASON_TRIMMED:
      return "the stream was trimmed before it was read";
    case v1::Gap::REASON_REPLACED:
      return "the stream was replaced";
    case v1::Gap::REASON_OVERFLOW:
      return "decoding was behind";
    default:
      return "the reason is newer than this program";
  }
}

// What is missing from the answer, or may still come.
void TellCompleteness(const v1::Coverage& coverage) {
  constexpr int kListed = 3;
  // A live source is always some seconds behind.
  constexpr int64_t kUsualSeconds = 60;
  const google::protobuf::Timestamp& through = coverage.complete_through();
  if (!coverage.final() && coverage.has_complete_through() && through.seconds() == 0) {
    fmt::print(stderr,
               "flamekeep: note: a configured source has not reported yet, samples may be missing "
               "everywhere: see flamekeep status\n");
  } else if (!coverage.final() && coverage.has_complete_through() &&
             through.seconds() + kUsualSeconds < coverage.requested().end().seconds()) {
    fmt::print(stderr, "flamekeep: note: complete through {}, later samples may be missing\n",
               TimeText(absl::FromUnixSeconds(through.seconds())));
  }
  for (int i = 0; i < coverage.gaps_size() && i < kListed; ++i) {
    const v1::Gap& gap = coverage.gaps(i);
    fmt::print(stderr, "flamekeep: note: samples of {} at site {} are missing from {}: {}\n",
               gap.source(), gap.site(), RangeText(gap.range()), ReasonText(gap.reason()));
  }
  const uint64_t more = static_cast<uint64_t>(coverage.gaps_size()) + coverage.gaps_left_out();
  if (more > kListed) {
    fmt::print(stderr, "flamekeep: note: there are {} more such gaps\n", more - kListed);
  }
}

// What the reader of the answer should know about it.
void TellCoverage(const v1::Coverage& coverage) {
  // That minutes are the finest there is goes without saying.
  const int64_t before =
      coverage.requested().begin().seconds() - coverage.covered().begin().seconds();
  const auto& end = coverage.requested().end();
  const int64_t after = coverage.covered().end().seconds() - end.seconds() - (end.nanos() > 0);
  if (before >= 60 || after >= 60) {
    fmt::print(stderr,
               "flamekeep: note: the answer covers {}: the store keeps no finer buckets there\n",
               RangeText(coverage.covered()));
  }
  TellCompleteness(coverage);
  if (coverage.saturated()) {
    fmt::print(stderr,
               "flamekeep: note: a sum did not fit 64 bits and stands at its largest value\n");
  }
  if (coverage.observations() == 0) {
    fmt::print(stderr, "flamekeep: note: there are no samples in {}\n",
               RangeText(coverage.covered()));
  }
}

}  // namespace

absl::Status RunQuery(const QueryOptions& options) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::string address, ServerAddress(options.server));
  FLAMEKEEP_ASSIGN_OR_RETURN(const v1::RenderRequest request, RequestOf(options));
  if (request.format() == v1::RENDER_FORMAT_SVG && options.output == "-" &&
      isatty(STDOUT_FILENO) == 1) {
    return InvalidArgument("an SVG is not for a terminal: name a file with -o");
  }
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::unique_ptr<Output> output, Output::Create(options.output));
  const auto stub = v1::QueryService::NewStub(Connect(address));
  grpc::ClientContext context;
  const auto reader = stub->Render(&context, request);
  v1::RenderResponse response;
  while (reader->Read(&response)) {
    if (response.has_coverage()) TellCoverage(response.coverage());
    const absl::Status written = output->Write(response.data());
    if (written.ok()) continue;
    context.TryCancel();
    reader->Finish();
    return written;
  }
  FLAMEKEEP_RETURN_IF_ERROR(FromGrpc(reader->Finish(), address));
  return output->Commit();
}

}  // namespace flamekeep::cli

#include "server/http/http_errors.h"

#include "base/json_text.h"
#include "base/status.h"
#include "server/text.h"

namespace flamekeep::server {

namespace {

struct CodeRow {
  absl::StatusCode code;
  int http_status;
  std::string_view name;
};

constexpr CodeRow kCodeRows[] = {
    {absl::StatusCode::kOk, 200, "ok"},
    {absl::StatusCode::kCancelled, 499, "canceled"},
    {absl::StatusCode::kUnknown, 500, "unknown"},
    {absl::StatusCode::kInvalidArgument, 400, "invalid_argument"},
    {absl::StatusCode::kDeadlineExceeded, 504, "deadline_exceeded"},
    {absl::StatusCode::kNotFound, 404, "not_found"},
    {absl::StatusCode::kAlreadyExists, 409, "already_exists"},
    {absl::StatusCode::kPermissionDenied, 403, "permission_denied"},
    {absl::StatusCode::kResourceExhausted, 429, "resource_exhausted"},
    {absl::StatusCode::kFailedPrecondition, 400, "failed_precondition"},
    {absl::StatusCode::kAborted, 409, "aborted"},
    {absl::StatusCode::kOutOfRange, 400, "out_of_range"},
    {absl::StatusCode::kUnimplemented, 501, "unimplemented"},
    {absl::StatusCode::kInternal, 500, "internal"},
    {absl::StatusCode::kUnavailable, 503, "unavailable"},
    {absl::StatusCode::kDataLoss, 500, "data_loss"},
    {absl::StatusCode::kUnauthenticated, 401, "unauthenticated"},
};

const CodeRow& RowOfCode(absl::StatusCode code) {
  for (const CodeRow& row : kCodeRows) {
    if (row.code == code) return row;
  }
  return kCodeRows[2];
}

constexpr size_t kMaxErrorBytes = 2048;
constexpr int kTooManyRequests = 429;
constexpr int kUnavailable = 503;

}  // namespace

int HttpStatusOf(absl::StatusCode code) { return RowOfCode(code).http_status; }

std::string_view CodeName(absl::StatusCode code) { return RowOfCode(code).name; }

std::string ErrorJson(const absl::Status& error) {
  std::string out = "{\"code\":\"";
  out += CodeName(error.code());
  out += "\",\"message\":";
  AppendJsonString(Shorten(Message(error), kMaxErrorBytes), &out);
  out += '}';
  return out;
}

HttpResponse ErrorResponse(int http_status, const absl::Status& error, HttpErrors form) {
  HttpResponse response{.status = http_status};
  if (form == HttpErrors::kJson) {
    response.body = ErrorJson(error);
    response.content_type = "application/json";
  } else {
    response.body = Shorten(Message(error), kMaxErrorBytes) + "\n";
  }
  if (http_status == kTooManyRequests || http_status == kUnavailable) {
    response.headers.emplace_back("Retry-After", "1");
  }
  return response;
}

HttpResponse ErrorResponse(const absl::Status& error, HttpErrors form) {
  return ErrorResponse(HttpStatusOf(error.code()), error, form);
}

absl::Status NothingAt(std::string_view path) {
  return NotFound("there is nothing at {}: / tells what there is", Shorten(path));
}

absl::Status NoHttpMemory() {
  return absl::UnavailableError(
      "too many requests are in hand: try again later, or raise limits.http_memory");
}

}  // namespace flamekeep::server

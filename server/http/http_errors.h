// Errors over HTTP: a sentence for people, or Connect's JSON, {"code": "not_found", "message":
// "..."}.
//
// Thread safety: pure functions.
#ifndef FLAMEKEEP_SERVER_HTTP_HTTP_ERRORS_H_
#define FLAMEKEEP_SERVER_HTTP_HTTP_ERRORS_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "server/http/http_message.h"

namespace flamekeep::server {

enum class HttpErrors { kText, kJson };

// The HTTP status of an error, as Connect's protocol has it: 400, 404, 429, 503, ...
int HttpStatusOf(absl::StatusCode code);

// "invalid_argument".
std::string_view CodeName(absl::StatusCode code);

// {"code":"...","message":"..."}; the message is made valid UTF-8.
std::string ErrorJson(const absl::Status& error);

// REQUIRES: not OK.
HttpResponse ErrorResponse(const absl::Status& error, HttpErrors form);
// The same with another status than that of the code.
HttpResponse ErrorResponse(int http_status, const absl::Status& error, HttpErrors form);

// What is told where no route has the path, or the route nothing for it.
absl::Status NothingAt(std::string_view path);

// What is told where the memory of all bodies is used up.
absl::Status NoHttpMemory();

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_HTTP_HTTP_ERRORS_H_

// Sends what QueryService.Render answers as a file: streamed, with gzip around text where the
// caller takes it, an ETag, and 304 for a caller that has it already.
//
//   SendRendered(calls, {.query = query, .name = RenderFileName(query.request)}, std::move(call));
//
// The header Flamekeep-Coverage is what the answer covers and lacks: Coverage as JSON, with at most
// 8 of its gaps.
//
// The ETag is the answer's version and what else its bytes depend on. Where a caller has it, the
// answer ends as soon as the version is known, which mostly is before anything is made. What is
// final and asked for by fixed times may be kept for a day; all else is asked for again each time.
//
// Thread safety: may be called from several threads.
#ifndef FLAMEKEEP_SERVER_HTTP_RENDER_EXCHANGE_H_
#define FLAMEKEEP_SERVER_HTTP_RENDER_EXCHANGE_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "flamekeep/v1/query.pb.h"
#include "server/http/http_call.h"
#include "server/http/http_message.h"
#include "server/http/local_calls.h"
#include "server/http/render_query.h"

namespace flamekeep::server {

struct RenderedFile {
  RenderQuery query;
  std::string name;   // what a browser saves it as; no quotes in it
  bool gzip = false;  // a .gz file: the bytes are gzip, and are not said to be encoded
  std::vector<HttpHeader> headers;  // further ones
  // Asked before anything is sent; its error is the answer. Not where the caller has the file.
  std::function<absl::Status(const v1::Coverage& coverage)> check;
};

// On a worker thread. `calls` outlives the call.
void SendRendered(LocalCalls* calls, RenderedFile file, std::shared_ptr<HttpCall> call);

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_HTTP_RENDER_EXCHANGE_H_

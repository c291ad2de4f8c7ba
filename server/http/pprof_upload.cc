#include "server/http/pprof_upload.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <string>

#include "base/status.h"
#include "server/http/push_route.h"
#include "server/http/query_string.h"

namespace flamekeep::server {

namespace {

// What names the file and what is said of it.
std::string UploadId(const HttpRequest& request) {
  const XXH128_hash_t labels = XXH3_128bits(request.query.data(), request.query.size());
  const XXH128_hash_t hash =
      XXH3_128bits_withSeed(request.body.data(), request.body.size(), labels.low64);
  return fmt::format("upload-{:016x}{:016x}", hash.high64, hash.low64);
}

}  // namespace

absl::StatusOr<::push::v1::PushRequest> PushOfUpload(const HttpRequest& request) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const QueryString query, QueryString::Parse(request.query));
  if (request.body.empty()) {
    return InvalidArgument("there is no profile in this request: send a pprof file as its body");
  }
  // What somebody may take for a parameter, and what would then be lost.
  for (const std::string_view name : {"time", "from", "to", "until", "type"}) {
    if (!query.Has(name)) continue;
    return InvalidArgument(
        "`{}` is no parameter of an upload: a profile has its own time and types, and all "
        "parameters "
        "but `name` are labels; `flamekeep import` takes --time and --type",
        name);
  }
  ::push::v1::PushRequest push;
  ::push::v1::RawProfileSeries* series = push.add_series();
  for (const auto& [name, value] : query.parameters()) {
    ::push::v1::LabelPair* label = series->add_labels();
    label->set_name(name == "name" ? "__name__" : name);
    label->set_value(value);
  }
  ::push::v1::RawSample* sample = series->add_samples();
  sample->set_id(UploadId(request));
  sample->set_raw_profile(request.body);
  return push;
}

HttpRoute PprofUploadRoute(LocalCalls* calls, size_t max_body_bytes) {
  return PushRoute(calls, {.path = "/upload",
                           .methods = kHttpPut | kHttpPost,
                           .max_body_bytes = max_body_bytes,
                           .read = PushOfUpload,
                           .reply = "stored\n"});
}

}  // namespace flamekeep::server

// Answers Render: a selection in one of the file formats, streamed.
//
// Thread safety: pure functions.
#ifndef FLAMEKEEP_SERVER_GRPC_RENDER_H_
#define FLAMEKEEP_SERVER_GRPC_RENDER_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "flamekeep/v1/query.pb.h"
#include "query/context.h"
#include "query/engine.h"
#include "server/grpc/blocking_writer.h"

namespace flamekeep::server {

using RenderWriter = BlockingWriter<v1::RenderResponse>;

// Whether it takes long (Engine::IsLong). Errors: as RenderTo().
absl::StatusOr<bool> RenderIsLong(const query::Engine& engine, const v1::RenderRequest& request,
                                  const query::Context& context);

// Errors: those of the engine and of the writer; INVALID_ARGUMENT for a format that is not known,
// or that can not be inverted.
absl::Status RenderTo(const query::Engine& engine, const v1::RenderRequest& request,
                      const query::Context& context, RenderWriter* writer);

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_GRPC_RENDER_H_

// Who calls, so that callers can take turns: the host, as one connection more is had for nothing.
//
// Calls that come through the HTTP front end (local_calls.h) have no peer of their own: it says in
// their metadata whose they are. Nobody else can: what comes over a socket has an address.
//
// Thread safety: pure functions.
#ifndef FLAMEKEEP_SERVER_GRPC_CALLER_H_
#define FLAMEKEEP_SERVER_GRPC_CALLER_H_

#include <grpcpp/client_context.h>
#include <grpcpp/server_context.h>

#include <string>

namespace flamekeep::server {

std::string CallerOf(const grpc::CallbackServerContext& context);

// Of a call within this process.
void SetCaller(const std::string& host, grpc::ClientContext* context);

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_GRPC_CALLER_H_

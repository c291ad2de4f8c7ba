// Connect's streams of answers: for connect.cc.
//
// Thread safety: functions.
#ifndef FLAMEKEEP_SERVER_HTTP_CONNECT_STREAM_H_
#define FLAMEKEEP_SERVER_HTTP_CONNECT_STREAM_H_

#include <google/protobuf/descriptor.h>

#include <string>

#include "server/http/connect.h"
#include "server/http/http_server.h"
#include "server/http/local_calls.h"

namespace flamekeep::server {

// "/flamekeep.v1.QueryService/Render".
std::string PathOfMethod(const google::protobuf::MethodDescriptor& method);

// REQUIRES: only its answers are a stream.
HttpRoute ConnectStreamRoute(LocalCalls* calls, const google::protobuf::MethodDescriptor* method,
                             const ConnectOptions& options);

}  // namespace flamekeep::server

#endif  // FLAMEKEEP_SERVER_HTTP_CONNECT_STREAM_H_

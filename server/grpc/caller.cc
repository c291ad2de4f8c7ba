#include "server/grpc/caller.h"

#include <string_view>

namespace flamekeep::server {

namespace {

constexpr char kCallerKey[] = "flamekeep-caller";

// What comes over a socket: "ipv4:10.0.0.1:4711", "ipv6:%5B::1%5D:4711", "unix:".
bool IsSocket(std::string_view peer) {
  return peer.starts_with("ipv4:") || peer.starts_with("ipv6:") || peer.starts_with("unix");
}

}  // namespace

std::string CallerOf(const grpc::CallbackServerContext& context) {
  std::string peer = context.peer();
  if (!IsSocket(peer)) {
    const auto& metadata = context.client_metadata();
    const auto found = metadata.find(kCallerKey);
    if (found == metadata.end()) return peer;
    return std::string(found->second.data(), found->second.size());
  }
  if (peer.starts_with("unix")) return peer;
  return peer.substr(0, peer.rfind(':'));
}

void SetCaller(const std::string& host, grpc::ClientContext* context) {
  context->AddMetadata(kCallerKey, host);
}

}  // namespace flamekeep::server

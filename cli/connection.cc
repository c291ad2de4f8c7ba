#include "cli/connection.h"

#include <fmt/format.h>

#include "absl/strings/numbers.h"
#include "absl/strings/string_view.h"
#include "base/status.h"

namespace flamekeep::cli {
namespace {

constexpr int kDefaultPort = 4041;
constexpr int kMaxMessageBytes = 64 << 20;
constexpr int kFirstReconnectMs = 100;
constexpr int kMaxReconnectMs = 2000;
constexpr int kConnectTimeoutMs = 5000;

bool IsPort(std::string_view text) {
  int port = 0;
  return absl::SimpleAtoi(absl::string_view(text.data(), text.size()), &port) && port > 0 &&
         port < 65536;
}

}  // namespace

absl::StatusOr<std::string> ServerAddress(std::string_view text) {
  if (text.starts_with("unix:")) return std::string(text);
  const auto error = [&] {
    return InvalidArgument("\"{}\" is not a server address: write HOST, HOST:PORT or unix:/PATH",
                           text);
  };
  if (text.empty() || text.find('/') != std::string_view::npos) return error();
  // An IPv6 address has colons of its own: with a port it stands in brackets.
  const size_t first = text.find(':');
  const size_t last = text.rfind(':');
  if (text.front() == '[') {
    const size_t close = text.find(']');
    if (close == std::string_view::npos) return error();
    if (close + 1 == text.size()) return fmt::format("{}:{}", text, kDefaultPort);
    if (text[close + 1] != ':' || !IsPort(text.substr(close + 2))) return error();
    return std::string(text);
  }
  if (first == std::string_view::npos) return fmt::format("{}:{}", text, kDefaultPort);
  if (first != last) return fmt::format("[{}]:{}", text, kDefaultPort);
  if (first == 0 || !IsPort(text.substr(first + 1))) return error();
  return std::string(text);
}

std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  arguments.SetMaxSendMessageSize(kMaxMessageBytes);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);  // IngestClient knows what may be sent again
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kFirstReconnectMs);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kMaxReconnectMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, kConnectTimeoutMs);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

absl::Status FromGrpc(const grpc::Status& status, std::string_view address) {
  if (status.ok()) return absl::OkStatus();
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  // gRPC's own words for a connection that did not come about, or went.
  const std::string& text = status.error_message();
  if (code == absl::StatusCode::kUnavailable &&
      (text.find("failed to connect") != std::string::npos ||
       text.find("connections to all backends failing") != std::string::npos ||
       text.find("DNS resolution failed") != std::string::npos)) {
    return Error(code,
                 "no server answers at {}: start one with `flamekeep serve --data DIR` or name it "
                 "with --server",
                 address);
  }
  if (code == absl::StatusCode::kUnavailable && (text.find("Socket closed") != std::string::npos ||
                                                 text.find("recvmsg") != std::string::npos ||
                                                 text.find("Broken pipe") != std::string::npos)) {
    return Error(code, "the server at {} has gone in the middle of the call: see its log", address);
  }
  if (code == absl::StatusCode::kDeadlineExceeded && text == "Deadline Exceeded") {
    return Error(code, "the server at {} did not answer in time: try again, or a smaller range",
                 address);
  }
  if (code == absl::StatusCode::kUnimplemented) {
    return Error(
        code,
        "the server at {} does not know this call: is it another version, or another program?",
        address);
  }
  return absl::Status(code, text.empty() ? fmt::format("the server at {} failed with code {}",
                                                       address, static_cast<int>(code))
                                         : text);
}

}  // namespace flamekeep::cli

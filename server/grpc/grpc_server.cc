#include "server/grpc/grpc_server.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "absl/time/clock.h"
#include "base/status.h"
#include "base/steady_clock.h"
#include "server/address.h"
#include "server/grpc/foreign_service.h"
#include "server/grpc/ingest_service.h"
#include "server/grpc/querier_service.h"
#include "server/grpc/running_calls.h"

namespace flamekeep::server {

namespace {

constexpr absl::Duration kKeepaliveTime = absl::Seconds(30);
constexpr absl::Duration kKeepaliveTimeout = absl::Seconds(10);
constexpr absl::Duration kMinPingInterval = absl::Seconds(5);
constexpr absl::Duration kMaxIdle = absl::Minutes(5);
constexpr absl::Duration kHandshakeTimeout = absl::Seconds(10);
// For clients without a call to read that the server goes.
constexpr absl::Duration kGoodbye = absl::Milliseconds(250);
// Few large frames instead of many of 16 KiB.
constexpr int kMaxFrameBytes = 1 << 20;
// gRPC answers pressure on its own buffers by resetting streams without a word, so it gets room
// beyond what the services refuse with a sentence.
constexpr uint64_t kTransportBytes = uint64_t{64} << 20;

int ToMilliseconds(absl::Duration duration) {
  return static_cast<int>(absl::ToInt64Milliseconds(duration));
}

int ToInt(uint64_t value) {
  return static_cast<int>(std::min<uint64_t>(value, std::numeric_limits<int>::max()));
}

// gRPC only says that it failed.
absl::Status CanNotListen(std::string_view address, std::string_view why) {
  return Error(absl::StatusCode::kUnavailable,
               "can not listen for gRPC on {}: {}: choose another address with --grpc", address,
               why);
}

absl::StatusOr<Address> AddressToListenOn(const std::string& address) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const Address wanted, ParseAddress(address));
  FLAMEKEEP_ASSIGN_OR_RETURN(Address numeric, Resolve(wanted));
  const std::error_code error = TryToBind(numeric);
  if (error == std::errc::address_in_use) {
    return Error(absl::StatusCode::kUnavailable,
                 "the gRPC address {} is in use: stop what listens there, or choose another with "
                 "--grpc",
                 wanted.ToString());
  }
  if (error) return CanNotListen(wanted.ToString(), error.message());
  return numeric;
}

void SetBounds(const GrpcOptions& options, grpc::ServerBuilder* builder) {
  builder->SetMaxReceiveMessageSize(ToInt(options.max_message_bytes));
  builder->SetMaxSendMessageSize(ToInt(options.query.max_reply_bytes));
  // A small compressed message could unpack to any size before the limits above see it, so gRPC
  // unpacks none. Other systems' clients compress by default: their services unpack gzip
  // themselves, with a bound. Our own batches have a compression of their own.
  builder->SetCompressionAlgorithmSupportStatus(GRPC_COMPRESS_DEFLATE, false);
  builder->AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);

  grpc::ResourceQuota quota("flamekeep");
  quota.Resize(options.memory_bytes + kTransportBytes);
  builder->SetResourceQuota(quota);

  builder->AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder->AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS,
                              ToInt(options.max_streams_per_connection));
  builder->AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS,
                              ToMilliseconds(kHandshakeTimeout));
  builder->AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, ToMilliseconds(kMaxIdle));
  // Who has lost its power or its network is noticed, so that its source can be opened again.
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, ToMilliseconds(kKeepaliveTime));
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, ToMilliseconds(kKeepaliveTimeout));
  builder->AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                              ToMilliseconds(kMinPingInterval));
  builder->AddChannelArgument(GRPC_ARG_HTTP2_MAX_FRAME_SIZE, kMaxFrameBytes);
}

}  // namespace

struct GrpcServer::Impl {
  Impl(const GrpcOptions& options, const GrpcParts& parts)
      : ingest(parts.store, parts.hub, &calls, parts.metrics, options.decode_threads,
               options.memory_bytes),
        foreign(options.foreign),
        pyroscope_push(&ingest.parts(), &foreign),
        otlp_profiles(&ingest.parts(), &foreign),
        query(parts.engine, &calls, options.query),
        admin(parts.status, parts.store, parts.engine, parts.backups, &calls),
        querier(options.query.max_reply_bytes) {}

  RunningCalls calls;
  IngestService ingest;
  const ingest::ForeignOptions foreign;
  PyroscopePushService pyroscope_push;
  OtlpProfilesService otlp_profiles;
  QueryService query;
  AdminService admin;
  QuerierService querier;
  std::string address;
  std::unique_ptr<grpc::Server> server;
  bool shut_down = false;
};

GrpcServer::GrpcServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

GrpcServer::~GrpcServer() { Shutdown(absl::InfinitePast()); }

const std::string& GrpcServer::address() const { return impl_->address; }

std::shared_ptr<grpc::Channel> GrpcServer::LocalChannel() {
  grpc::ChannelArguments arguments;
  // What is too large is refused by the services.
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  return impl_->server->InProcessChannel(arguments);
}

absl::StatusOr<std::unique_ptr<GrpcServer>> GrpcServer::Start(const GrpcOptions& options,
                                                              const GrpcParts& parts) {
  std::optional<Address> numeric;
  if (!options.address.empty()) {
    FLAMEKEEP_ASSIGN_OR_RETURN(numeric, AddressToListenOn(options.address));
  }
  auto impl = std::make_unique<Impl>(options, parts);

  // Process-wide settings of gRPC.
  grpc::EnableDefaultHealthCheckService(true);
  static const bool reflection = [] {
    grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    return true;
  }();
  (void)reflection;

  grpc::ServerBuilder builder;
  int port = 0;
  if (numeric.has_value()) {
    builder.AddListeningPort(numeric->ToString(), grpc::InsecureServerCredentials(), &port);
  }
  SetBounds(options, &builder);
  builder.RegisterService(&impl->ingest);
  builder.RegisterService(&impl->pyroscope_push);
  builder.RegisterService(&impl->otlp_profiles);
  builder.RegisterService(&impl->query);
  builder.RegisterService(&impl->admin);
  builder.RegisterService(&impl->querier);
  impl->server = builder.BuildAndStart();
  if (impl->server == nullptr || (numeric.has_value() && port == 0)) {
    return CanNotListen(options.address, "gRPC could not start");
  }
  if (numeric.has_value()) {
    impl->address = Address{numeric->host, static_cast<uint16_t>(port)}.ToString();
  }
  std::unique_ptr<GrpcServer> server(new GrpcServer(std::move(impl)));
  server->impl_->querier.SetChannel(server->LocalChannel());
  server->SetIngestHealthy(true);
  return server;
}

void GrpcServer::SetIngestHealthy(bool healthy) {
  grpc::HealthCheckServiceInterface* health = impl_->server->GetHealthCheckService();
  health->SetServingStatus(v1::IngestService::service_full_name(), healthy);
  health->SetServingStatus(::push::v1::PusherService::service_full_name(), healthy);
  health->SetServingStatus(otlp::ProfilesService::service_full_name(), healthy);
  health->SetServingStatus(v1::QueryService::service_full_name(), true);
  health->SetServingStatus(v1::AdminService::service_full_name(), true);
  health->SetServingStatus(querier::v1::QuerierService::service_full_name(), true);
}

bool GrpcServer::Shutdown(absl::Time deadline) {
  if (impl_->server == nullptr || impl_->shut_down) return true;
  impl_->shut_down = true;
  impl_->server->GetHealthCheckService()->SetServingStatus(false);
  impl_->calls.Close();
  impl_->ingest.Drain();
  const bool ended = impl_->calls.WaitUntilNone(deadline);
  // Who reads is told to go; connections of others are closed all the same.
  const absl::Duration goodbye = std::clamp(deadline - SteadyNow(), absl::ZeroDuration(), kGoodbye);
  impl_->server->Shutdown(absl::ToChronoTime(absl::Now() + goodbye));
  impl_->server->Wait();
  impl_->query.Stop();
  return ended;
}

}  // namespace flamekeep::server

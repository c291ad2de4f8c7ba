// Both ends of a push of profiles without Flamekeep, for profile_push; see README.md.
//
//   profile_load discard                         throws away what is pushed, until its input ends
//   profile_load push --way grpc-pprof --to 127.0.0.1:4041     pushes as fast as it is taken
//
// Each prints one line of JSON.
#include <fmt/format.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "base/metrics.h"
#include "base/status.h"
#include "bench/support/foreign_inputs.h"
#include "bench/support/must.h"
#include "bench/support/recorded_samples.h"
#include "bench/support/timing.h"
#include "compat/otlp_profiles.grpc.pb.h"
#include "compat/pyroscope_push.grpc.pb.h"
#include "server/address.h"
#include "server/http/http_server.h"

namespace flamekeep::bench {
namespace {

namespace otlp = ::opentelemetry::proto::collector::profiles::v1development;
namespace http = boost::beast::http;

constexpr char kPushMethod[] = "/push.v1.PusherService/Push";
constexpr char kExportMethod[] =
    "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export";
constexpr char kExportPath[] = "/v1development/profiles";

struct Flags {
  std::string way = "grpc-pprof";
  std::string to;
  size_t callers = 192;
  double seconds = 5;
  size_t messages = 50'000;
};

// The way of a request, as its clients go it.
struct Way {
  std::string_view name;
  bool is_grpc;
  bool is_otlp;
  std::string_view target;  // a method of gRPC, or a path
};

constexpr Way kWays[] = {
    {"grpc-pprof", true, false, kPushMethod},
    {"connect-pprof", false, false, kPushMethod},
    {"grpc-otlp", true, true, kExportMethod},
    {"http-otlp", false, true, kExportPath},
};

// push.v1.PushRequest of one profile, with gzip around the profile. It has no id: the same one is
// to count again.
ForeignInput PushRequestOf(const Window& window) {
  ForeignInput input = PprofOf(window);
  ::push::v1::PushRequest request;
  ::push::v1::RawProfileSeries* series = request.add_series();
  for (const auto& [name, value] : {std::pair("__name__", window.front()->channel),
                                    std::pair("service_name", std::string("mediawiki"))}) {
    ::push::v1::LabelPair* label = series->add_labels();
    label->set_name(name);
    label->set_value(value);
  }
  input = Packed(std::move(input));
  series->add_samples()->set_raw_profile(std::move(input.bytes));
  input.bytes = request.SerializeAsString();
  return input;
}

// As they go over the wire.
std::vector<ForeignInput> RequestsOf(const Way& way, size_t messages) {
  std::vector<RecordedSample> samples = ReadRecordedSamples(messages);
  MoveTo(absl::Now() - absl::Minutes(1), &samples);
  std::vector<ForeignInput> requests;
  for (const Window& window : CutWindows(samples, {.duration = kProfileDuration})) {
    requests.push_back(way.is_otlp ? Packed(OtlpOf(window)) : PushRequestOf(window));
  }
  return requests;
}

// A connection of a client.
class Caller {
 public:
  virtual ~Caller() = default;
  // Sends a request and waits for its answer. False where it is refused for the moment; ends the
  // program where it fails.
  virtual bool Call(size_t request) = 0;
};

class GrpcCaller final : public Caller {
 public:
  // The requests are kept in slices, so that a call copies nothing.
  GrpcCaller(const Way& way, const std::shared_ptr<grpc::Channel>& channel,
             const std::vector<ForeignInput>& requests)
      : method_(way.target), stub_(channel) {
    for (const ForeignInput& request : requests) {
      const grpc::Slice slice(request.bytes.data(), request.bytes.size(),
                              grpc::Slice::STATIC_SLICE);
      requests_.emplace_back(&slice, 1);
    }
  }

  bool Call(size_t request) override {
    grpc::ClientContext context;
    grpc::ByteBuffer reply;
    grpc::Status status;
    absl::Notification done;
    stub_.UnaryCall(&context, method_, {}, &requests_[request], &reply,
                    [&](const grpc::Status& result) {
                      status = result;
                      done.Notify();
                    });
    done.WaitForNotification();
    if (status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED) return false;
    if (!status.ok()) Must(absl::UnknownError(status.error_message()));
    return true;
  }

 private:
  const std::string method_;
  grpc::GenericStub stub_;
  std::vector<grpc::ByteBuffer> requests_;
};

class HttpCaller final : public Caller {
 public:
  HttpCaller(const Way& way, const std::string& to, const std::vector<ForeignInput>& requests)
      : way_(way), requests_(requests), stream_(io_) {
    const server::Address address = Must(server::ParseAddress(to));
    stream_.connect({boost::asio::ip::make_address(address.host), address.port});
    stream_.socket().set_option(boost::asio::ip::tcp::no_delay(true));
  }

  bool Call(size_t number) override {
    const std::string& body = requests_[number].bytes;
    http::request<http::span_body<const char>> request(http::verb::post, way_.target, 11);
    request.set(http::field::host, "localhost");
    request.set(http::field::content_type,
                way_.is_otlp ? "application/x-protobuf" : "application/proto");
    if (way_.is_otlp) {
      request.set(http::field::content_encoding, "gzip");
    } else {
      request.set("Connect-Protocol-Version", "1");
    }
    request.body() = {body.data(), body.size()};
    request.prepare_payload();
    http::write(stream_, request);
    http::response<http::string_body> response;
    http::read(stream_, buffer_, response);
    if (response.result() == http::status::too_many_requests ||
        response.result() == http::status::service_unavailable) {
      return false;
    }
    if (response.result() != http::status::ok) Must(absl::UnknownError(response.body()));
    return true;
  }

 private:
  const Way& way_;
  const std::vector<ForeignInput>& requests_;
  boost::asio::io_context io_;
  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
};

std::vector<std::unique_ptr<Caller>> MakeCallers(const Way& way, const Flags& flags,
                                                 const std::vector<ForeignInput>& requests) {
  constexpr size_t kCallsPerConnection = 8;
  std::vector<std::unique_ptr<Caller>> callers;
  std::shared_ptr<grpc::Channel> channel;
  for (size_t i = 0; i < flags.callers; ++i) {
    if (!way.is_grpc) {
      callers.push_back(std::make_unique<HttpCaller>(way, flags.to, requests));
      continue;
    }
    if (i % kCallsPerConnection == 0) {
      grpc::ChannelArguments arguments;
      arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
      channel = grpc::CreateCustomChannel(flags.to, grpc::InsecureChannelCredentials(), arguments);
    }
    callers.push_back(std::make_unique<GrpcCaller>(way, channel, requests));
  }
  return callers;
}

// What all callers did.
class Tally {
 public:
  void Add(const ForeignInput& request, double milliseconds) {
    absl::MutexLock lock(&mutex_);
    timing_.milliseconds.push_back(milliseconds);
    bytes_ += request.unpacked_bytes;
    packed_ += request.bytes.size();
    entries_ += request.entries;
  }
  void AddRefusal() {
    absl::MutexLock lock(&mutex_);
    ++refused_;
  }

  void Print(double seconds) const {
    absl::MutexLock lock(&mutex_);
    std::printf("%s\n",
                fmt::format(R"({{"requests": {}, "refused": {}, "bytes": {}, "packed": {}, )"
                            R"("entries": {}, "seconds": {:.6f}, "milliseconds": {:.3f}}})",
                            timing_.milliseconds.size(), refused_, bytes_, packed_, entries_,
                            seconds, timing_.p50())
                    .c_str());
  }

 private:
  mutable absl::Mutex mutex_;
  Timing timing_ ABSL_GUARDED_BY(mutex_);
  uint64_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t packed_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t entries_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t refused_ ABSL_GUARDED_BY(mutex_) = 0;
};

void Push(const Flags& flags) {
  const auto* const way = std::find_if(std::begin(kWays), std::end(kWays),
                                       [&](const Way& one) { return one.name == flags.way; });
  const std::vector<ForeignInput> requests = RequestsOf(*way, flags.messages);
  const auto callers = MakeCallers(*way, flags, requests);
  Tally tally;
  std::atomic<size_t> next = 0;
  const Stopwatch stopwatch;
  const auto push = [&](Caller* caller) {
    while (stopwatch.Milliseconds() < flags.seconds * 1e3) {
      const size_t request = next++ % requests.size();
      const Stopwatch call;
      if (caller->Call(request)) {
        tally.Add(requests[request], call.Milliseconds());
      } else {
        tally.AddRefusal();
        absl::SleepFor(absl::Milliseconds(10));
      }
    }
  };
  std::vector<std::thread> threads;
  threads.reserve(callers.size());
  for (const auto& caller : callers) threads.emplace_back(push, caller.get());
  for (std::thread& thread : threads) thread.join();
  tally.Print(stopwatch.Milliseconds() / 1e3);
}

grpc::ServerUnaryReactor* Succeed(grpc::CallbackServerContext* context) {
  grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
  reactor->Finish(grpc::Status::OK);
  return reactor;
}

class DiscardingPushService final : public ::push::v1::PusherService::WithRawCallbackMethod_Push<
                                        ::push::v1::PusherService::Service> {
 public:
  grpc::ServerUnaryReactor* Push(grpc::CallbackServerContext* context, const grpc::ByteBuffer*,
                                 grpc::ByteBuffer* response) override {
    const grpc::Slice empty;
    *response = grpc::ByteBuffer(&empty, 1);
    return Succeed(context);
  }
};

class DiscardingOtlpService final
    : public otlp::ProfilesService::WithRawCallbackMethod_Export<otlp::ProfilesService::Service> {
 public:
  grpc::ServerUnaryReactor* Export(grpc::CallbackServerContext* context, const grpc::ByteBuffer*,
                                   grpc::ByteBuffer* response) override {
    const grpc::Slice empty;
    *response = grpc::ByteBuffer(&empty, 1);
    return Succeed(context);
  }
};

server::HttpRoute DiscardingRoute(std::string path) {
  constexpr size_t kMaxBodyBytes = size_t{16} << 20;
  return {.path = std::move(path),
          .methods = server::kHttpPost,
          .blocking = true,
          .max_body_bytes = kMaxBodyBytes,
          .handle = [](const server::HttpRequest&) {
            return server::HttpResponse{.content_type = "application/proto"};
          }};
}

// With the settings of the servers that are measured, as far as they change the way of the bytes.
void Discard() {
  constexpr int kMaxMessageBytes = 16 << 20;
  constexpr int kMaxFrameBytes = 1 << 20;
  DiscardingPushService push_service;
  DiscardingOtlpService otlp_service;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.AddChannelArgument(GRPC_ARG_ENABLE_PER_MESSAGE_DECOMPRESSION, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_FRAME_SIZE, kMaxFrameBytes);
  builder.RegisterService(&push_service);
  builder.RegisterService(&otlp_service);
  const std::unique_ptr<grpc::Server> grpc_server = builder.BuildAndStart();
  if (grpc_server == nullptr) Must(absl::UnavailableError("gRPC could not start"));
  Metrics metrics;
  const auto http_server =
      Must(server::HttpServer::Start({.address = "127.0.0.1:0", .metrics = &metrics},
                                     {DiscardingRoute(kPushMethod), DiscardingRoute(kExportPath)}));
  std::printf("%s\n", fmt::format(R"({{"grpc": "127.0.0.1:{}", "http": "{}"}})", port,
                                  http_server->address())
                          .c_str());
  std::fflush(stdout);
  char byte = 0;
  while (read(STDIN_FILENO, &byte, 1) > 0) continue;
  grpc_server->Shutdown();
}

}  // namespace
}  // namespace flamekeep::bench

int main(int argc, char** argv) {
  flamekeep::bench::Flags flags;
  CLI::App app("Both ends of a push of profiles without Flamekeep");
  app.require_subcommand(1);
  const CLI::App* const discard =
      app.add_subcommand("discard", "Throw away what is pushed, until the input ends");
  CLI::App* const push = app.add_subcommand("push", "Push profiles as fast as they are taken");
  push->add_option("--way", flags.way, "How, and what")
      ->check(CLI::IsMember({"grpc-pprof", "connect-pprof", "grpc-otlp", "http-otlp"}))
      ->capture_default_str();
  push->add_option("--to", flags.to, "Address of the server")->required();
  push->add_option("--callers", flags.callers, "Requests in hand at a time")->capture_default_str();
  push->add_option("--seconds", flags.seconds, "For how long")->capture_default_str();
  push->add_option("--messages", flags.messages, "Of the corpus, that the requests are made of")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (discard->parsed()) {
    flamekeep::bench::Discard();
  } else {
    flamekeep::bench::Push(flags);
  }
  return 0;
}

#include "server/server.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "server/http/raw_client.h"
#include "server/notify.h"
#include "server/test_server.h"

namespace flamekeep::server {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class ServerTest : public TestServer {};

TEST_F(ServerTest, ServesHttp) {
  Start();
  ASSERT_TRUE(Push(Folded("client"), 1, "main;a 1\nbroken\n").first.ok());
  const std::string& http = server_->http_address();
  EXPECT_THAT(Get(http, "/"), AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("/metrics")));
  EXPECT_THAT(Get(http, "/healthz"), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(Get(http, "/readyz"), AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("ready")));
  const std::string metrics = Get(http, "/metrics");
  EXPECT_THAT(metrics, StartsWith("HTTP/1.1 200"));
  EXPECT_THAT(metrics, HasSubstr("text/plain; version=0.0.4"));
  EXPECT_THAT(metrics, HasSubstr("\nflamekeep_store_writable 1\n"));
  EXPECT_THAT(metrics, HasSubstr("\nflamekeep_ready 1\n"));
  EXPECT_THAT(metrics, HasSubstr("flamekeep_store_level_bytes{level=\"minute\"}"));
  EXPECT_THAT(metrics, HasSubstr("flamekeep_storage_flushes_total"));
  EXPECT_THAT(metrics, HasSubstr("reason=\"no_count\",severity=\"loss\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("process_resident_memory_bytes"));
}

TEST_F(ServerTest, TellsHowItDoes) {
  config_.node = "mw1";
  config_.sites = {{.name = "codfw",
                    .redis = {{.address = {.host = "127.0.0.1", .port = 1}}},
                    .channels = {"excimer"}}};
  Start();
  ASSERT_TRUE(Push(Folded("client"), 1, "main;a 1\n").first.ok());
  const v1::StatusResponse status = AdminStatus();
  EXPECT_EQ(status.node(), "mw1");
  EXPECT_FALSE(status.version().empty());
  EXPECT_EQ(status.store().directory(), config_.data);
  EXPECT_GT(status.store().bytes(), 0u);
  EXPECT_GT(status.store().last_flush(), 0u);
  EXPECT_EQ(status.store().write_error(), "");
  EXPECT_EQ(status.store().levels_size(), 5);
  ASSERT_GE(status.sources_size(), 2);
  EXPECT_TRUE(status.sources(0).configured());
  EXPECT_FALSE(status.sources(0).connected());
  EXPECT_EQ(status.sources(0).name(), "excimer");
  EXPECT_EQ(status.sources(0).site(), "codfw");
  EXPECT_EQ(status.sources(0).address(), "redis://127.0.0.1:1");
  const v1::SourceStatus& pushed = status.sources(status.sources_size() - 1);
  EXPECT_EQ(pushed.kind(), v1::SourceStatus::KIND_PUSH);
  EXPECT_EQ(pushed.position_number(), 1u);
  EXPECT_THAT(status.profile_types(), testing::ElementsAre("excimer-wall:samples:count::"));
}

TEST_F(ServerTest, TheStoreBelongsToOne) {
  Start();
  ServerConfig second = config_;
  const absl::Status status = Server::Start(second).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
  EXPECT_THAT(Message(status), HasSubstr(config_.data));
}

TEST_F(ServerTest, TheAddressBelongsToOne) {
  Start();
  ServerConfig second = config_;
  second.data = (directory_ / "other").string();
  second.grpc = server_->grpc_address();
  absl::Status status = Server::Start(second).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  EXPECT_THAT(Message(status), HasSubstr(server_->grpc_address() + " is in use"));
  second.grpc = "192.0.2.1:0";
  status = Server::Start(second).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  EXPECT_THAT(Message(status), HasSubstr("Cannot assign requested address"));
  second.grpc = "127.0.0.1:0";
  second.http = server_->http_address();
  status = Server::Start(second).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  EXPECT_THAT(Message(status), HasSubstr(server_->http_address()));
}

TEST_F(ServerTest, RefusesADirectoryThatIsNone) {
  std::ofstream(directory_ / "file") << "x";
  config_.data = (directory_ / "file").string();
  const absl::Status status = Server::Start(config_).status();
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(Message(status), HasSubstr(config_.data));
}

TEST_F(ServerTest, WritesTheReadyFileWithTheRealPorts) {
  config_.ready_file = (directory_ / "ready").string();
  Start();
  std::ifstream in(config_.ready_file);
  std::string text;
  std::getline(in, text);
  EXPECT_EQ(text, fmt::format("{{\"pid\": {}, \"grpc\": \"{}\", \"http\": \"{}\"}}", getpid(),
                              server_->grpc_address(), server_->http_address()));
  server_.reset();
  EXPECT_FALSE(std::filesystem::exists(config_.ready_file));
}

TEST_F(ServerTest, FrontEndsCanBeOff) {
  config_.grpc = "off";
  config_.http = "off";
  const auto server = Server::Start(config_);
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_EQ((*server)->grpc_address(), "");
  EXPECT_EQ((*server)->http_address(), "");
  EXPECT_TRUE((*server)->Drain().ok());
}

// What a client says at first that speaks HTTP/2: the preface and its settings, which are empty.
constexpr std::string_view kSettings("\4\0", 2);  // a frame's type and flags
constexpr std::string_view kHttp2Begin("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 33);

TEST_F(ServerTest, ClientsThatHaveNoCallDoNotHoldTheDrainUp) {
  config_.limits.drain_timeout = absl::Seconds(3);
  Start();
  // It reads no further, so it never hears that the server goes.
  RawClient silent(server_->grpc_address());
  ASSERT_TRUE(silent.connected());
  ASSERT_TRUE(silent.Send(kHttp2Begin));
  ASSERT_FALSE(silent.ReadUntil(kSettings).empty());
  ASSERT_TRUE(Push(Folded("client"), 1, "main;a 1\n").first.ok());
  const absl::Status drained = server_->Drain();
  EXPECT_TRUE(drained.ok()) << drained;
}

TEST_F(ServerTest, ACallThatOutlastsTheDrainIsCutOffAndTold) {
  config_.limits.drain_timeout = absl::Seconds(1);
  Start();
  const std::string long_name(2'000, 'x');
  for (uint64_t batch = 1; batch <= 8; ++batch) {
    std::string lines;
    for (int i = 0; i < 1'000; ++i) lines += fmt::format("{}{}_{} 1\n", long_name, batch, i);
    ASSERT_TRUE(Push(Folded("client"), batch, lines).first.ok());
  }
  v1::RenderRequest request;
  *request.mutable_selection() = LastHour();
  request.set_format(v1::RENDER_FORMAT_FOLDED);
  grpc::ClientContext context;
  const auto reader = query_->Render(&context, request);
  v1::RenderResponse response;
  ASSERT_TRUE(reader->Read(&response));
  const absl::Status drained = server_->Drain();
  EXPECT_EQ(drained.code(), absl::StatusCode::kDeadlineExceeded) << drained;
  EXPECT_THAT(Message(drained), HasSubstr("limits.drain_timeout"));
  context.TryCancel();
}

TEST(NotifyTest, SendsToTheSocketOfSystemd) {
  const std::string path = testing::TempDir() + "/notify_test.sock";
  unlink(path.c_str());
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  setenv("NOTIFY_SOCKET", path.c_str(), 1);  // NOLINT(concurrency-mt-unsafe): no other thread
  NotifySystemd("READY=1");
  unsetenv("NOTIFY_SOCKET");  // NOLINT(concurrency-mt-unsafe): no other thread
  NotifySystemd("READY=2");
  std::array<char, 64> buffer{};
  const ssize_t bytes = recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
  EXPECT_EQ(std::string(buffer.data(), static_cast<size_t>(std::max<ssize_t>(bytes, 0))),
            "READY=1");
  close(fd);
}

constexpr char kChildConfig[] = "FLAMEKEEP_TEST_SERVE";

// Not a test: what the processes run that ServeTest starts.
TEST(ServeChild, DISABLED_Run) {
  const char* path = std::getenv(kChildConfig);  // NOLINT(concurrency-mt-unsafe): no other thread
  if (path == nullptr) GTEST_SKIP();
  absl::StatusOr<ServerConfig> config = LoadConfig(path);
  ASSERT_TRUE(config.ok()) << config.status();
  config->ready_file = std::string(path) + ".ready";
  if (!Serve(*config).ok()) _exit(3);
}

// Serve() in a process of its own, as it takes over the signals.
class ServeTest : public TestServer {
 protected:
  void Spawn(std::string_view more = "") {
    const std::string path = (directory_ / "config").string();
    config_.ready_file = path + ".ready";
    std::ofstream(path) << fmt::format("data: {}\ngrpc: {}\nhttp: {}\n{}", config_.data,
                                       config_.grpc, config_.http, more);
    const std::string setting = fmt::format("{}={}", kChildConfig, path);
    child_ = fork();
    if (child_ != 0) return;
    const char* arguments[] = {"server_test", "--gtest_filter=ServeChild.DISABLED_Run",
                               "--gtest_also_run_disabled_tests", nullptr};
    const char* environment[] = {setting.c_str(), nullptr};
    execve("/proc/self/exe", const_cast<char**>(arguments), const_cast<char**>(environment));
    _exit(4);
  }

  // The gRPC address, once it serves.
  std::string WaitUntilReady() {
    for (int i = 0; i < 1000; ++i) {
      std::ifstream in(config_.ready_file);
      std::string text;
      if (std::getline(in, text)) {
        const size_t begin = text.find("127.0.0.1");
        return text.substr(begin, text.find('"', begin) - begin);
      }
      absl::SleepFor(absl::Milliseconds(10));
    }
    ADD_FAILURE() << "the server did not get ready";
    return "";
  }

  int WaitForExit() {
    int status = 0;
    waitpid(child_, &status, 0);
    EXPECT_TRUE(WIFEXITED(status)) << status;
    return WEXITSTATUS(status);
  }

  pid_t child_ = 0;
};

TEST_F(ServeTest, DrainsOnSigterm) {
  Spawn();
  const std::string address = WaitUntilReady();
  channel_ = grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
  ingest_ = v1::IngestService::NewStub(channel_);
  IngestCall call(ingest_.get());
  call.Open(Folded("client"));
  for (uint64_t i = 1; i <= 20; ++i) call.Send(i, "main;a 1\n");
  call.WaitFor(1);
  kill(child_, SIGTERM);
  EXPECT_EQ(call.Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(WaitForExit(), 0);
  EXPECT_FALSE(std::filesystem::exists(config_.ready_file));
  Start();
  EXPECT_GE(FlameGraph().second.coverage().total(), call.last().durable_number());
}

TEST_F(ServeTest, ASecondSignalEndsItAtOnce) {
  Spawn("limits: {drain_timeout: 10m}\n");
  const std::string address = WaitUntilReady();
  channel_ = grpc::CreateChannel(address, grpc::InsecureChannelCredentials());
  ingest_ = v1::IngestService::NewStub(channel_);
  query_ = v1::QueryService::NewStub(channel_);
  const std::string long_name(2'000, 'x');
  for (uint64_t batch = 1; batch <= 8; ++batch) {
    std::string lines;
    for (int i = 0; i < 1'000; ++i) lines += fmt::format("{}{}_{} 1\n", long_name, batch, i);
    ASSERT_TRUE(Push(Folded("client"), batch, lines).first.ok());
  }
  // A stream that nobody reads holds the drain up.
  v1::RenderRequest request;
  *request.mutable_selection() = LastHour();
  request.set_format(v1::RENDER_FORMAT_FOLDED);
  grpc::ClientContext context;
  const auto reader = query_->Render(&context, request);
  v1::RenderResponse response;
  ASSERT_TRUE(reader->Read(&response));
  kill(child_, SIGTERM);
  absl::SleepFor(absl::Milliseconds(300));
  EXPECT_EQ(waitpid(child_, nullptr, WNOHANG), 0);
  kill(child_, SIGINT);
  EXPECT_EQ(WaitForExit(), 128 + SIGINT);
  context.TryCancel();
}

TEST_F(ServeTest, AnErrorAtTheStartIsReturned) {
  std::ofstream(config_.data) << "a file";
  Spawn();
  EXPECT_EQ(WaitForExit(), 3);
}

}  // namespace
}  // namespace flamekeep::server

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "query/query_testing.h"
#include "query/window_stream.h"

namespace flamekeep::query {
namespace {

constexpr uint32_t kTreeSize = 40 * storage::kWindowIds;

TestColumns SomeColumns() {
  std::mt19937_64 random(1);
  TestColumns columns;
  for (const int size : {100'000, 3, 50'000, 1'000}) {
    Values values;
    for (int i = 0; i < size; ++i) values[static_cast<uint32_t>(random() % kTreeSize)] = i + 1;
    columns.Add(values);
  }
  return columns;
}

TEST(WindowStream, GivesTheSameWithAndWithoutAThread) {
  const TestColumns columns = SomeColumns();
  for (const bool threaded : {false, true}) {
    WindowStream stream(kTreeSize);
    for (const std::string_view column : columns.views()) ASSERT_TRUE(stream.Add(column).ok());
    stream.Start(threaded);
    auto expected = columns.sums.rbegin();
    while (true) {
      const auto window = stream.Next();
      ASSERT_TRUE(window.ok()) << window.status();
      if (*window == nullptr) break;
      for (size_t i = 0; i < (*window)->size; ++i, ++expected) {
        const uint32_t id = (*window)->number * storage::kWindowIds + (*window)->offsets[i];
        ASSERT_EQ(id, expected->first);
        ASSERT_EQ((*window)->values[i], expected->second);
      }
    }
    EXPECT_TRUE(expected == columns.sums.rend());
    EXPECT_EQ(*stream.Next(), nullptr);  // and stays so
  }
}

TEST(WindowStream, MayBeLeftAtAnyPoint) {
  const TestColumns columns = SomeColumns();
  for (int windows = 0; windows < 12; ++windows) {
    WindowStream stream(kTreeSize);
    for (const std::string_view column : columns.views()) ASSERT_TRUE(stream.Add(column).ok());
    stream.Start(/*threaded=*/true);
    for (int i = 0; i < windows; ++i) ASSERT_TRUE(stream.Next().ok());
  }
}

TEST(WindowStream, ErrorsArrive) {
  TestColumns columns = SomeColumns();
  columns.encoded[0].push_back('x');
  for (const bool threaded : {false, true}) {
    WindowStream stream(kTreeSize);
    for (const std::string_view column : columns.views()) ASSERT_TRUE(stream.Add(column).ok());
    stream.Start(threaded);
    absl::StatusOr<const WindowStream::Window*> window;
    do {
      window = stream.Next();
    } while (window.ok() && *window != nullptr);
    EXPECT_EQ(window.status().code(), absl::StatusCode::kDataLoss);
  }
}

}  // namespace
}  // namespace flamekeep::query

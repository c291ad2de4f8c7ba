#include "ingest/redis_stream_id.h"

#include <fmt/format.h>

#include <charconv>

namespace flamekeep::ingest {
namespace {

bool ParseNumber(std::string_view text, uint64_t* number) {
  const char* const end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data(), end, *number);
  return error == std::errc() && parsed == end;
}

}  // namespace

std::optional<RedisStreamId> RedisStreamId::Parse(std::string_view text) {
  const size_t dash = text.find('-');
  RedisStreamId id;
  if (dash == std::string_view::npos || !ParseNumber(text.substr(0, dash), &id.ms) ||
      !ParseNumber(text.substr(dash + 1), &id.seq)) {
    return std::nullopt;
  }
  return id;
}

std::string RedisStreamId::Text() const { return fmt::format("{}-{}", ms, seq); }

}  // namespace flamekeep::ingest

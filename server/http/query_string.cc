#include "server/http/query_string.h"

#include <algorithm>
#include <cstddef>
#include <optional>

#include "base/status.h"
#include "ingest/folded.h"
#include "server/text.h"

namespace flamekeep::server {

namespace {

constexpr size_t kMaxParameters = 256;
constexpr size_t kEscapeBytes = 3;  // %XX

std::optional<int> HexDigit(char c) {
  constexpr int kTen = 10;
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + kTen;
  if (c >= 'A' && c <= 'F') return c - 'A' + kTen;
  return std::nullopt;
}

// UTF-8, as strings of messages must be.
bool IsText(std::string_view text) {
  constexpr unsigned char kFirstNotAscii = 0x80;
  while (!text.empty()) {
    const bool ascii = static_cast<unsigned char>(text.front()) < kFirstNotAscii;
    const size_t length = ascii ? 1 : ingest::ReadableLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

absl::StatusOr<std::string> DecodeComponent(std::string_view text) {
  constexpr int kHexBase = 16;
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const auto digit = [&](size_t at) {
        return at < text.size() ? HexDigit(text[at]) : std::nullopt;
      };
      const std::optional<int> high = digit(i + 1);
      const std::optional<int> low = digit(i + 2);
      if (!high.has_value() || !low.has_value()) {
        return InvalidArgument("\"{}\" in the URL is no %XX escape: write a percent sign as %25",
                               Shorten(text.substr(i, kEscapeBytes)));
      }
      out += static_cast<char>(*high * kHexBase + *low);
      i += 2;
    }
  }
  if (IsText(out)) return out;
  return InvalidArgument("\"{}\" in the URL is no UTF-8: encode it as such", Shorten(text));
}

}  // namespace

absl::StatusOr<QueryString> QueryString::Parse(std::string_view query) {
  QueryString out;
  while (!query.empty()) {
    const size_t end = query.find('&');
    const std::string_view item = query.substr(0, end);
    query.remove_prefix(end == std::string_view::npos ? query.size() : end + 1);
    if (item.empty()) continue;
    if (out.parameters_.size() == kMaxParameters) {
      return InvalidArgument("the URL has more than {} parameters", kMaxParameters);
    }
    const size_t equals = item.find('=');
    FLAMEKEEP_ASSIGN_OR_RETURN(std::string name, DecodeComponent(item.substr(0, equals)));
    std::string value;
    if (equals != std::string_view::npos) {
      FLAMEKEEP_ASSIGN_OR_RETURN(value, DecodeComponent(item.substr(equals + 1)));
    }
    out.parameters_.emplace_back(std::move(name), std::move(value));
  }
  return out;
}

bool QueryString::Has(std::string_view name) const {
  return std::any_of(parameters_.begin(), parameters_.end(),
                     [&](const auto& parameter) { return parameter.first == name; });
}

std::string_view QueryString::Get(std::string_view name) const {
  for (const auto& [known, value] : parameters_) {
    if (known == name) return value;
  }
  return {};
}

std::vector<std::string> QueryString::All(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [known, value] : parameters_) {
    if (known == name) values.push_back(value);
  }
  return values;
}

absl::Status QueryString::CheckNames(absl::Span<const std::string_view> known) const {
  for (const auto& [name, value] : parameters_) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    std::string names;
    for (const std::string_view one : known) {
      if (!names.empty()) names += ", ";
      names += one;
    }
    return InvalidArgument("there is no parameter \"{}\" here: use {}", Shorten(name), names);
  }
  return absl::OkStatus();
}

}  // namespace flamekeep::server

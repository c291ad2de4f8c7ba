#include "storage/profile_type.h"

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "base/status.h"

namespace flamekeep::storage {
namespace {

constexpr size_t kParts = 5;
constexpr std::array<std::string_view, kParts> kPartNames = {"name", "type", "unit", "period type",
                                                             "period unit"};

bool IsName(std::string_view text) {
  return !text.empty() && !absl::ascii_isdigit(static_cast<unsigned char>(text[0])) &&
         text[0] != '.' && text[0] != '-' &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '_' || c == '.' || c == '-';
         });
}

bool IsPart(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || c == '_' || c == '.' || c == '-' || c == '/' || c == '%';
  });
}

}  // namespace

std::string ProfileType::Id() const {
  return fmt::format("{}:{}:{}:{}:{}", name, type, unit, period_type, period_unit);
}

std::string ProfileType::ShortName() const {
  return *this == ProfileType{.name = name} ? name : Id();
}

absl::StatusOr<ProfileType> ParseProfileType(std::string_view text) {
  std::array<std::string_view, kParts> parts;
  size_t count = 0;
  for (std::string_view rest = text;; ++count) {
    const size_t colon = rest.find(':');
    if (count < kParts) parts[count] = rest.substr(0, colon);
    if (colon == std::string_view::npos) break;
    rest.remove_prefix(colon + 1);
  }
  ++count;
  if (count != 1 && count != kParts) {
    return InvalidArgument(
        "\"{:.200}\" is not a profile type: write a bare name such as \"excimer-wall\", or the "
        "five "
        "parts \"name:type:unit:period_type:period_unit\"",
        text);
  }
  if (!IsName(parts[0])) {
    return InvalidArgument(
        "\"{:.200}\" is not a profile type: its name must start with a letter or '_' and go on "
        "with "
        "letters, digits, '_', '.' and '-'",
        text);
  }
  for (size_t i = 0; i < count; ++i) {
    if (parts[i].size() > kMaxProfileTypePart) {
      return InvalidArgument("the {} of the profile type \"{:.40}...\" is longer than {} bytes",
                             kPartNames[i], text, kMaxProfileTypePart);
    }
    if (!IsPart(parts[i])) {
      return InvalidArgument(
          "\"{:.200}\" is not a profile type: its {} may only hold letters, digits and \"_.-/%\"",
          text, kPartNames[i]);
    }
  }
  if (count == 1) return ProfileType{.name = std::string(parts[0])};
  if (parts[1].empty() || parts[2].empty()) {
    return InvalidArgument("\"{:.200}\" is not a profile type: its type or its unit is empty",
                           text);
  }
  return ProfileType{std::string(parts[0]), std::string(parts[1]), std::string(parts[2]),
                     std::string(parts[3]), std::string(parts[4])};
}

}  // namespace flamekeep::storage

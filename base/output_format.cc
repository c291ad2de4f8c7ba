#include "base/output_format.h"

#include "base/status.h"

namespace flamekeep {

std::vector<std::string> FormatNames(absl::Span<const OutputFormat> formats) {
  std::vector<std::string> names;
  for (const OutputFormat& format : formats) names.emplace_back(format.name);
  return names;
}

std::string FormatEndings(absl::Span<const OutputFormat> formats) {
  std::string text;
  for (const OutputFormat& format : formats) {
    for (const std::string_view ending : format.endings) {
      text += fmt::format("{}{}", text.empty() ? "" : " ", ending);
    }
  }
  return text;
}

absl::StatusOr<size_t> FormatOfFile(absl::Span<const OutputFormat> formats, std::string_view name,
                                    std::string_view file) {
  if (name.empty() && file == "-") return 0;
  for (size_t i = 0; i < formats.size(); ++i) {
    if (formats[i].name == name) return i;
    if (!name.empty()) continue;
    for (const std::string_view ending : formats[i].endings) {
      if (file.ends_with(ending)) return i;
    }
  }
  return InvalidArgument(
      "the name {} does not tell a format: end it with one of {}, or give --format", file,
      FormatEndings(formats));
}

}  // namespace flamekeep

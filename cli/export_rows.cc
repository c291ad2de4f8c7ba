#include "cli/export_rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/time/time.h"
#include "base/status.h"
#include "cli/json.h"
#include "cli/level_text.h"
#include "storage/column.h"

namespace flamekeep::cli {
namespace {

std::string UtcText(const google::protobuf::Timestamp& time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::FromUnixSeconds(time.seconds()),
                          absl::UTCTimeZone());
}

}  // namespace

void ExportRows::Path::Push(uint32_t depth, std::string_view separator, std::string_view entry) {
  ends.resize(depth);
  text.resize(ends.back());
  if (depth > 1) text += separator;
  text += entry;
  ends.push_back(text.size());
}

void ExportRows::Begin(std::string_view site) {
  site_ = std::string(site);
  rows_ = 0;
  total_ = 0;
}

void ExportRows::StartColumn(const v1::ExportResponse::Column& column) {
  head_ = fmt::format(
      R"({{"begin":"{}","end":"{}","level":"{}","site":{},"profile_type":{},"labels":{{)",
      UtcText(column.bucket().begin()), UtcText(column.bucket().end()), LevelText(column.level()),
      JsonString(site_), JsonString(profile_type_));
  for (int i = 0; i < column.labels_size(); ++i) {
    fmt::format_to(std::back_inserter(head_), "{}{}:{}", i == 0 ? "" : ",",
                   JsonString(column.labels(i).name()), JsonString(column.labels(i).value()));
  }
  head_ += "},\"stack\":";
  names_.clear();
  files_.clear();
  stack_ = Path();
  stack_files_ = Path();
  known_files_ = {0};
}

// A frame as it stands in a row. What folded text gives a meaning to is replaced as there.
std::string ExportRows::Entry(std::string_view name) const {
  if (form_ == StackForm::kArray) return JsonString(name);
  std::string text(name);
  std::replace(text.begin(), text.end(), ';', ':');
  std::replace(text.begin(), text.end(), '\n', '_');
  text = JsonString(text);
  return text.substr(1, text.size() - 2);  // without its quotes
}

void ExportRows::AppendRow(uint64_t value) {
  row_ = head_;
  const bool is_array = form_ == StackForm::kArray;
  row_ += is_array ? '[' : '"';
  row_ += stack_.text;
  row_ += is_array ? ']' : '"';
  if (is_array && known_files_.back() != 0) {
    row_ += ",\"files\":[";
    row_ += stack_files_.text;
    row_ += ']';
  }
  fmt::format_to(std::back_inserter(row_), ",\"value\":{}}}\n", value);
}

absl::Status ExportRows::Write(const v1::ExportResponse::Column& column,
                               absl::FunctionRef<absl::Status(std::string_view)> write) {
  if (!column.continued()) StartColumn(column);
  for (const std::string& name : column.names()) names_.push_back(Entry(name));
  for (const std::string& file : column.files()) files_.push_back(JsonString(file));
  const int nodes = column.depth_size();
  bool sound =
      column.name_size() == nodes && column.file_size() == nodes && column.self_size() == nodes;
  for (int i = 0; sound && i < nodes; ++i) {
    const uint32_t depth = column.depth(i);
    // The root comes first, where it comes.
    sound = (depth == 0 ? stack_.ends.size() == 1 : depth <= stack_.ends.size()) &&
            column.name(i) < names_.size() && column.file(i) < files_.size();
    if (!sound) break;
    if (depth > 0) {
      stack_.Push(depth, form_ == StackForm::kArray ? "," : ";", names_[column.name(i)]);
      stack_files_.Push(depth, ",", files_[column.file(i)]);
      known_files_.resize(depth);
      known_files_.push_back(known_files_.back() + (column.file(i) != 0 ? 1 : 0));
    }
    if (column.self(i) == 0) continue;
    AppendRow(column.self(i));
    bool saturated = false;
    total_ = storage::SaturatingAdd(total_, column.self(i), &saturated);
    ++rows_;
    FLAMEKEEP_RETURN_IF_ERROR(write(row_));
  }
  if (sound) return absl::OkStatus();
  return DataLoss("the server's answer is damaged: a stack of site {} has no begin", site_);
}

}  // namespace flamekeep::cli

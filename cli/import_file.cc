#include "cli/import_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "base/status.h"
#include "cli/chunk_reader.h"
#include "cli/content.h"
#include "cli/file_format.h"
#include "cli/import_profile.h"
#include "cli/input.h"

namespace flamekeep::cli {
namespace {

constexpr size_t kHeadBytes = size_t{64} << 10;
constexpr int kMaxNamesakes = 10'000;  // contents that begin with the same line
constexpr size_t kMaxLabelText = 200;  // longer ones are named by their hash

// What tells the content apart before it is read: its start, up to kHeadBytes.
absl::StatusOr<std::string> ReadHead(Input& input) {
  std::string head(kHeadBytes, '\0');
  size_t filled = 0;
  while (filled < head.size()) {
    FLAMEKEEP_ASSIGN_OR_RETURN(const size_t n,
                               input.Read(head.data() + filled, head.size() - filled));
    if (n == 0) break;
    filled += n;
    // A pipe may give no more for a long time.
    if (!input.raw().is_regular() && memchr(head.data(), 0x0a, filled) != nullptr) break;
  }
  head.resize(filled);
  FLAMEKEEP_RETURN_IF_ERROR(input.Rewind());
  return head;
}

// Where a content goes on: an open source, and the hasher that has seen what the source has.
struct Place {
  std::unique_ptr<IngestClient> client;
  ContentHasher hasher;
  ContentCursor known;
  bool is_older_copy = false;
};

// Finds the source of the content among those whose first line is the same. The input stands then
// behind what the source has.
absl::StatusOr<Place> FindPlace(Input& input, const v1::OpenSource& open,
                                const ImportTarget& target) {
  for (int namesake = 1; namesake <= kMaxNamesakes; ++namesake) {
    v1::OpenSource candidate = open;
    if (namesake > 1) candidate.set_source(fmt::format("{}#{}", open.source(), namesake));
    Place place;
    FLAMEKEEP_ASSIGN_OR_RETURN(
        place.client, IngestClient::Open(target.channel, target.address, candidate, target.client));
    if (place.client->durable_number() == 0) return place;
    const std::optional<ContentCursor> known = ContentCursor::Decode(place.client->cursor());
    if (!known) {
      return DataLoss(
          "the server's place of \"{}\" can not be read: was it imported by a newer flamekeep?",
          candidate.source());
    }
    FLAMEKEEP_ASSIGN_OR_RETURN(
        const Relation relation, Compare(input, *known, place.hasher, [&]() -> absl::Status {
          target.progress->Update(input.raw().position());
          return target.client.cancelled() ? absl::CancelledError("interrupted") : absl::OkStatus();
        }));
    if (relation != Relation::kDiffers) {
      place.known = *known;
      place.is_older_copy = relation == Relation::kOlderCopy;
      return place;
    }
    FLAMEKEEP_RETURN_IF_ERROR(input.Rewind());
  }
  return Error(absl::StatusCode::kResourceExhausted,
               "{} different contents begin as {} does: add a --label that tells them apart",
               kMaxNamesakes, input.name());
}

// Of a pushed file: its source has this content's place, or that of an earlier one.
absl::StatusOr<Place> PlaceOfPush(Input& input, const v1::OpenSource& open,
                                  const ImportTarget& target) {
  Place place;
  FLAMEKEEP_ASSIGN_OR_RETURN(
      place.client, IngestClient::Open(target.channel, target.address, open, target.client));
  const std::optional<ContentCursor> known = ContentCursor::Decode(place.client->cursor());
  if (!known) return place;
  FLAMEKEEP_ASSIGN_OR_RETURN(
      const Relation relation, Compare(input, *known, place.hasher, [&]() -> absl::Status {
        target.progress->Update(input.raw().position());
        return target.client.cancelled() ? absl::CancelledError("interrupted") : absl::OkStatus();
      }));
  if (relation == Relation::kDiffers) {
    FLAMEKEEP_RETURN_IF_ERROR(input.Rewind());
    place.hasher = ContentHasher();
    return place;
  }
  place.known = *known;
  place.is_older_copy = relation == Relation::kOlderCopy;
  return place;
}

absl::Status GrewInsideALine(const Input& input, uint64_t length) {
  return Error(
      absl::StatusCode::kFailedPrecondition,
      "{} was counted up to byte {}, in the middle of a line that has grown since, so that "
      "line can not be put right: cut the first {} bytes off and import the rest as a file "
      "of its own",
      input.name(), length, length);
}

absl::Status SendAll(Input& input, Place& place, bool is_finished, const ImportTarget& target,
                     FileResult* result) {
  ChunkReader reader(&input, &place.hasher, is_finished);
  std::string chunk = place.client->TakeBuffer();
  while (true) {
    if (target.client.cancelled()) return absl::CancelledError("interrupted");
    FLAMEKEEP_ASSIGN_OR_RETURN(const bool more, reader.Next(&chunk));
    if (!more) break;
    if (result->bytes == 0 && place.known.ends_in_line && chunk.front() != '\n') {
      return GrewInsideALine(input, place.known.end.length);
    }
    result->bytes += chunk.size();
    v1::IngestBatch batch;
    *batch.mutable_lines() = std::move(chunk);
    batch.set_cursor(place.hasher.Cursor().Encode());
    FLAMEKEEP_RETURN_IF_ERROR(place.client->Send(std::move(batch)));
    target.progress->Update(input.raw().position());
    chunk = place.client->TakeBuffer();
  }
  result->left_out = reader.left_out();
  return place.client->Flush();
}

absl::Status CheckFormat(const Input& input, FileFormat format, const v1::OpenSource& open) {
  const bool has_either = open.has_time() || !open.profile_type().empty();
  const bool has_both = open.has_time() && !open.profile_type().empty();
  if (format == FileFormat::kTimedFolded && has_either) {
    return InvalidArgument("{} has times and channels of its own: leave out --time and --type",
                           input.name());
  }
  if (format == FileFormat::kFolded && !has_both) {
    const std::string_view missing = !has_either       ? "--time and --type"
                                     : open.has_time() ? "--type"
                                                       : "--time";
    return InvalidArgument(
        "{} is taken for folded text, which has no times and types inside: give {}", input.name(),
        missing);
  }
  if (format == FileFormat::kPerfData) {
    return InvalidArgument(
        "{} is what `perf record` writes: import what `perf script -i {}` prints", input.name(),
        input.name());
  }
  return absl::OkStatus();
}

using FindPlaceOf = absl::FunctionRef<absl::StatusOr<Place>(Input&, const std::string& head)>;

// Sends what is new of a file of lines.
absl::StatusOr<FileResult> SendLines(Input& input, const std::string& head, bool complete,
                                     const ImportTarget& target, FindPlaceOf find) {
  FileResult result;
  const bool is_finished = complete || input.is_finished();
  const std::string_view first_line = FirstLine(head);
  const bool has_newline = first_line.size() < head.size();
  if (head.empty() || (!has_newline && head.size() < kHeadBytes && !is_finished)) {
    result.left_out = head.size();
    return result;
  }
  target.progress->Begin(input.name(), input.raw().size());
  FLAMEKEEP_ASSIGN_OR_RETURN(Place place, find(input, head));
  if (place.is_older_copy) {
    target.progress->End();
    result.outcome = FileResult::Outcome::kOlderCopy;
    return result;
  }
  input.ForgetStart();
  result.resumed = place.known.end.length > 0;
  FLAMEKEEP_RETURN_IF_ERROR(SendAll(input, place, is_finished, target, &result));
  target.progress->End();
  result.counts = place.client->counts();
  result.outcome = result.bytes > 0 ? FileResult::Outcome::kImported
                   : result.resumed ? FileResult::Outcome::kUpToDate
                                    : FileResult::Outcome::kNothing;
  return result;
}

}  // namespace

std::string LabelText(const v1::OpenSource& open) {
  std::vector<std::string> parts;
  parts.reserve(open.labels_size());
  for (const v1::Label& label : open.labels()) {
    parts.push_back(fmt::format("{}=\"{}\"", label.name(), label.value()));
  }
  if (parts.empty()) return "";
  std::sort(parts.begin(), parts.end());
  std::string text = fmt::format("{{{}}}", fmt::join(parts, ","));
  return text.size() <= kMaxLabelText ? text : fmt::format("{{{}}}", HexText(DigestOf(text)));
}

absl::StatusOr<FileResult> ImportFile(const std::string& path, const FileImport& import,
                                      const ImportTarget& target) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::unique_ptr<Input> input, Input::Open(path));
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::string head, ReadHead(*input));
  const FileFormat format = FormatOf(head);
  if (IsProfile(format)) return ImportProfile(*input, format, import, target);
  return SendLines(*input, head, import.complete, target,
                   [&](Input& lines, const std::string& start) -> absl::StatusOr<Place> {
                     FLAMEKEEP_RETURN_IF_ERROR(CheckFormat(lines, format, import.open));
                     v1::OpenSource open = import.open;
                     open.set_kind(v1::OpenSource::KIND_IMPORT);
                     open.set_format(format == FileFormat::kFolded ? v1::FORMAT_FOLDED
                                                                   : v1::FORMAT_TIMED_FOLDED);
                     open.set_source(fmt::format("lines:{}{}", HexText(DigestOf(FirstLine(start))),
                                                 LabelText(open)));
                     return FindPlace(lines, open, target);
                   });
}

absl::StatusOr<FileResult> PushFile(const std::string& path, const v1::OpenSource& open,
                                    const ImportTarget& target) {
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::unique_ptr<Input> input, Input::Open(path));
  FLAMEKEEP_ASSIGN_OR_RETURN(const std::string head, ReadHead(*input));
  if (IsProfile(FormatOf(head))) {
    return InvalidArgument("{} holds profiles, not lines: bring it in with `flamekeep import`",
                           input->name());
  }
  return SendLines(
      *input, head, /*complete=*/false, target,
      [&](Input& lines, const std::string& /*head*/) { return PlaceOfPush(lines, open, target); });
}

}  // namespace flamekeep::cli

#include "ingest/reject.h"

namespace flamekeep::ingest {
namespace {

struct RejectText {
  std::string_view name;
  std::string_view sentence;
};

constexpr std::array<RejectText, kRejectCount> kTexts = {{
    {"none", "Lines that were taken in."},
    {"too_long", "Lines over 1 MiB, left out."},
    {"no_count", "Lines without a count behind their last space, left out."},
    {"bad_count", "Lines whose count is negative, broken or not a whole number, left out."},
    {"zero_count", "Lines that count nothing, left out."},
    {"huge_count", "Lines whose count does not fit 64 bits, left out."},
    {"no_frames", "Lines with a count and no frame, left out."},
    {"no_time", "Lines that should start with microseconds since 1970 and do not, left out."},
    {"time_out_of_range", "Lines with a time before 1970 or too far ahead to be stored, left out."},
    {"too_late", "Pushed lines with a time longer ago than push.max_late, left out."},
    {"too_early", "Pushed lines with a time further ahead than push.max_early, left out."},
    {"final",
     "Pushed lines with a time in a range that live sources have made final, left out: import them "
     "with `flamekeep import --amend`, or push under another profile type or site."},
    {"no_channel",
     "Lines whose channel, or entries whose type, is missing or no profile type, left out."},
    {"too_many_types", "Lines of a profile type beyond the number that a site may have, left out."},
    {"no_stack", "Entries of a stream without the field `stack`, left out."},
    {"bad_labels",
     "Entries of a stream whose field `labels` is not name=value,name=value, left out."},
    {"negative_value", "Samples of profiles with a value below 0, left out."},
    {"bad_values", "Samples of profiles without one value for each sample type, left out."},
    {"bad_reference",
     "Samples of profiles that refer to a stack, location, function or text that is not there, "
     "left "
     "out."},
    {"unfolds_too_far",
     "Samples of profiles that unfold to far more frames or values than one of their size has, "
     "left "
     "out."},
    {"too_many_series",
     "Pushed samples of series beyond the number that a site may have, or with a value beyond "
     "those "
     "that a label may have, left out."},
    {"no_previous",
     "Samples of profiles whose values only grow, sent without the profile before, left out."},
}};

}  // namespace

std::string_view RejectName(Reject reject) { return kTexts[static_cast<size_t>(reject)].name; }

std::string_view RejectSentence(Reject reject) {
  return kTexts[static_cast<size_t>(reject)].sentence;
}

RejectCounters::RejectCounters(Metrics* metrics, std::string_view site, std::string_view source) {
  for (size_t i = 1; i < kRejectCount; ++i) {
    const Reject reject = static_cast<Reject>(i);
    counters_[i] =
        &metrics->GetCounter("ingest_rejected_lines_total", Severity::kLoss, RejectSentence(reject),
                             {{"site", std::string(site)},
                              {"source", std::string(source)},
                              {"reason", std::string(RejectName(reject))}});
  }
}

}  // namespace flamekeep::ingest

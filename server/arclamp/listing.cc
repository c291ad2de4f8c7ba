#include "server/arclamp/listing.h"

#include <fmt/format.h>

#include <cstddef>
#include <optional>

#include "base/status.h"
#include "query/svg_text.h"

namespace flamekeep::server {

namespace {

constexpr size_t kDaysOfPage = 14;
constexpr size_t kHoursOfPage = 48;
// A page ends with the bucket in which it has as many links.
constexpr size_t kLinksOfPage = 3000;
// Of one bucket; all others are answered as well.
constexpr size_t kEntriesOfBucket = 500;

constexpr absl::Duration kPlainLogs = absl::Hours(72);

constexpr std::string_view kPageHead =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<title>Index of /arclamp/{0}</title>\n"
    "<style>body{{font:14px/1.5 ui-monospace,monospace;margin:2em}}ul{{list-style:none;padding:0}}"
    "h1{{font-size:1.4em}}h2{{font-size:1.1em;margin:1em 0 0}}</style>\n</head>\n<body>\n"
    "<h1>Index of /arclamp/{0}</h1>\n";
constexpr std::string_view kPageTail = "</body>\n</html>\n";

// One page while it is written. What it is given may be any text.
class ListingPage {
 public:
  explicit ListingPage(const ArcLampListing& listing) : site_(ArcLampSiteQuery(listing.site)) {
    out_ = fmt::format(fmt::runtime(kPageHead), query::EscapeXml(ArcLampPathText(listing.path)));
    Sites(listing);
  }

  void Link(std::string_view to) {
    out_ += fmt::format("<li><a href=\"{0}{1}\">{0}</a></li>\n", query::EscapeXml(to),
                        query::EscapeXml(site_));
    ++links_;
  }
  void BeginList() { out_ += "<ul>\n"; }
  void EndList() { out_ += "</ul>\n"; }
  void Heading(std::string_view text) {
    out_ += fmt::format("<h2>{}</h2>\n", query::EscapeXml(text));
  }
  void Paragraph(std::string_view text) {
    out_ += fmt::format("<p>{}</p>\n", query::EscapeXml(text));
  }
  void Older(std::string_view before) {
    std::string to = fmt::format("?before={}", before);
    if (!site_.empty()) to += "&" + site_.substr(1);
    out_ += fmt::format("<p><a href=\"{}\">Older</a></p>\n", query::EscapeXml(to));
  }

  // Asks for a day, and leads to what is before it.
  void DayForm(std::string_view site) {
    out_ += "<form>Before <input type=\"date\" name=\"before\" required>";
    if (!site.empty()) {
      out_ +=
          fmt::format("<input type=\"hidden\" name=\"site\" value=\"{}\">", query::EscapeXml(site));
    }
    out_ += " <button>Go</button></form>\n";
  }

  size_t links() const { return links_; }
  std::string Finish() { return std::move(out_) + std::string(kPageTail); }

 private:
  // Links that show the same of another site.
  void Sites(const ArcLampListing& listing) {
    if (listing.sites.size() < 2) return;
    out_ += "<p>Sites:";
    out_ += listing.site.empty() ? " <b>all</b>" : " <a href=\"?\">all</a>";
    for (const std::string& site : listing.sites) {
      const std::string name = query::EscapeXml(site);
      out_ += site == listing.site ? fmt::format(" <b>{}</b>", name)
                                   : fmt::format(" <a href=\"{}\">{}</a>",
                                                 query::EscapeXml(ArcLampSiteQuery(site)), name);
    }
    out_ += "</p>\n";
  }

  const std::string site_;
  std::string out_;
  size_t links_ = 0;
};

void AddFiles(ArcLampFile file, const ArcLampUrlConfig& config, bool svgs, bool plain,
              ListingPage* page) {
  if (!svgs) {
    file.kind = plain ? ArcLampKind::kLog : ArcLampKind::kLogGz;
    return page->Link(ArcLampFileName(file));
  }
  const auto add_both = [&] {
    for (const bool reversed : {false, true}) {
      file.reversed = reversed;
      page->Link(ArcLampFileName(file));
    }
  };
  add_both();
  if (file.tag != kArcLampAll) return;
  for (const auto& [label, function] : config.functions) {
    file.function = label;
    add_both();
  }
}

void AddBucket(const ArcLampBucket& bucket, const ArcLampUrlConfig& config, bool svgs, bool plain,
               ListingPage* page) {
  page->Heading(ArcLampTime(bucket.bucket));
  page->BeginList();
  size_t left = kEntriesOfBucket;
  for (const auto& [entry, end] : bucket.entries) {
    if (left-- == 0) break;
    AddFiles({.bucket = bucket.bucket, .channel = entry.channel, .tag = entry.tag}, config, svgs,
             plain, page);
  }
  page->EndList();
  if (bucket.entries.size() > kEntriesOfBucket) {
    page->Paragraph(fmt::format("{} further tags are not listed; their names have the same form.",
                                bucket.entries.size() - kEntriesOfBucket));
  }
}

}  // namespace

std::string ArcLampSiteQuery(std::string_view site) {
  return site.empty() ? "" : fmt::format("?site={}", site);
}

storage::Minute ArcLampFirstPlain(storage::Level level, absl::Time now) {
  const std::optional<storage::Minute> minute = storage::MinuteOf(now - kPlainLogs);
  return minute.has_value() ? storage::BucketAt(level, *minute).start : 0;
}

std::string ArcLampFolderPage(const ArcLampListing& listing) {
  ListingPage page(listing);
  page.BeginList();
  if (listing.path.page == ArcLampPath::Page::kTop) {
    for (const std::string_view name : {"logs/", "svgs/", "metrics"}) page.Link(name);
  } else {
    for (const std::string_view name : {"../", "daily/", "hourly/"}) page.Link(name);
  }
  page.EndList();
  return page.Finish();
}

absl::StatusOr<std::string> ArcLampPeriodPage(const ArcLampListing& listing,
                                              const ArcLampHistory& history,
                                              const ArcLampUrlConfig& config, absl::Time now) {
  const storage::Level level = listing.path.level;
  const storage::Minute first_plain = ArcLampFirstPlain(level, now);
  const size_t most = level == storage::Level::kDay ? kDaysOfPage : kHoursOfPage;
  ListingPage page(listing);
  page.BeginList();
  page.Link("../");
  page.EndList();
  page.DayForm(listing.site);
  storage::Minute before = listing.before;
  size_t buckets = 0;
  while (true) {
    FLAMEKEEP_ASSIGN_OR_RETURN(const std::optional<ArcLampBucket> bucket,
                               history.Before(level, before, history.channels()));
    if (!bucket.has_value()) {
      if (buckets == 0) page.Paragraph("There are no samples.");
      break;
    }
    if (buckets == most || page.links() >= kLinksOfPage || bucket->entries.empty()) {
      // The name of what comes next, so that it is the first of the next page.
      const storage::Minute next =
          bucket->entries.empty() ? bucket->bucket.start : bucket->bucket.end();
      page.Older(ArcLampTime(storage::BucketAt(level, next)));
      break;
    }
    AddBucket(*bucket, config, listing.path.svgs, bucket->bucket.start >= first_plain, &page);
    ++buckets;
    before = bucket->bucket.start;
  }
  return page.Finish();
}

}  // namespace flamekeep::server

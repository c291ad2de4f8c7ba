#include "storage/planner.h"

#include <algorithm>

namespace flamekeep::storage {
namespace {

// The range around `edge`, an edge of the wanted range, that can not be divided there for `site`:
// an empty one at `edge` if it can.
MinuteRange Undividable(const PlannerView& view, SiteId site, Minute edge) {
  const LevelState::Floors floors = view.floors(site);
  MinuteRange around{edge, edge};
  for (const Level level : kLevels) {
    const Bucket bucket = BucketAt(level, edge);
    if (level == Level::kMinute || bucket.start == edge) continue;
    const bool finer_expired = floors[static_cast<size_t>(Finer(level))] > bucket.start;
    const bool kept = floors[static_cast<size_t>(level)] <= bucket.start;
    if (kept && (finer_expired || view.HasDirect(site, bucket))) {
      around = {bucket.start, bucket.end()};
    }
  }
  return around;
}

class Cover {
 public:
  Cover(const PlannerView& view, SiteId site)
      : view_(view), site_(site), floors_(view.floors(site)) {}

  // Covers the part of `range` that lies in buckets of `level`, whole ones and those at its edges.
  void Range(Level level, MinuteRange range) {
    for (Bucket bucket = BucketAt(level, range.begin); bucket.start < range.end;
         bucket = {level, bucket.end()}) {
      const MinuteRange part{std::max(bucket.start, range.begin),
                             std::min(bucket.end(), range.end)};
      if (part == MinuteRange{bucket.start, bucket.end()}) {
        Whole(bucket);
      } else if (floors_[static_cast<size_t>(Finer(level))] <= bucket.start) {
        Range(Finer(level), part);
      }
    }
  }

  std::vector<Piece> Finish() {
    std::sort(pieces_.begin(), pieces_.end(), [](const Piece& a, const Piece& b) {
      return std::pair(a.level, a.range.begin) < std::pair(b.level, b.range.begin);
    });
    std::vector<Piece> joined;
    for (const Piece& piece : pieces_) {
      Piece* last = joined.empty() ? nullptr : &joined.back();
      if (last != nullptr && last->level == piece.level && last->direct_only == piece.direct_only &&
          last->range.end == piece.range.begin) {
        last->range.end = piece.range.end;
      } else {
        joined.push_back(piece);
      }
    }
    return joined;
  }

 private:
  void Whole(const Bucket& bucket) {
    const Minute end = bucket.end();
    if (bucket.level == Level::kMinute || !view_.IsStale(site_, bucket)) {
      pieces_.push_back({site_, bucket.level, {bucket.start, end}, false});
      return;
    }
    pieces_.push_back({site_, bucket.level, {bucket.start, end}, true});
    const Level finer = Finer(bucket.level);
    for (Bucket child{finer, bucket.start}; child.start < end; child = {finer, child.end()}) {
      Whole(child);
    }
  }

  const PlannerView& view_;
  const SiteId site_;
  const LevelState::Floors floors_;
  std::vector<Piece> pieces_;
};

}  // namespace

MinuteRange WidenRange(const PlannerView& view, absl::Span<const SiteId> sites,
                       MinuteRange wanted) {
  MinuteRange range = wanted;
  while (true) {
    const MinuteRange before = range;
    for (const SiteId site : sites) {
      range.begin = std::min(range.begin, Undividable(view, site, range.begin).begin);
      range.end = std::max(range.end, Undividable(view, site, range.end).end);
    }
    if (range == before) return range;
  }
}

Minute LastDividable(const PlannerView& view, absl::Span<const SiteId> sites, Minute edge) {
  while (true) {
    const Minute before = edge;
    for (const SiteId site : sites) edge = Undividable(view, site, edge).begin;
    if (edge == before) return edge;
  }
}

std::vector<Piece> CoverRange(const PlannerView& view, SiteId site, MinuteRange range) {
  return CoverParts(view, site, {range.begin, range.end});
}

std::vector<Piece> CoverParts(const PlannerView& view, SiteId site,
                              absl::Span<const Minute> edges) {
  Cover cover(view, site);
  for (size_t i = 1; i < edges.size(); ++i) cover.Range(Level::kYear, {edges[i - 1], edges[i]});
  return cover.Finish();
}

}  // namespace flamekeep::storage

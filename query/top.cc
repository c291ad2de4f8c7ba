#include "query/top.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/status.h"
#include "query/checked_sort.h"

namespace flamekeep::query {
namespace {

constexpr uint32_t kFramesPerCheck = 1u << 13;
constexpr size_t kRowsPerCheck = 1024;

uint32_t TopRowLimit(const TopOptions& options) {
  return options.limit != 0 ? options.limit : kDefaultRows;
}

uint64_t FunctionRowBytes(const FunctionRow& row) {
  return sizeof(FunctionRow) + row.function.capacity() + row.file.capacity();
}

// The order of rows, by frame.
class RowOrder {
 public:
  RowOrder(const FunctionTotals& totals, FunctionOrder by, FrameNames names)
      : totals_(totals), by_(by), names_(names) {}

  bool operator()(uint32_t a, uint32_t b) const {
    const uint64_t value_a = Value(a);
    const uint64_t value_b = Value(b);
    if (value_a != value_b) return value_a > value_b;
    const storage::Frame name_a = names_(storage::FrameId{a});
    const storage::Frame name_b = names_(storage::FrameId{b});
    // Blanked names are equal.
    return std::tie(name_a.function, name_a.file, a) < std::tie(name_b.function, name_b.file, b);
  }

 private:
  uint64_t Value(uint32_t frame) const {
    const FrameTotal& total = totals_.frames[frame];
    return by_ == FunctionOrder::kSelf ? total.self : total.total;
  }

  const FunctionTotals& totals_;
  const FunctionOrder by_;
  const FrameNames names_;
};

}  // namespace

absl::Status CheckOptions(const TopOptions& options) {
  if (options.limit > kMaxRows) {
    return InvalidArgument("`limit` is {}: at most {} rows can be asked for", options.limit,
                           kMaxRows);
  }
  return options.function.empty() ? absl::OkStatus() : CheckMatcher(options.function, "function");
}

std::string TopView(const TopOptions& options) {
  FrameFilter of_functions;
  if (!options.function.empty()) of_functions.keep = {options.function};
  return fmt::format("top,{},{},{};", options.by == FunctionOrder::kSelf ? "self" : "total",
                     TopRowLimit(options), FilterName(of_functions));
}

uint64_t MemoryBytes(const TopTable& table) {
  uint64_t bytes = sizeof(TopTable);
  for (const FunctionRow& row : table.rows) bytes += FunctionRowBytes(row);
  return bytes;
}

absl::Status FillRows(const FunctionTotals& totals, const TopOptions& options,
                      absl::FunctionRef<bool(uint32_t frame)> is_wanted, FrameNames names,
                      const Context& context, uint64_t held_bytes, TopTable* table) {
  const RowOrder before(totals, options.by, names);
  const size_t limit = TopRowLimit(options);
  std::vector<uint32_t> best;  // a heap with the last row on top
  const auto leave_out = [&](uint32_t frame) {
    bool saturated = false;
    ++table->rows_left_out;
    table->self_left_out =
        storage::SaturatingAdd(table->self_left_out, totals.frames[frame].self, &saturated);
  };
  for (uint32_t frame = 0; frame < totals.frames.size(); ++frame) {
    if (frame % kFramesPerCheck == 0) FLAMEKEEP_RETURN_IF_ERROR(context.Check());
    if (totals.frames[frame].total == 0 || !is_wanted(frame)) continue;
    if (best.size() == limit && !before(frame, best.front())) {
      leave_out(frame);
      continue;
    }
    if (best.size() == limit) {
      leave_out(best.front());
      std::pop_heap(best.begin(), best.end(), before);
      best.pop_back();
    }
    best.push_back(frame);
    std::push_heap(best.begin(), best.end(), before);
  }
  FLAMEKEEP_RETURN_IF_ERROR(SortChecked(absl::MakeSpan(best), before, context));
  uint64_t bytes = held_bytes + best.capacity() * sizeof(uint32_t);
  for (const uint32_t frame : best) {
    const storage::Frame name = names(storage::FrameId{frame});
    table->rows.push_back({.function = std::string(name.function),
                           .file = std::string(name.file),
                           .self = totals.frames[frame].self,
                           .total = totals.frames[frame].total});
    bytes += FunctionRowBytes(table->rows.back());
    if (table->rows.size() % kRowsPerCheck == 0) {
      FLAMEKEEP_RETURN_IF_ERROR(context.CheckMemory(bytes));
    }
  }
  return context.CheckMemory(bytes);
}

}  // namespace flamekeep::query

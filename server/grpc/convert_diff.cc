#include "server/grpc/convert_diff.h"

#include <string>
#include <utility>

#include "base/status.h"
#include "server/grpc/convert.h"
#include "server/grpc/convert_function.h"

namespace flamekeep::server {

namespace {

v1::DiffVerdict VerdictToProto(query::Verdict verdict) {
  switch (verdict) {
    case query::Verdict::kNotEnoughData:
      return v1::DIFF_VERDICT_NOT_ENOUGH_DATA;
    case query::Verdict::kWithinNoise:
      return v1::DIFF_VERDICT_WITHIN_NOISE;
    case query::Verdict::kBeyondNoise:
      return v1::DIFF_VERDICT_BEYOND_NOISE;
  }
  return v1::DIFF_VERDICT_UNSPECIFIED;
}

double ShareIn(const query::Coverage& coverage, uint64_t value) {
  return query::ShareOf(value, static_cast<double>(coverage.total));
}

void ComparedToProto(const query::Diff& diff, const query::Compared& compared,
                     v1::DiffResponse::Compared* out) {
  out->set_baseline(compared.baseline);
  out->set_selection(compared.value);
  out->set_baseline_share(ShareIn(diff.baseline, compared.baseline));
  out->set_selection_share(ShareIn(diff.coverage, compared.value));
  out->set_difference(compared.share.difference);
  out->set_standard_error(compared.share.standard_error);
  out->set_p_value(compared.share.p_value);
  out->set_verdict(VerdictToProto(compared.verdict));
}

void MoveTreeToProto(query::DiffGraph tree, v1::DiffResponse::Tree* out) {
  query::FlameGraph& graph = tree.graph;
  for (std::string& name : graph.names) out->add_names(std::move(name));
  for (std::string& file : graph.files) out->add_files(std::move(file));
  out->mutable_depth()->Add(graph.depth.begin(), graph.depth.end());
  out->mutable_name()->Add(graph.name.begin(), graph.name.end());
  out->mutable_file()->Add(graph.file.begin(), graph.file.end());
  out->mutable_baseline_total()->Add(tree.baseline_total.begin(), tree.baseline_total.end());
  out->mutable_baseline_self()->Add(tree.baseline_self.begin(), tree.baseline_self.end());
  out->mutable_total()->Add(graph.total.begin(), graph.total.end());
  out->mutable_self()->Add(graph.self.begin(), graph.self.end());
  for (const query::ShareDifference& share : tree.share) {
    out->add_difference(share.difference);
    out->add_standard_error(share.standard_error);
    out->add_p_value(share.p_value);
  }
  for (const query::Verdict verdict : tree.verdict) out->add_verdict(VerdictToProto(verdict));
  out->set_baseline_cut_total(tree.baseline_cut_total);
  out->set_cut_total(graph.cut_total);
}

}  // namespace

absl::StatusOr<SelectionPair> PairFromProto(const v1::Selection& baseline,
                                            const v1::Selection& selection) {
  SelectionPair pair;
  absl::StatusOr<query::Selection> first = FromProto(baseline);
  if (!first.ok()) return InvalidArgument("baseline: {}", Message(first.status()));
  pair.baseline = *std::move(first);
  FLAMEKEEP_ASSIGN_OR_RETURN(pair.selection, FromProto(selection));
  return pair;
}

absl::StatusOr<query::DiffOptions> OptionsOf(const v1::DiffRequest& request) {
  query::DiffOptions options = {.limit = request.limit(),
                                .tree = request.tree(),
                                .min_share = request.min_share(),
                                .max_nodes = request.max_nodes()};
  FLAMEKEEP_ASSIGN_OR_RETURN(options.by, OrderOf(request.by(), query::FunctionOrder::kTotal));
  return options;
}

void MoveToProto(query::Diff diff, v1::DiffResponse* out) {
  *out->mutable_baseline() = ToProto(diff.baseline);
  *out->mutable_coverage() = ToProto(diff.coverage);
  *out->mutable_baseline_stats() = StatsToProto(diff.baseline);
  *out->mutable_stats() = StatsToProto(diff.coverage);
  out->set_baseline_buckets(diff.baseline_buckets);
  out->set_buckets(diff.buckets);
  for (query::DiffFunction& function : diff.functions) {
    v1::DiffResponse::Function* to = out->add_functions();
    to->set_function(std::move(function.function));
    to->set_file(std::move(function.file));
    ComparedToProto(diff, function.self, to->mutable_self());
    ComparedToProto(diff, function.total, to->mutable_total());
  }
  out->set_function_count(diff.function_count);
  out->set_beyond_noise(diff.beyond_noise);
  if (diff.tree.has_value()) MoveTreeToProto(*std::move(diff.tree), out->mutable_tree());
}

}  // namespace flamekeep::server

#include "server/grpc/render.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

#include "base/status.h"
#include "query/diff_svg.h"
#include "query/encoders.h"
#include "query/svg_writer.h"
#include "server/grpc/convert.h"
#include "server/grpc/convert_diff.h"
#include "server/render_format.h"

namespace flamekeep::server {

namespace {

constexpr size_t kChunkBytes = size_t{1} << 20;

std::string DefaultTitle(const query::Selection& selection, const query::Coverage& coverage) {
  const auto text = [](absl::Time time) {
    return absl::FormatTime("%Y-%m-%d %H:%M", time, absl::UTCTimeZone());
  };
  return fmt::format("{} {} to {} UTC", selection.selector, text(coverage.covered.begin),
                     text(coverage.covered.end));
}

absl::Status CheckFormat(const v1::RenderRequest& request) {
  switch (request.format()) {
    case v1::RENDER_FORMAT_FOLDED:
    case v1::RENDER_FORMAT_SVG:
    case v1::RENDER_FORMAT_FLAMEBEARER:
    case v1::RENDER_FORMAT_D3:
      return absl::OkStatus();
    case v1::RENDER_FORMAT_PPROF:
    case v1::RENDER_FORMAT_SPEEDSCOPE:
      if (!request.inverted()) return absl::OkStatus();
      return InvalidArgument(
          "pprof and speedscope hold stacks from the root on: leave out `inverted`, their readers "
          "can turn them around");
    case v1::RENDER_FORMAT_UNSPECIFIED:
      return InvalidArgument("`format` is not set: use one of RENDER_FORMAT_FOLDED to {}",
                             v1::RenderFormat_Name(v1::RenderFormat_MAX));
    default:
      return InvalidArgument(
          "`format` is {}, which this version does not know: use one of RENDER_FORMAT_FOLDED to {}",
          static_cast<int>(request.format()), v1::RenderFormat_Name(v1::RenderFormat_MAX));
  }
}

query::FlameGraphOptions DrawingOptions(const v1::RenderRequest& request) {
  query::FlameGraphOptions options{.inverted = request.inverted(),
                                   .min_share = request.min_share(),
                                   .max_nodes = request.max_nodes()};
  if (request.format() == v1::RENDER_FORMAT_SVG && options.min_share == 0) {
    options.min_share = query::SvgMinShare({.title = request.title()});
  }
  return options;
}

absl::Status CheckDiffFormat(const v1::RenderRequest& request) {
  if (request.format() != v1::RENDER_FORMAT_SVG) {
    return InvalidArgument(
        "only an SVG can be compared with a `baseline`: use RENDER_FORMAT_SVG, or Diff for "
        "numbers");
  }
  if (request.inverted()) {
    return InvalidArgument("a difference is drawn from the root on: leave out `inverted`");
  }
  return absl::OkStatus();
}

// One call of Render.
class Rendering {
 public:
  Rendering(const query::Engine& engine, const v1::RenderRequest& request,
            const query::Selection& selection, const query::Context& context, RenderWriter* writer)
      : engine_(engine),
        request_(request),
        selection_(selection),
        context_(context),
        writer_(writer) {}

  absl::Status RunDiff(const query::Selection& baseline) {
    const query::FlameGraphOptions drawing = DrawingOptions(request_);
    FLAMEKEEP_ASSIGN_OR_RETURN(const query::Diff diff,
                               engine_.MakeDiff(baseline, selection_,
                                                {.limit = 1,
                                                 .tree = true,
                                                 .min_share = drawing.min_share,
                                                 .max_nodes = drawing.max_nodes},
                                                context_));
    FLAMEKEEP_RETURN_IF_ERROR(WriteHead(diff.coverage, 0, diff.tree->graph.cut_total));
    if (diff.coverage.version == request_.known_version()) return absl::OkStatus();
    const std::string title =
        !request_.title().empty()
            ? request_.title()
            : fmt::format("{}, compared with {}", DefaultTitle(selection_, diff.coverage),
                          DefaultTitle(baseline, diff.baseline));
    FLAMEKEEP_ASSIGN_OR_RETURN(
        const std::string svg,
        query::WriteDiffSvg(diff, request_.width_of_baseline(), {.title = title}, context_));
    return WriteData(svg);
  }

  absl::Status Run() {
    if (!request_.known_version().empty()) {
      FLAMEKEEP_ASSIGN_OR_RETURN(const query::Coverage coverage,
                                 engine_.CoverageOf(selection_, View(), context_));
      if (coverage.version == request_.known_version()) return WriteHead(coverage, 0, 0);
    }
    if (request_.format() == v1::RENDER_FORMAT_FOLDED) {
      return engine_.WriteFolded(
          selection_, request_.inverted(), context_,
          [this](const query::Coverage& coverage) { return WriteHead(coverage, 0, 0); },
          [this](std::string_view data) { return WriteData(data); });
    }
    FLAMEKEEP_ASSIGN_OR_RETURN(const query::FlameGraph graph, MakeGraph());
    FLAMEKEEP_RETURN_IF_ERROR(WriteHead(graph.coverage, graph.cut_nodes, graph.cut_total));
    const std::string title =
        request_.title().empty() ? DefaultTitle(selection_, graph.coverage) : request_.title();
    const auto write = [this](std::string_view data) { return WriteData(data); };
    switch (request_.format()) {
      case v1::RENDER_FORMAT_PPROF:
        return query::WritePprof(graph, title, context_, write);
      case v1::RENDER_FORMAT_SPEEDSCOPE:
        return query::WriteSpeedscope(graph, title, context_, write);
      case v1::RENDER_FORMAT_FLAMEBEARER:
        return query::WriteFlamebearer(graph, title, context_, write);
      case v1::RENDER_FORMAT_D3:
        return query::WriteD3(graph, context_, write);
      default:
        break;
    }
    FLAMEKEEP_ASSIGN_OR_RETURN(const std::string svg,
                               query::WriteSvg(graph, {.title = title}, context_));
    return WriteData(svg);
  }

 private:
  std::string_view WholeName() const {
    return request_.format() == v1::RENDER_FORMAT_PPROF ? "pprof" : "speedscope";
  }

  // How the engine calls what it is asked for.
  std::string View() const {
    if (IsDrawing(request_.format())) return query::GraphView(DrawingOptions(request_));
    if (request_.format() == v1::RENDER_FORMAT_FOLDED) {
      return query::Engine::FoldedView(request_.inverted());
    }
    return query::Engine::WholeView(WholeName());
  }

  absl::StatusOr<query::FlameGraph> MakeGraph() const {
    if (IsDrawing(request_.format())) {
      return engine_.MakeFlameGraph(selection_, DrawingOptions(request_), context_);
    }
    return engine_.MakeWholeGraph(selection_, WholeName(), context_);
  }

  absl::Status WriteHead(const query::Coverage& coverage, uint64_t cut_nodes, uint64_t cut_total) {
    v1::RenderResponse response;
    *response.mutable_coverage() = ToProto(coverage);
    *response.mutable_stats() = StatsToProto(coverage);
    response.set_cut_nodes(cut_nodes);
    response.set_cut_total(cut_total);
    return writer_->Write(std::move(response), context_.deadline);
  }

  absl::Status WriteData(std::string_view data) {
    while (!data.empty()) {
      const std::string_view chunk = data.substr(0, kChunkBytes);
      v1::RenderResponse response;
      response.set_data(chunk.data(), chunk.size());
      FLAMEKEEP_RETURN_IF_ERROR(writer_->Write(std::move(response), context_.deadline));
      data.remove_prefix(chunk.size());
    }
    return absl::OkStatus();
  }

  const query::Engine& engine_;
  const v1::RenderRequest& request_;
  const query::Selection& selection_;
  const query::Context& context_;
  RenderWriter* const writer_;
};

}  // namespace

absl::StatusOr<bool> RenderIsLong(const query::Engine& engine, const v1::RenderRequest& request,
                                  const query::Context& context) {
  if (request.has_baseline()) {
    FLAMEKEEP_ASSIGN_OR_RETURN(const SelectionPair pair,
                               PairFromProto(request.baseline(), request.selection()));
    return engine.DiffIsLong(pair.baseline, pair.selection, context);
  }
  FLAMEKEEP_ASSIGN_OR_RETURN(const query::Selection selection, FromProto(request.selection()));
  const query::FlameGraphOptions options = DrawingOptions(request);
  return engine.IsLong(selection, IsDrawing(request.format()) ? &options : nullptr, context);
}

absl::Status RenderTo(const query::Engine& engine, const v1::RenderRequest& request,
                      const query::Context& context, RenderWriter* writer) {
  FLAMEKEEP_RETURN_IF_ERROR(context.Check());
  FLAMEKEEP_ASSIGN_OR_RETURN(const query::Selection selection, FromProto(request.selection()));
  FLAMEKEEP_RETURN_IF_ERROR(CheckFormat(request));
  if (request.has_baseline()) {
    FLAMEKEEP_RETURN_IF_ERROR(CheckDiffFormat(request));
    FLAMEKEEP_ASSIGN_OR_RETURN(const SelectionPair pair,
                               PairFromProto(request.baseline(), request.selection()));
    return Rendering(engine, request, selection, context, writer).RunDiff(pair.baseline);
  }
  return Rendering(engine, request, selection, context, writer).Run();
}

}  // namespace flamekeep::server

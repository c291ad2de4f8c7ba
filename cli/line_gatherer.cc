#include "cli/line_gatherer.h"

#include <utility>

namespace flamekeep::cli {

void LineGatherer::Add(std::string_view piece) {
  if (skipping_) {
    const size_t newline = piece.find('\n');
    if (newline == std::string_view::npos) return;
    piece.remove_prefix(newline + 1);
    skipping_ = false;
  }
  text_.append(piece);
  if (const size_t newline = piece.rfind('\n'); newline != std::string_view::npos) {
    whole_ = text_.size() - (piece.size() - newline - 1);
  }
  if (text_.size() - whole_ > kMaxLineBytes) {
    text_.resize(whole_ + kMaxLineBytes);
    text_ += '\n';
    whole_ = text_.size();
    skipping_ = true;
  }
}

std::string LineGatherer::Take() {
  std::string rest = text_.substr(whole_);
  std::string lines = std::exchange(text_, std::move(rest));
  lines.resize(std::exchange(whole_, 0));
  return lines;
}

std::string LineGatherer::TakeRest() {
  std::string rest = text_.substr(whole_);
  text_.resize(whole_);
  return rest;
}

}  // namespace flamekeep::cli

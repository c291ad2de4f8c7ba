#include "storage/dictionary_blank.h"

#include <algorithm>
#include <utility>

#include "storage/column.h"

namespace flamekeep::storage {
namespace {

bool At(const std::vector<bool>& bits, uint32_t place) {
  return place < bits.size() && bits[place];
}

// Adds the ancestors of the stacks in `used`; the frames in their paths.
std::vector<bool> FramesOf(const StackTreeView& view, std::vector<bool>* used, uint32_t frames) {
  std::vector<bool> found(frames);
  for (uint32_t id = static_cast<uint32_t>(used->size()); id-- > 1;) {
    if (!(*used)[id]) continue;
    (*used)[Raw(view.parent(StackId{id}))] = true;
    const uint32_t frame = Raw(view.frame(StackId{id}));
    if (frame < frames) found[frame] = true;
  }
  return found;
}

}  // namespace

void RepackGroups(const FrameTable& frames, const BlankNames& blank, uint32_t end,
                  const RunSource& source, rocksdb::WriteBatch* batch) {
  for (const uint32_t begin : blank.restored) {
    const uint32_t group_end = (begin / kRunFrames + 1) * kRunFrames;
    ReplaceFrameRuns(frames, begin, std::min(end, group_end), source, batch, &blank.frames);
  }
}

void Dictionary::NoteUse() {
  impl_->blank.noted.clear();
  impl_->blank.noting = true;
}

void Dictionary::NoteStacks(absl::Span<const Pair> pairs) {
  BlankNames& blank = impl_->blank;
  if (!blank.noting && blank.frames.empty()) return;
  const StackTreeView view = impl_->tree->view();
  for (const Pair& pair : pairs) {
    if (blank.noting) {
      if (pair.stack >= blank.noted.size()) blank.noted.resize(size_t{pair.stack} + 1);
      blank.noted[pair.stack] = true;
    }
    if (!blank.frames.empty()) impl_->RestorePath(StackId{pair.stack}, view);
  }
}

void Dictionary::Impl::RestorePath(StackId stack, const StackTreeView& view) {
  bool old = false;  // among the stacks that were there when names were blanked
  for (; stack != kRootStack; stack = view.parent(stack)) {
    if (!old && Raw(stack) < blank.stacks.size()) {
      old = true;
      if (!blank.stacks[Raw(stack)]) return;
    }
    const uint32_t frame = Raw(view.frame(stack));
    if (!At(blank.frames, frame)) continue;
    blank.frames[frame] = false;
    blank.restored.insert(std::max(1u, frame / kRunFrames * kRunFrames));
  }
}

Dictionary::Blanking Dictionary::PlanBlanking(std::vector<bool> used) const {
  const StackTreeView view = impl_->tree->view();
  Blanking plan{FramesOf(view, &used, impl_->frames.size()), std::vector<bool>(view.size())};
  for (uint32_t id = 1; id < view.size(); ++id) {
    plan.stacks[id] = plan.stacks[Raw(view.parent(StackId{id}))] ||
                      !At(plan.in_use, Raw(view.frame(StackId{id})));
  }
  return plan;
}

uint64_t Dictionary::BlankUnused(Blanking plan, rocksdb::WriteBatch* batch) {
  BlankNames& blank = impl_->blank;
  const StackTreeView view = impl_->tree->view();
  for (uint32_t noted = 0; noted < blank.noted.size(); ++noted) {
    if (!blank.noted[noted]) continue;
    for (StackId id{noted}; id != kRootStack; id = view.parent(id)) {
      const uint32_t frame = Raw(view.frame(id));
      if (frame < plan.in_use.size()) plan.in_use[frame] = true;
    }
  }
  blank.noting = false;
  blank.noted = {};

  // Of frames that are not in the runs yet there is nothing to blank, and of those that came after
  // the plan nothing is known.
  const uint32_t frames = impl_->committed.frames;
  const auto end = std::min(frames, static_cast<uint32_t>(plan.in_use.size()));
  blank.frames.resize(frames);
  uint64_t blanked = 0;
  for (uint32_t id = 1; id < end; ++id) {
    if (plan.in_use[id] || blank.frames[id]) continue;
    const Frame frame = impl_->frames.frame(FrameId{id});
    if (frame.function.empty() && frame.file.empty()) continue;
    blank.frames[id] = true;
    blank.restored.insert(std::max(1u, id / kRunFrames * kRunFrames));
    ++blanked;
  }
  if (blanked == 0) return 0;
  impl_->has_blanks.store(true);
  // Frames that were noted meanwhile are marked in it, too, which only makes a look-up longer.
  blank.stacks = std::move(plan.stacks);
  RepackGroups(impl_->frames, blank, frames, impl_->Runs(), batch);
  return blanked;
}

}  // namespace flamekeep::storage

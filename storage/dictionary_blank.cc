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

uint64_t Dictionary::BlankUnused(std::vector<bool> used, rocksdb::WriteBatch* batch) {
  BlankNames& blank = impl_->blank;
  const StackTreeView view = impl_->tree->view();
  used.resize(std::max(used.size(), blank.noted.size()));
  for (size_t id = 0; id < blank.noted.size(); ++id) {
    if (blank.noted[id]) used[id] = true;
  }
  blank.noting = false;
  blank.noted = {};

  // Of frames that are not in the runs yet there is nothing to blank.
  const uint32_t frames = impl_->committed.frames;
  const std::vector<bool> in_use = FramesOf(view, &used, frames);
  blank.frames.resize(frames);
  uint64_t blanked = 0;
  for (uint32_t id = 1; id < frames; ++id) {
    if (in_use[id] || blank.frames[id]) continue;
    const Frame frame = impl_->frames.frame(FrameId{id});
    if (frame.function.empty() && frame.file.empty()) continue;
    blank.frames[id] = true;
    blank.restored.insert(std::max(1u, id / kRunFrames * kRunFrames));
    ++blanked;
  }
  if (blanked == 0) return 0;
  impl_->has_blanks.store(true);
  blank.stacks.assign(view.size(), false);
  for (uint32_t id = 1; id < view.size(); ++id) {
    blank.stacks[id] = blank.stacks[Raw(view.parent(StackId{id}))] ||
                       At(blank.frames, Raw(view.frame(StackId{id})));
  }
  RepackGroups(impl_->frames, blank, frames, impl_->Runs(), batch);
  return blanked;
}

}  // namespace flamekeep::storage

#include "engine/index/row_sorter.hpp"

#include <algorithm>

namespace stash::engine {

RowSorter::RowSorter(std::string directory, std::size_t memory)
    : directory_(std::move(directory)), most_(memory / sizeof(IndexRow)) {}

void RowSorter::add(const IndexRow& row) {
  // All at once: growing would copy, and hold twice as much for the moment.
  if (rows_.capacity() == 0) rows_.reserve(most_);
  if (rows_.size() == most_) spill();
  rows_.push_back(row);
}

void RowSorter::spill() {
  if (!file_) file_ = std::make_unique<NamelessFile>(directory_);
  std::ranges::sort(rows_, by_key);
  Run run;
  run.at = file_->size();
  file_->append(std::as_bytes(std::span(rows_)));
  run.end = file_->size();
  runs_.push_back(std::move(run));
  rows_.clear();
}

void RowSorter::finish() {
  if (!file_) {
    std::ranges::sort(rows_, by_key);
    return;
  }
  spill();
  file_->flush();
  rows_ = {};
  for (Run& run : runs_)
    if (fill(run)) heap_.push_back(&run);
  std::ranges::make_heap(heap_, later);
}

/// Reads more of a run; false at its end.
bool RowSorter::fill(Run& run) const {
  const std::size_t share = std::max<std::size_t>(most_ / runs_.size(), 1);
  const std::uint64_t left = (run.end - run.at) / sizeof(IndexRow);
  run.rows.resize(static_cast<std::size_t>(std::min<std::uint64_t>(share, left)));
  run.position = 0;
  file_->read(run.at, std::as_writable_bytes(std::span(run.rows)));
  run.at += run.rows.size() * sizeof(IndexRow);
  return !run.rows.empty();
}

const IndexRow* RowSorter::next() {
  if (!file_) return position_ < rows_.size() ? &rows_[position_++] : nullptr;
  if (current_ && (++current_->position < current_->rows.size() || fill(*current_))) {
    heap_.push_back(current_);
    std::ranges::push_heap(heap_, later);
  }
  current_ = nullptr;
  if (heap_.empty()) return nullptr;
  std::ranges::pop_heap(heap_, later);
  current_ = heap_.back();
  heap_.pop_back();
  return &current_->row();
}

}  // namespace stash::engine

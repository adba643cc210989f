#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/index/index_rows.hpp"
#include "engine/index/nameless_file.hpp"

namespace stash::engine {

/// Sorts any number of rows within fixed memory: what does not fit goes to a nameless file in sorted runs,
/// which are merged as they are read. Throws IndexFileError when that file fails.
class RowSorter {
 public:
  /// `memory` in bytes, at least some hundred rows; `directory` is for the file, if one is needed.
  RowSorter(std::string directory, std::size_t memory);

  void add(const IndexRow& row);
  /// After the last add(), before the first next().
  void finish();
  /// The next row in order, good until the call after; null at the end.
  const IndexRow* next();

 private:
  struct Run {
    std::uint64_t at = 0;   ///< in the file, of what is not in `rows`
    std::uint64_t end = 0;  ///< in the file
    std::vector<IndexRow> rows;
    std::size_t position = 0;

    const IndexRow& row() const { return rows[position]; }
  };

  void spill();
  bool fill(Run& run) const;
  static bool later(const Run* a, const Run* b) { return by_key(b->row(), a->row()); }

  const std::string directory_;
  const std::size_t most_;      ///< rows in memory
  std::vector<IndexRow> rows_;  ///< those in no run
  std::size_t position_ = 0;
  std::unique_ptr<NamelessFile> file_;
  std::vector<Run> runs_;
  std::vector<Run*> heap_;  ///< runs with a row left, the one with the first row in front
  Run* current_ = nullptr;  ///< the one whose row next() gave
};

}  // namespace stash::engine

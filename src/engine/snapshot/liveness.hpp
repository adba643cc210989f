#pragma once

#include <vector>

#include "engine/repository/repository_impl.hpp"

namespace stash::engine {

/// Which blobs of an index some snapshot needs: one bit a row.
class Liveness {
 public:
  /// The repository's index must be loaded with all places.
  explicit Liveness(std::shared_ptr<const LoadedIndex> loaded);

  /// Marks what a snapshot needs. Subtrees that are marked already are not read again. Error(Corrupt) when
  /// the tree cannot be read: then nothing may be called dead. A data blob that is in no pack is only told in
  /// the log.
  Task<void> mark(Repository::Impl& repository, const Manifest& manifest);

  bool is_live(BlobKind kind, const BlobKey& key) const;
  /// By the number of a row that is the first with its key.
  bool is_live_row(BlobKind kind, std::size_t row) const {
    return (kind == BlobKind::Tree ? trees_ : data_)[row];
  }
  /// How many needed blobs are in no pack.
  std::uint64_t missing() const { return missing_; }

 private:
  std::vector<bool>& bits(BlobKind kind) { return kind == BlobKind::Tree ? trees_ : data_; }

  std::shared_ptr<const LoadedIndex> loaded_;
  std::vector<bool> data_;  ///< by the number of the first row with the key
  std::vector<bool> trees_;
  std::uint64_t missing_ = 0;
};

}  // namespace stash::engine

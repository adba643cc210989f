#pragma once

// One snapshot from one repository to another, in batches of entries that come in path order:
//
//   take      content refs of the source are collected; those of an entry that is as in an earlier copied
//             snapshot are answered by that copy
//   resolve   what is not known yet is fetched in runs of neighbours, decoded, verified and stored (pool)
//   emit      entries go to the new tree with the refs of the destination
//
// Memory: refs and entries of one batch, the runs in flight, and a bounded memory of what was copied.

#include <deque>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "engine/blobs/blob_reader.hpp"
#include "engine/blobs/fetch_plan.hpp"
#include "engine/repository/repository_impl.hpp"
#include "engine/snapshot/content.hpp"
#include "engine/snapshot/tree_reader.hpp"
#include "engine/snapshot/tree_writer.hpp"

namespace stash::engine {

/// Which blob of the destination a data blob of the source became. Forgets all when it is full: what is
/// asked for again is then read again.
class CopiedBlobs {
 public:
  explicit CopiedBlobs(std::size_t limit) : limit_(limit) {}

  void insert(const BlobId& from, const BlobId& to);
  const BlobId* find(const BlobId& from) const;

 private:
  std::size_t limit_;
  std::unordered_map<BlobKey, BlobId, BlobKeyHash> blobs_;
};

/// A snapshot's root in the source and in the destination.
struct CopiedTree {
  BlobId from;
  BlobId to;
};

class SnapshotCopier {
 public:
  /// Both indexes are loaded, that of `from` with places. `progress` gets files and bytes done.
  SnapshotCopier(Repository::Impl& from, Repository::Impl& to, BlobWriter& writer, Progress& progress);

  /// Copies the tree. `before`: one copied earlier that is much like it.
  Task<TreeRef> run(BlobId root, std::optional<CopiedTree> before);

 private:
  struct Waiting {
    Entry entry;
    std::size_t refs = 0;  ///< of refs_, after those of the entries before it
    bool whole = false;    ///< no more refs follow
  };

  Task<void> take(Entry entry);
  Task<bool> take_over(Entry& entry);
  Task<bool> is_stored(const Entry& copy);
  Task<void> collect(Waiting& file, Entry source);
  Task<void> resolve();
  Task<void> copy_run(const FetchRun& run, std::span<const WantedPiece> pieces);
  Task<void> copy_frames(const FetchRun& run, std::span<const WantedPiece> pieces);
  Task<void> copy_singly(std::span<const WantedPiece> pieces);
  void store_frame(std::span<const WantedPiece> pieces, ByteView stored, BlobWriter::Lease& lease);
  Task<void> emit();

  Repository::Impl& from_;
  Repository::Impl& to_;
  BlobWriter& writer_;
  Progress& progress_;
  BlobReader reader_;
  BlobReader copy_reader_;
  TreeWriter tree_;
  ParentStream source_before_;
  ParentStream copy_before_;
  std::deque<Waiting> waiting_;
  std::vector<BlobRef> refs_;   ///< of the source
  std::vector<BlobRef> fresh_;  ///< the same in the destination
  std::uint64_t bytes_ = 0;     ///< of content in refs_
  std::uint64_t held_ = 0;      ///< bytes of refs and extents that whole entries of waiting_ hold
  std::optional<ContentWriter> content_;
  CopiedBlobs copied_;  ///< by this session: what others stored may be condemned
};

}  // namespace stash::engine

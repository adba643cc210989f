#pragma once

#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "engine/repository/pack_list.hpp"
#include "engine/repository/repository_impl.hpp"
#include "engine/snapshot/content.hpp"
#include "engine/snapshot/tree_writer.hpp"

namespace stash::engine {

/// What a rebuilt tree has, and what could not be read of it.
struct Rebuilt {
  TreeRef root;  ///< only when it was written
  FileCounts counts;
  std::vector<std::string> tops;  ///< entries whose directory is not in the tree: at most 20
  std::uint64_t entries_lost = 0;
  std::uint64_t files_damaged = 0;    ///< and directories without their extended attributes
  std::vector<PathProblem> problems;  ///< at most 20

  Rebuilt() {}
  bool whole() const { return entries_lost + files_damaged == 0; }
};

/// The manifest of a snapshot made of what could be read of `before`; not complete where something was lost.
Manifest describe_rebuilt(Manifest before, const Rebuilt& made);

/// Makes a tree anew out of all that can be read of it, content included.
///
/// Blobs are read through `from`; what `into` does not hold in packs that exist and that no tomb condemns is
/// copied, ids computed again. The two may be one repository, or two views of one. A blob that is nowhere is
/// looked for again with a fresh index, a few times a run, since collectors move blobs. Control thread; one
/// run() at a time.
class Rebuild {
 public:
  Rebuild(Repository::Impl& from, Repository::Impl& into);

  /// Loads the indexes and lists the packs. Before run().
  Task<void> look();
  /// What the writer of the next run() has to count as stored: the index of `into` but for packs that do not
  /// exist. Looks again, after it: a tomb that this run() meets is then one the writer's commit does not
  /// know.
  Task<std::shared_ptr<const LoadedIndex>> known_to_writer();
  /// Without a writer it only tells what there is, and passes over, uncounted, what it found whole in the
  /// runs before. `entries` is how many the tree should have.
  Task<Rebuilt> run(BlobId root, std::uint64_t entries, BlobWriter* writer);

 private:
  struct Level {
    std::vector<TreeRef> children;
    std::size_t next = 0;
  };

  Task<void> enter(TreeRef ref);
  Task<void> take_leaf(Bytes bytes);
  Task<void> take_entry(Entry entry);
  void count(const Entry& entry);
  Task<std::string> rebuild_content(Entry& entry);
  Task<bool> is_whole(const Entry& entry);
  Task<void> keep_remains(Entry& entry);
  Task<bool> keep(BlobKind kind, BlobRef ref);
  bool is_stored(BlobKind kind, const BlobRef& ref) const;
  void report(std::string path, std::string what);

  Repository::Impl& from_;
  Repository::Impl& into_;
  BlobReader reader_;
  PackSizes stored_;
  BlobWriter* writer_ = nullptr;
  std::unique_ptr<TreeWriter> tree_;
  std::vector<Level> levels_;
  std::vector<std::string> dirs_;  ///< the directories above the entry at hand that are in the tree
  std::unordered_set<BlobKey, BlobKeyHash> copied_;
  std::unordered_set<BlobKey, BlobKeyHash> lost_;
  std::unordered_set<BlobKey, BlobKeyHash> walked_;
  std::vector<BlobKey> walking_;
  int looks_ = 0;
  Rebuilt result_;
};

}  // namespace stash::engine

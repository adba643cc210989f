#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/blobs/blob_reader.hpp"
#include "engine/format/tree.hpp"

namespace stash::engine {

/// The entries of a tree in path order. One decoded leaf and the nodes above it in memory.
///
///   for (;;) {
///     const Entry* entry = reader.peek();
///     if (!entry) { if (reader.at_end()) break; co_await reader.load(); continue; }
///     ...; reader.pop();
///   }
class TreeReader {
 public:
  /// Stands before the first entry.
  TreeReader(BlobReader& blobs, BlobId root);

  /// The entry it stands on, or null when load() is needed first or the tree is at its end. Valid until the
  /// next call that is not const.
  const Entry* peek() const;
  void pop();
  bool at_end() const;
  /// Reads on so that peek() or at_end() answers. Fine at any time. Error(Corrupt) for damaged trees, unless
  /// on_damage() is to be told.
  Task<void> load();
  /// load() until there is an entry, then moves it out; nothing at the end.
  Task<std::optional<Entry>> next();

  /// Moves to the first entry not before `path`; reads O(log n) blobs. Backwards too.
  Task<void> seek(std::string path);
  /// Moves to the first entry that is neither `path` nor below it.
  Task<void> seek_past(std::string path);

  /// Moves to the end.
  void stop();

  /// While both stand at the start of the same subtree: passes over it without reading it.
  static Task<void> skip_equal(TreeReader& a, TreeReader& b);

  /// Blobs of the tree itself that were read so far: called with each once, for liveness walks.
  void on_blob(std::function<void(const BlobRef&)> visit) { visit_ = std::move(visit); }
  /// Asked before a subtree is read; false passes over it (already walked).
  void on_subtree(std::function<bool(const BlobId&)> wanted) { wanted_ = std::move(wanted); }
  /// Is told of a subtree that cannot be read, by its first path, and what that means: it is passed over
  /// then. Without this it is thrown.
  using OnDamage = std::function<void(const std::string& first, const std::string& why)>;
  void on_damage(OnDamage tell) { damage_ = std::move(tell); }

 private:
  friend class ParentStream;
  struct Level {
    std::vector<TreeRef> children;
    std::size_t next = 0;
  };

  /// The subtree that comes next, or null at the end. Leaves levels that are used up.
  const TreeRef* next_subtree();
  TreeRef take_subtree();
  /// The next subtree, with those beside it if one after another was wanted so far.
  Task<void> enter_next();
  /// Reads a subtree's blob: a leaf becomes the current one, a node a level.
  Task<void> enter(TreeRef ref);
  /// The same; false when it is damaged and passed over.
  Task<bool> enter_whole(TreeRef ref);
  Task<void> seek_to(std::string path, bool past);
  /// Passes over subtrees that end before `path`, without reading them.
  void pass_before(std::string_view path);

  BlobReader& blobs_;
  std::vector<Level> levels_;
  std::optional<LeafCursor> leaf_;
  std::uint64_t ahead_ = 0;  ///< how many bytes are read at once; none after something was passed over
  TreeRef root_;
  std::function<void(const BlobRef&)> visit_;
  std::function<bool(const BlobId&)> wanted_;
  OnDamage damage_;
};

/// A parent snapshot read along with a walk: both go through the same order once. It only saves work, so one
/// of which a blob is lost ends there.
///
///   if (!parent.ready(path)) co_await parent.advance_to(path);
///   const Entry* before = parent.at(path);
class ParentStream {
 public:
  /// Without a parent every at() is null.
  ParentStream() = default;
  explicit ParentStream(std::unique_ptr<TreeReader> reader) : reader_(std::move(reader)) {}

  /// True when at() can answer without reading. Paths must come in order.
  bool ready(std::string_view path);
  Task<void> advance_to(std::string path);
  /// The parent's entry of exactly this path, or null. Valid until the next call that is not const.
  const Entry* at(std::string_view path) const;

 private:
  std::unique_ptr<TreeReader> reader_;
};

}  // namespace stash::engine

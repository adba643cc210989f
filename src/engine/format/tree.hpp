#pragma once

// The tree of a snapshot: ONE stream of entries in path order (compare_paths), cut into leaves; leaves are
// blobs, and nodes above them list children, up to one root. Unchanged regions give equal leaves, which
// deduplicate.
//
// All numbers are LEB128 varints unless a width is given; "signed" is zigzag. Every tree blob begins with
//   kind u8 ('L' leaf, 'N' node, 'B' blob list, 'X' xattrs), version u8 (1)
//
// leaf := 'L' 1  names n, n x {length, bytes}       user and group names in order of first use, none empty
//                entries n, n x entry
// entry := shared       bytes of the path equal to the path before it in this leaf (0 in the first)
//          suffix       length, bytes
//          head u8      bits 0-2 EntryType, bit 3 racy, bit 4 unreadable, bit 5 sparse, bit 6 has atime, bit
//          7 has btime mode, uid, gid, user, group              names: 0 none, else index + 1 mtime signed ns
//          since 1970, ctime signed ns after mtime, [atime], [btime] likewise after mtime inode, device,
//          links, inode_flags xattrs       0 none; 1 inline: length, encode_xattrs(); 2 blob: ref File: size,
//          content u8 (0 none, 1 inline: length, bytes; 2 + level: count, refs),
//                       [sparse: count, count x {gap since the end of the extent before, length}]
//          Symlink:     size, target length, bytes
//          devices:     major, minor
//          Dir, Fifo, Socket: nothing
// ref := size, id 32 bytes
//
// node := 'N' 1 level u8 (1: children are leaves), children n, n x {shared, suffix, entries, bytes, ref}
//   path: the first of the child; entries and bytes (sizes of files): sums over the child
//
// list := 'B' 1 level u8 (1: refs are data blobs), n, n x ref
//
// Cuts. A leaf begins at an entry whose XXH3-64(path, seed) has its low bits zero: 11 of them, or 4 once the
// leaf has kLeafTargetBytes; and at any entry once it has kLeafFullBytes. Nodes are cut by the same rule over
// the first paths of their children, with seed + level, so that each level cuts independently, and have at
// least kMinChildren. The seed is derived from the master secret.

#include <array>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/format/entry.hpp"

namespace stash::engine {

inline constexpr std::size_t kLeafTargetBytes = 64u << 10;
inline constexpr std::size_t kLeafFullBytes = 192u << 10;  ///< so leaves stay below 256 KiB, long paths apart
inline constexpr std::size_t kMinChildren = 4;
inline constexpr std::uint8_t kMaxTreeLevel = 12;

/// A subtree: a leaf (level 0) or a node.
struct TreeRef {
  std::string first;  ///< path of its first entry; "" for the empty leaf
  BlobRef blob;
  std::uint64_t entries = 0;
  std::uint64_t bytes = 0;  ///< sum of the sizes of its files
  std::uint8_t level = 0;

  bool operator==(const TreeRef&) const = default;
};

/// True when a leaf (level 0) or node that holds `bytes` already is cut before `path`.
bool is_tree_boundary(std::string_view path, std::uint64_t seed, std::uint8_t level, std::size_t bytes);

/// One leaf in the making.
class LeafBuilder {
 public:
  /// Error(Invalid) for an entry that breaks Entry's limits.
  void add(const Entry& entry);
  /// Bytes so far; the finished leaf is at most the size of the name table longer.
  std::size_t bytes() const { return body_.size() + names_bytes_; }
  bool empty() const { return entries_ == 0; }
  const std::string& first() const { return first_; }
  std::uint64_t entries() const { return entries_; }
  std::uint64_t content_bytes() const { return content_bytes_; }
  Bytes finish() const;

 private:
  std::uint64_t name_index(const std::string& name);

  Bytes body_;
  std::vector<std::string> names_;
  std::unordered_map<std::string, std::uint64_t> name_index_;
  std::array<std::uint64_t, 2> last_names_{};  ///< the last ones looked up
  std::size_t names_bytes_ = 0;
  std::string first_;
  std::string last_;
  std::uint64_t entries_ = 0;
  std::uint64_t content_bytes_ = 0;
};

/// Reads a leaf's entries one after another out of its bytes, which it keeps. Error(Corrupt) for bytes that
/// no LeafBuilder makes.
class LeafCursor {
 public:
  explicit LeafCursor(Bytes leaf);
  /// The current entry, or null at the end.
  const Entry* peek() const { return at_end_ ? nullptr : &entry_; }
  void pop();

 private:
  Bytes bytes_;
  std::size_t position_ = 0;
  std::uint64_t left_ = 0;
  std::vector<std::string> names_;
  Entry entry_;
  bool at_end_ = false;
};

/// One node in the making; children come in order and are all of one level.
class NodeBuilder {
 public:
  void add(const TreeRef& child);
  std::size_t size() const { return children_; }
  std::size_t bytes() const { return body_.size(); }
  const std::string& first() const { return first_; }
  std::uint64_t entries() const { return entries_; }
  std::uint64_t content_bytes() const { return content_bytes_; }
  /// A node of `level` (at least 1).
  Bytes finish(std::uint8_t level) const;
  const TreeRef& only_child() const { return last_child_; }

 private:
  Bytes body_;
  std::size_t children_ = 0;
  std::string first_;
  std::string last_;
  TreeRef last_child_;
  std::uint64_t entries_ = 0;
  std::uint64_t content_bytes_ = 0;
};

/// Whether a tree blob is a leaf; Error(Corrupt) when it is neither leaf nor node.
bool is_leaf(ByteView bytes);
/// The children of a node, in order. Error(Corrupt).
std::vector<TreeRef> decode_node(ByteView bytes);

/// A list blob of `level` (1: of data blobs), and back.
Bytes encode_blob_list(const std::vector<BlobRef>& refs, std::uint8_t level);
std::vector<BlobRef> decode_blob_list(ByteView bytes, std::uint8_t level);

}  // namespace stash::engine

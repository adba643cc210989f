#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/format/ids.hpp"
#include "stash/base/time.hpp"
#include "stash/engine/entry_type.hpp"

namespace stash::engine {

/// A blob and how long it is.
struct BlobRef {
  BlobId id;
  std::uint32_t size = 0;

  bool operator==(const BlobRef&) const = default;
};

/// A run of bytes in a file that is not a hole.
struct Extent {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;

  bool operator==(const Extent&) const = default;
};

struct Xattr {
  std::string name;  ///< whole name: "user.x", "security.capability", "system.posix_acl_access"
  std::string value;

  Xattr() = default;
  Xattr(std::string n, std::string v) : name(std::move(n)), value(std::move(v)) {}
  auto operator<=>(const Xattr&) const = default;
};

/// One path of a snapshot with all its metadata. Members that do not apply to the type stay at their
/// defaults.
///
/// The bytes of a file are `inline_content`, or the blobs that `blobs` lists (list_level 0), or the blobs
/// that the list blobs in `blobs` list (list_level 1 and up; engine/content.hpp reads and writes them). They
/// are the file's whole content when `extents` is empty and the file is not `sparse`, else the content of the
/// extents one after another; the rest up to `size` reads as zeros.
struct Entry {
  static constexpr std::size_t kMaxPath = 65535;
  static constexpr std::size_t kMaxInline = 64;         ///< bytes of a file kept in its entry
  static constexpr std::size_t kMaxBlobs = 1000;        ///< refs in an entry; more go to list blobs
  static constexpr std::size_t kMaxInlineXattrs = 256;  ///< encoded bytes of xattrs kept in the entry
  static constexpr std::size_t kMaxExtents = 1000;  ///< a map of more runs is merged over its smallest holes
  static constexpr std::uint8_t kMaxListLevel = 4;

  std::string path;  ///< raw bytes, absolute and normalised: "/" or "/a/b"; no "." or ".." parts, no NUL
  EntryType type = EntryType::File;
  std::uint32_t mode = 0;  ///< the 12 permission bits
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::string user;  ///< name where known, at most 255 bytes
  std::string group;
  std::uint64_t size = 0;
  TimePoint mtime;
  TimePoint ctime;
  std::optional<TimePoint> atime;  ///< only on request: it would change metadata at every backup
  std::optional<TimePoint> btime;
  std::uint64_t inode = 0;
  std::uint32_t device =
      0;  ///< file systems numbered in the order the walk met them: st_dev moves at each mount
  std::uint32_t links = 1;  ///< st_nlink; with more than 1, (device, inode) tells which names are one file
  std::uint32_t device_major = 0;  ///< of a device node
  std::uint32_t device_minor = 0;
  std::uint32_t inode_flags = 0;  ///< FS_IOC_GETFLAGS bits worth keeping (immutable, append-only, nodump ...)
  std::string link_target;        ///< raw bytes
  std::vector<Xattr> xattrs;      ///< sorted by name; empty when xattr_blob is set
  std::optional<BlobRef> xattr_blob;  ///< a Tree blob of encode_xattrs(): sets over kMaxInlineXattrs
  std::string inline_content;
  std::vector<BlobRef> blobs;
  std::uint8_t list_level = 0;
  bool sparse = false;          ///< the extent map holds, also when it is empty (all hole)
  std::vector<Extent> extents;  ///< in order, not touching, inside [0, size)
  bool racy = false;            ///< changed so near the backup that equal times prove nothing, or without its
                                ///< attributes: read again next time
  bool unreadable = false;      ///< content or metadata could not be read; what is here is not the whole

  bool operator==(const Entry&) const = default;
};

/// How many bytes two texts have in common at their beginnings.
std::size_t common_prefix(std::string_view a, std::string_view b);
/// Order of entries: bytewise with '/' below every other byte, which is depth first.
std::strong_ordering compare_paths(std::string_view a, std::string_view b);
/// True when `path` is `top` or lies below it.
bool is_within(std::string_view path, std::string_view top);

/// Deterministic bytes of a sorted xattr set, and back. Error(Corrupt) for bytes encode_xattrs() does not
/// make.
Bytes encode_xattrs(const std::vector<Xattr>& xattrs);
std::vector<Xattr> decode_xattrs(ByteView bytes);

}  // namespace stash::engine

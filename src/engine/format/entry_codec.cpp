#include "engine/format/entry_codec.hpp"

#include <numeric>

#include "engine/format/frame.hpp"

namespace stash::engine {
namespace {

enum Head : std::uint8_t {
  kTypeMask = 7,
  kRacy = 8,
  kUnreadable = 16,
  kSparse = 32,
  kAtime = 64,
  kBtime = 128
};
enum Content : std::uint8_t { kNone = 0, kInline = 1, kBlobs = 2 };

constexpr std::size_t kMaxName = 255;
constexpr std::uint64_t kMaxSize = std::uint64_t{1} << 62;

std::int64_t ns(TimePoint time) { return time.time_since_epoch().count(); }
/// Differences wrap around, so that any two times have one.
std::int64_t minus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}
TimePoint plus(TimePoint base, std::int64_t delta) {
  return TimePoint(Duration(
      static_cast<std::int64_t>(static_cast<std::uint64_t>(ns(base)) + static_cast<std::uint64_t>(delta))));
}

/// What is wrong with a file's content, or null. One rule for writing and for reading.
const char* content_fault(const Entry& e) {
  if (e.size > kMaxSize) return "the size is too large";
  if (e.blobs.size() > Entry::kMaxBlobs || e.list_level > Entry::kMaxListLevel) return "too many blobs";
  if (e.inline_content.size() > Entry::kMaxInline) return "too much content in the entry";
  if (!e.inline_content.empty() && !e.blobs.empty()) return "content stands in two places";
  if (e.blobs.empty() && e.list_level != 0) return "a list level without lists";
  if (!e.sparse && !e.extents.empty()) return "extents in a file without holes";
  if (e.extents.size() > Entry::kMaxExtents) return "too many extents";
  std::uint64_t content = e.sparse ? 0 : e.size;
  std::uint64_t end = 0;
  for (const Extent& extent : e.extents) {
    const bool touches = &extent != &e.extents.front() && extent.offset <= end;
    if (touches || extent.length == 0 || extent.offset > e.size || extent.length > e.size - extent.offset)
      return "an extent is out of place";
    end = extent.offset + extent.length;
    content += extent.length;
  }
  if (e.list_level > 0 || e.unreadable) return nullptr;
  std::uint64_t kept = e.inline_content.size();
  for (const BlobRef& ref : e.blobs) kept += ref.size;
  return kept == content ? nullptr : "the blobs do not add up to the size";
}

const char* fault(const Entry& e) {
  if (!is_valid_path(e.path)) return "the path is not absolute and normalised";
  if (e.mode > 07777) return "the mode has more than 12 bits";
  if (e.user.size() > kMaxName || e.group.size() > kMaxName) return "a user or group name is too long";
  if (e.link_target.size() > Entry::kMaxPath) return "the link target is too long";
  if (e.xattr_blob && !e.xattrs.empty()) return "extended attributes stand in two places";
  return e.type == EntryType::File ? content_fault(e) : nullptr;
}

void encode_content(ByteWriter& w, const Entry& e) {
  w.varint(e.size);
  if (!e.blobs.empty()) {
    w.u8(static_cast<std::uint8_t>(kBlobs + e.list_level));
    w.varint(e.blobs.size());
    for (const BlobRef& ref : e.blobs) encode_ref(w, ref);
  } else if (!e.inline_content.empty()) {
    w.u8(kInline);
    w.text(e.inline_content);
  } else {
    w.u8(kNone);
  }
  if (!e.sparse) return;
  w.varint(e.extents.size());
  std::uint64_t end = 0;
  for (const Extent& extent : e.extents) {
    w.varint(extent.offset - end);
    w.varint(extent.length);
    end = extent.offset + extent.length;
  }
}

void decode_content(ByteReader& r, Entry& e) {
  e.size = r.varint(kMaxSize);
  const std::uint8_t content = r.u8();
  r.require(content <= kBlobs + Entry::kMaxListLevel, "unknown content");
  if (content >= kBlobs) {
    e.list_level = static_cast<std::uint8_t>(content - kBlobs);
    const std::uint64_t count = r.varint(Entry::kMaxBlobs);
    r.require(count > 0 && count <= r.left() / 33, "it counts more blobs than it holds");
    e.blobs.resize(count);
    for (BlobRef& ref : e.blobs) ref = decode_ref(r);
  } else if (content == kInline) {
    e.inline_content = r.text(Entry::kMaxInline);
    r.require(!e.inline_content.empty(), "empty content");
  }
  if (!e.sparse) return;
  const std::uint64_t count = r.varint(Entry::kMaxExtents);
  std::uint64_t end = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    Extent extent;
    extent.offset = end + r.varint(kMaxSize);
    extent.length = r.varint(kMaxSize);
    r.require(extent.offset <= kMaxSize, "an extent is out of place");
    end = extent.offset + extent.length;
    e.extents.push_back(extent);
  }
}

void encode_xattr_part(ByteWriter& w, const Entry& e) {
  if (e.xattr_blob) {
    w.u8(2);
    encode_ref(w, *e.xattr_blob);
  } else if (!e.xattrs.empty()) {
    w.u8(1);
    w.text(as_text(encode_xattrs(e.xattrs)));
  } else {
    w.u8(0);
  }
}

void decode_xattr_part(ByteReader& r, Entry& e) {
  const std::uint8_t form = r.u8();
  r.require(form <= 2, "unknown form of extended attributes");
  if (form == 2) {
    e.xattr_blob = decode_ref(r);
  } else if (form == 1) {
    const std::string encoded = r.text(Entry::kMaxInlineXattrs);
    e.xattrs = decode_xattrs(as_bytes(encoded));
    r.require(!e.xattrs.empty(), "empty extended attributes");
  }
}

void decode_name(ByteReader& r, const std::vector<std::string>& names, std::string& name) {
  const std::uint64_t index = r.varint(names.size());
  if (index == 0)
    name.clear();
  else
    name = names[index - 1];
}

}  // namespace

bool is_valid_path(std::string_view path) {
  if (path.empty() || path.front() != '/' || path.size() > Entry::kMaxPath) return false;
  if (path.find('\0') != std::string_view::npos) return false;
  if (path.size() == 1) return true;
  for (std::size_t at = 1; at <= path.size();) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view part = path.substr(at, end - at);
    if (part.empty() || part == "." || part == "..") return false;
    at = end + 1;
  }
  return true;
}

void require_valid(const Entry& entry) {
  const char* wrong = fault(entry);
  if (!wrong && !entry.xattrs.empty() && encode_xattrs(entry.xattrs).size() > Entry::kMaxInlineXattrs)
    wrong = "too many extended attributes for an entry";
  if (wrong) throw Error(ErrorKind::Invalid, "{}: {}", entry.path, wrong);
}

void encode_ref(ByteWriter& w, const BlobRef& ref) {
  w.varint(ref.size);
  w.bytes(ref.id.bytes);
}

BlobRef decode_ref(ByteReader& r) {
  BlobRef ref;
  ref.size = static_cast<std::uint32_t>(r.varint(kMaxBlob));
  r.require(ref.size > 0, "an empty blob");
  ref.id.bytes = r.array<32>();
  return ref;
}

void encode_path(ByteWriter& w, std::string_view path, std::string_view before) {
  const std::size_t shared = common_prefix(path, before);
  w.varint(shared);
  w.text(path.substr(shared));
}

void decode_path(ByteReader& r, std::string& path) {
  const auto shared = static_cast<std::size_t>(r.varint(path.size()));
  const std::string_view rest = as_text(r.take(r.varint(Entry::kMaxPath)));
  const auto rank = [](char c) { return c == '/' ? 0 : static_cast<int>(static_cast<unsigned char>(c)); };
  // Order: as encode_path() shares all it can, the first byte of the rest decides.
  const bool rises = !rest.empty() && (shared == path.size() || rank(path[shared]) < rank(rest.front()));
  r.require(path.empty() || rises, "paths are out of order");
  path.resize(shared);
  path += rest;
  // What was valid before the last separator that is shared still is.
  const std::size_t slash = std::string_view(path).substr(0, shared).rfind('/');
  const std::size_t changed = slash == std::string_view::npos ? 0 : slash;
  r.require(is_valid_path(std::string_view(path).substr(changed)) && path.size() <= Entry::kMaxPath,
            "a path is not absolute and normalised");
}

void encode_entry(ByteWriter& w, const Entry& e, const NameIndex& name_index) {
  unsigned head = static_cast<unsigned>(e.type);
  if (e.racy) head |= kRacy;
  if (e.unreadable) head |= kUnreadable;
  if (e.sparse) head |= kSparse;
  if (e.atime) head |= kAtime;
  if (e.btime) head |= kBtime;
  w.u8(static_cast<std::uint8_t>(head));
  w.varint(e.mode);
  w.varint(e.uid);
  w.varint(e.gid);
  w.varint(name_index(e.user));
  w.varint(name_index(e.group));
  w.zigzag(ns(e.mtime));
  w.zigzag(minus(ns(e.ctime), ns(e.mtime)));
  if (e.atime) w.zigzag(minus(ns(*e.atime), ns(e.mtime)));
  if (e.btime) w.zigzag(minus(ns(*e.btime), ns(e.mtime)));
  w.varint(e.inode);
  w.varint(e.device);
  w.varint(e.links);
  w.varint(e.inode_flags);
  encode_xattr_part(w, e);
  if (e.type == EntryType::File) encode_content(w, e);
  if (e.type == EntryType::Symlink) {
    w.varint(e.size);
    w.text(e.link_target);
  }
  if (e.type == EntryType::CharDevice || e.type == EntryType::BlockDevice) {
    w.varint(e.device_major);
    w.varint(e.device_minor);
  }
}

namespace {

/// An entry is decoded over the one before it, whose memory is used again.
void clear_optional(Entry& e) {
  e.size = 0;
  e.atime.reset();
  e.btime.reset();
  e.device_major = 0;
  e.device_minor = 0;
  e.link_target.clear();
  e.xattrs.clear();
  e.xattr_blob.reset();
  e.inline_content.clear();
  e.blobs.clear();
  e.list_level = 0;
  e.extents.clear();
}

}  // namespace

void decode_entry(ByteReader& r, Entry& e, const std::vector<std::string>& names) {
  clear_optional(e);
  const std::uint8_t head = r.u8();
  r.require((head & kTypeMask) <= static_cast<unsigned>(EntryType::Socket), "unknown type");
  e.type = static_cast<EntryType>(head & kTypeMask);
  e.racy = (head & kRacy) != 0;
  e.unreadable = (head & kUnreadable) != 0;
  e.sparse = (head & kSparse) != 0;
  e.mode = static_cast<std::uint32_t>(r.varint(07777));
  e.uid = r.varint32();
  e.gid = r.varint32();
  decode_name(r, names, e.user);
  decode_name(r, names, e.group);
  e.mtime = TimePoint(Duration(r.zigzag()));
  e.ctime = plus(e.mtime, r.zigzag());
  if ((head & kAtime) != 0) e.atime = plus(e.mtime, r.zigzag());
  if ((head & kBtime) != 0) e.btime = plus(e.mtime, r.zigzag());
  e.inode = r.varint();
  e.device = r.varint32();
  e.links = r.varint32();
  e.inode_flags = r.varint32();
  decode_xattr_part(r, e);
  if (e.type == EntryType::File) decode_content(r, e);
  if (e.type == EntryType::Symlink) {
    e.size = r.varint(kMaxSize);
    e.link_target = r.text(Entry::kMaxPath);
  }
  if (e.type == EntryType::CharDevice || e.type == EntryType::BlockDevice) {
    e.device_major = r.varint32();
    e.device_minor = r.varint32();
  }
  const char* wrong = fault(e);
  r.require(wrong == nullptr, wrong ? wrong : "");
  r.require(!e.sparse || e.type == EntryType::File, "holes in what is no file");
}

}  // namespace stash::engine

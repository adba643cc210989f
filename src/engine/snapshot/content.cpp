#include "engine/snapshot/content.hpp"

#include <algorithm>

#include "engine/format/frame.hpp"
#include "engine/format/tree.hpp"
#include "stash/base/error.hpp"

namespace stash::engine {
namespace {

constexpr std::size_t kMinList = 256;
constexpr std::size_t kMaxList = Entry::kMaxBlobs;

/// A list may end after a blob whose keyed id says so.
bool ends_list(const BlobRef& ref) { return (std::to_integer<unsigned>(ref.id.bytes[31])) == 0; }

/// How many of the refs at the front make the next list.
std::size_t next_list(const std::vector<BlobRef>& refs) {
  for (std::size_t n = kMinList; n < std::min(refs.size(), kMaxList); ++n)
    if (ends_list(refs[n - 1])) return n;
  return std::min(refs.size(), kMaxList);
}

}  // namespace

bool ContentWriter::push(const BlobRef& ref) {
  levels_[0].push_back(ref);
  return levels_[0].size() > 2 * kMaxList;
}

/// Moves the list at the front of a level into a blob and its ref one level up.
Task<void> ContentWriter::add_list(std::size_t level) {
  std::vector<BlobRef>& refs = levels_[level];
  const auto end = refs.begin() + static_cast<std::ptrdiff_t>(next_list(refs));
  const std::vector<BlobRef> list(refs.begin(), end);
  refs.erase(refs.begin(), end);
  if (level + 1 > Entry::kMaxListLevel) throw Error(ErrorKind::Invalid, "a file has too many blobs");
  const BlobRef ref =
      co_await blobs_.add(BlobKind::Tree, encode_blob_list(list, static_cast<std::uint8_t>(level + 1)));
  if (levels_.size() == level + 1) levels_.emplace_back();
  levels_[level + 1].push_back(ref);
}

Task<void> ContentWriter::spill() {
  for (std::size_t level = 0; level < levels_.size(); ++level)
    while (levels_[level].size() > kMaxList) co_await add_list(level);
}

Task<void> ContentWriter::finish(Entry& entry) {
  co_await spill();
  for (std::size_t level = 0; level + 1 < levels_.size(); ++level) {
    while (!levels_[level].empty()) co_await add_list(level);
    while (levels_[level + 1].size() > kMaxList) co_await add_list(level + 1);
  }
  entry.list_level = static_cast<std::uint8_t>(levels_.size() - 1);
  entry.blobs = std::move(levels_.back());
  levels_.assign(1, {});
}

ContentReader::ContentReader(BlobReader& blobs, const Entry& entry) : blobs_(blobs) {
  levels_.push_back({entry.blobs, 0, entry.list_level});
}

Task<std::optional<BlobRef>> ContentReader::next() {
  while (!levels_.empty()) {
    Level& top = levels_.back();
    if (top.next == top.refs.size()) {
      levels_.pop_back();
      continue;
    }
    const BlobRef ref = top.refs[top.next++];
    const std::uint8_t level = top.level;
    if (level == 0) co_return ref;
    const Bytes bytes = co_await blobs_.read(BlobKind::Tree, ref.id);
    if (visit_) visit_(ref);
    levels_.push_back({decode_blob_list(bytes, level), 0, static_cast<std::uint8_t>(level - 1)});
  }
  co_return std::nullopt;
}

std::uint64_t held_by(const Entry& entry) {
  return entry.blobs.size() * sizeof(BlobRef) + entry.extents.size() * sizeof(Extent);
}

Task<std::vector<Xattr>> read_xattrs(BlobReader& blobs, const Entry& entry) {
  if (!entry.xattr_blob) co_return entry.xattrs;
  const Bytes bytes = co_await blobs.read(BlobKind::Tree, entry.xattr_blob->id);
  co_return decode_xattrs(bytes);
}

Task<void> store_xattrs(BlobWriter& blobs, std::vector<Xattr> xattrs, Entry& entry) {
  std::ranges::sort(xattrs);
  Bytes encoded = encode_xattrs(xattrs);
  entry.xattr_blob.reset();
  entry.xattrs.clear();
  if (encoded.size() <= Entry::kMaxInlineXattrs) {
    entry.xattrs = std::move(xattrs);
  } else if (encoded.size() <= kMaxBlob) {
    entry.xattr_blob = co_await blobs.add(BlobKind::Tree, std::move(encoded));
  } else {
    throw Error(ErrorKind::Exhausted, "{} bytes of extended attributes are too many", encoded.size());
  }
}

}  // namespace stash::engine

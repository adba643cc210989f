#include "engine/format/tree.hpp"

#include <algorithm>

#include "engine/format/codec.hpp"
#include "engine/format/entry_codec.hpp"
#include "engine/format/frame.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace stash::engine {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr unsigned kRareBits = 11;
constexpr unsigned kCommonBits = 4;
constexpr std::uint64_t kMaxEntries = std::uint64_t{1} << 48;

void begin(ByteWriter& w, char kind) {
  w.u8(static_cast<std::uint8_t>(kind));
  w.u8(kVersion);
}

void expect(ByteReader& r, char kind) {
  r.require(r.u8() == static_cast<std::uint8_t>(kind) && r.u8() == kVersion, "unknown kind or version");
}

}  // namespace

bool is_tree_boundary(std::string_view path, std::uint64_t seed, std::uint8_t level, std::size_t bytes) {
  if (bytes >= kLeafFullBytes) return true;
  const std::uint64_t hash = XXH3_64bits_withSeed(path.data(), path.size(), seed + level);
  const unsigned bits = bytes < kLeafTargetBytes ? kRareBits : kCommonBits;
  return (hash & ((std::uint64_t{1} << bits) - 1)) == 0;
}

std::uint64_t LeafBuilder::name_index(const std::string& name) {
  if (name.empty()) return 0;
  // Most entries have the owner of the one before.
  for (const std::uint64_t last : {last_names_[0], last_names_[1]})
    if (last > 0 && names_[last - 1] == name) return last;
  const auto [it, is_new] = name_index_.try_emplace(name, names_.size() + 1);
  if (is_new) {
    names_.push_back(name);
    names_bytes_ += name.size() + 2;
  }
  last_names_ = {it->second, last_names_[0]};
  return it->second;
}

void LeafBuilder::add(const Entry& entry) {
  require_valid(entry);
  if (entries_ == 0) first_ = entry.path;
  ByteWriter w(body_);
  encode_path(w, entry.path, last_);
  encode_entry(w, entry, [this](const std::string& name) { return name_index(name); });
  last_ = entry.path;
  ++entries_;
  if (entry.type == EntryType::File) content_bytes_ += entry.size;
}

Bytes LeafBuilder::finish() const {
  Bytes leaf;
  leaf.reserve(body_.size() + names_bytes_ + 16);
  ByteWriter w(leaf);
  begin(w, 'L');
  w.varint(names_.size());
  for (const std::string& name : names_) w.text(name);
  w.varint(entries_);
  w.bytes(body_);
  return leaf;
}

LeafCursor::LeafCursor(Bytes leaf) : bytes_(std::move(leaf)) {
  ByteReader r(bytes_, "tree leaf");
  expect(r, 'L');
  const std::uint64_t names = r.varint(r.left());
  for (std::uint64_t i = 0; i < names; ++i) {
    names_.push_back(r.text(255));
    r.require(!names_.back().empty(), "an empty name");
  }
  left_ = r.varint(r.left());
  position_ = r.position();
  pop();
}

void LeafCursor::pop() {
  ByteReader r(ByteView(bytes_).subspan(position_), "tree leaf");
  if (left_ == 0) {
    r.end();
    at_end_ = true;
    return;
  }
  decode_path(r, entry_.path);
  decode_entry(r, entry_, names_);
  position_ += r.position();
  --left_;
}

void NodeBuilder::add(const TreeRef& child) {
  if (children_ == 0) first_ = child.first;
  ByteWriter w(body_);
  encode_path(w, child.first, last_);
  w.varint(child.entries);
  w.varint(child.bytes);
  encode_ref(w, child.blob);
  last_ = child.first;
  last_child_ = child;
  ++children_;
  entries_ += child.entries;
  content_bytes_ += child.bytes;
}

Bytes NodeBuilder::finish(std::uint8_t level) const {
  Bytes node;
  node.reserve(body_.size() + 16);
  ByteWriter w(node);
  begin(w, 'N');
  w.u8(level);
  w.varint(children_);
  w.bytes(body_);
  return node;
}

bool is_leaf(ByteView bytes) {
  ByteReader r(bytes, "tree blob");
  const std::uint8_t kind = r.u8();
  r.require(kind == 'L' || kind == 'N', "it is no part of a tree");
  return kind == 'L';
}

std::vector<TreeRef> decode_node(ByteView bytes) {
  ByteReader r(bytes, "tree node");
  expect(r, 'N');
  const std::uint8_t level = r.u8();
  r.require(level >= 1 && level <= kMaxTreeLevel, "its level is out of range");
  const std::uint64_t count = r.varint(r.left());
  r.require(count > 0, "it has no children");
  std::vector<TreeRef> children;
  std::string path;
  for (std::uint64_t i = 0; i < count; ++i) {
    TreeRef child;
    decode_path(r, path);
    child.first = path;
    child.entries = r.varint(kMaxEntries);
    child.bytes = r.varint();
    child.blob = decode_ref(r);
    child.level = static_cast<std::uint8_t>(level - 1);
    children.push_back(std::move(child));
  }
  r.end();
  return children;
}

Bytes encode_blob_list(const std::vector<BlobRef>& refs, std::uint8_t level) {
  Bytes bytes;
  bytes.reserve(8 + refs.size() * 36);
  ByteWriter w(bytes);
  begin(w, 'B');
  w.u8(level);
  w.varint(refs.size());
  for (const BlobRef& ref : refs) encode_ref(w, ref);
  return bytes;
}

std::vector<BlobRef> decode_blob_list(ByteView bytes, std::uint8_t level) {
  ByteReader r(bytes, "blob list");
  expect(r, 'B');
  r.require(r.u8() == level, "wrong level");
  const std::uint64_t count = r.varint(r.left() / 33);
  r.require(count > 0, "it is empty");
  std::vector<BlobRef> refs(count);
  for (BlobRef& ref : refs) ref = decode_ref(r);
  r.end();
  return refs;
}

}  // namespace stash::engine

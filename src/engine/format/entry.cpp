#include "engine/format/entry.hpp"

#include <algorithm>
#include <cstring>

#include "engine/format/codec.hpp"

namespace stash::engine {

std::string_view to_string(EntryType type) {
  switch (type) {
    case EntryType::File:
      return "file";
    case EntryType::Dir:
      return "dir";
    case EntryType::Symlink:
      return "symlink";
    case EntryType::CharDevice:
      return "chardev";
    case EntryType::BlockDevice:
      return "dev";
    case EntryType::Fifo:
      return "fifo";
    case EntryType::Socket:
      return "socket";
  }
  return "unknown";
}

std::size_t common_prefix(std::string_view a, std::string_view b) {
  const std::size_t most = std::min(a.size(), b.size());
  std::size_t at = 0;
  for (; at + 8 <= most; at += 8) {
    std::uint64_t x = 0;
    std::uint64_t y = 0;
    std::memcpy(&x, a.data() + at, 8);
    std::memcpy(&y, b.data() + at, 8);
    if (x != y) break;
  }
  while (at < most && a[at] == b[at]) ++at;
  return at;
}

std::strong_ordering compare_paths(std::string_view a, std::string_view b) {
  const std::size_t at = common_prefix(a, b);
  if (at == a.size() || at == b.size()) return a.size() <=> b.size();
  const auto rank = [](char c) { return c == '/' ? 0 : static_cast<int>(static_cast<unsigned char>(c)); };
  return rank(a[at]) <=> rank(b[at]);
}

bool is_within(std::string_view path, std::string_view top) {
  if (top == "/") return true;
  return path.starts_with(top) && (path.size() == top.size() || path[top.size()] == '/');
}

namespace {

constexpr std::size_t kMaxXattrs = 65536;
constexpr std::size_t kMaxXattrName = 255;
constexpr std::size_t kMaxXattrValue = 65536;

}  // namespace

Bytes encode_xattrs(const std::vector<Xattr>& xattrs) {
  Bytes bytes;
  ByteWriter w(bytes);
  w.u8('X');
  w.u8(1);
  w.varint(xattrs.size());
  for (const Xattr& xattr : xattrs) {
    w.text(xattr.name);
    w.text(xattr.value);
  }
  return bytes;
}

std::vector<Xattr> decode_xattrs(ByteView bytes) {
  ByteReader r(bytes, "extended attributes");
  r.require(r.u8() == 'X' && r.u8() == 1, "unknown version");
  const std::uint64_t count = r.varint(kMaxXattrs);
  std::vector<Xattr> xattrs;
  for (std::uint64_t i = 0; i < count; ++i) {
    Xattr xattr;
    xattr.name = r.text(kMaxXattrName);
    xattr.value = r.text(kMaxXattrValue);
    r.require(!xattr.name.empty() && (xattrs.empty() || xattrs.back().name < xattr.name),
              "names are out of order");
    xattrs.push_back(std::move(xattr));
  }
  r.end();
  return xattrs;
}

}  // namespace stash::engine

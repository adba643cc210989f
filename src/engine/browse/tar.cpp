#include "engine/browse/tar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "stash/base/text.hpp"

namespace stash::engine {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::uint64_t kMaxSize = 077777777777;  ///< of 11 octal digits
constexpr std::uint64_t kMaxId = 07777777;        ///< of 7

/// Where the fields of a ustar header are.
struct Field {
  std::size_t offset;
  std::size_t size;
};
constexpr Field kName{0, 100}, kMode{100, 8}, kUid{108, 8}, kGid{116, 8}, kSize{124, 12}, kMtime{136, 12},
    kChecksum{148, 8}, kType{156, 1}, kLink{157, 100}, kMagic{257, 8}, kUser{265, 32}, kGroup{297, 32},
    kMajor{329, 8}, kMinor{337, 8};

void put_text(std::string& block, Field field, std::string_view text) {
  text = text.substr(0, field.size);
  block.replace(field.offset, text.size(), text);
}

void put_octal(std::string& block, Field field, std::uint64_t value) {
  put_text(block, field, fmt::format("{:0{}o}", value, field.size - 1));
}

void put_checksum(std::string& block) {
  put_text(block, kChecksum, "        ");
  unsigned sum = 0;
  for (const char c : block) sum += static_cast<unsigned char>(c);
  put_text(block, kChecksum, fmt::format("{:06o}", sum) + std::string("\0 ", 2));
}

/// "length key=value\n", where length counts itself.
std::string record(std::string_view key, std::string_view value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t length = rest + 1;
  while (length != rest + fmt::formatted_size("{}", length))
    length = rest + fmt::formatted_size("{}", length);
  return fmt::format("{} {}={}\n", length, key, value);
}

bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 32 && c < 127; });
}

std::string time_text(TimePoint time) {
  const std::int64_t ns = time.time_since_epoch().count();
  const std::uint64_t size =
      ns < 0 ? std::uint64_t{0} - static_cast<std::uint64_t>(ns) : static_cast<std::uint64_t>(ns);
  return fmt::format("{}{}.{:09}", ns < 0 ? "-" : "", size / 1'000'000'000, size % 1'000'000'000);
}

char type_flag(EntryType type) {
  switch (type) {
    case EntryType::Symlink:
      return '2';
    case EntryType::CharDevice:
      return '3';
    case EntryType::BlockDevice:
      return '4';
    case EntryType::Dir:
      return '5';
    case EntryType::Fifo:
      return '6';
    default:
      return '0';
  }
}

/// GNU tar's key of an extended attribute. A key ends at its first '='.
std::string xattr_key(std::string_view name) {
  std::string key = "SCHILY.xattr.";
  for (const char c : name) key += c == '=' ? "%3D" : c == '%' ? "%25" : std::string(1, c);
  return key;
}

/// Extended header of one member. Names are UTF-8 there unless it says that they are bytes.
std::string extended(const Entry& entry, const std::vector<Xattr>& xattrs, const std::string& name,
                     const std::string& link, std::uint64_t size) {
  std::string records;
  bool foreign = false;
  const auto add_text = [&](std::string_view key, const std::string& value, std::size_t most) {
    if (value.size() > most || !is_plain(value)) records += record(key, value);
    foreign = foreign || !is_utf8(value);
  };
  add_text("path", name, kName.size);
  add_text("linkpath", link, kLink.size);
  add_text("uname", entry.user, kUser.size - 1);
  add_text("gname", entry.group, kGroup.size - 1);
  if (foreign) records = record("hdrcharset", "BINARY") + records;
  records += record("mtime", time_text(entry.mtime));
  if (entry.atime) records += record("atime", time_text(*entry.atime));
  if (entry.uid > kMaxId) records += record("uid", std::to_string(entry.uid));
  if (entry.gid > kMaxId) records += record("gid", std::to_string(entry.gid));
  if (size > kMaxSize) records += record("size", std::to_string(size));
  for (const Xattr& xattr : xattrs) records += record(xattr_key(xattr.name), xattr.value);
  return records;
}

std::string ustar(char type, std::string_view name, std::uint64_t size) {
  std::string block(kBlock, '\0');
  put_text(block, kName, name);
  put_octal(block, kMode, 0644);
  put_octal(block, kUid, 0);
  put_octal(block, kGid, 0);
  put_octal(block, kSize, std::min(size, kMaxSize));
  put_octal(block, kMtime, 0);
  put_text(block, kType, std::string_view(&type, 1));
  put_text(block, kMagic,
           std::string_view("ustar\0"
                            "00",
                            8));
  return block;
}

}  // namespace

std::string tar_header(const Entry& entry, const std::vector<Xattr>& xattrs, const std::string& name,
                       const std::string& link_name) {
  const bool is_file = entry.type == EntryType::File && link_name.empty();
  const std::uint64_t size = is_file ? entry.size : 0;
  const std::string& link = link_name.empty() ? entry.link_target : link_name;
  const std::string records = extended(entry, xattrs, name, link, size);
  std::string head = ustar('x', "././@PaxHeader", records.size());
  put_checksum(head);
  head += records + tar_padding(records.size());

  std::string block = ustar(link_name.empty() ? type_flag(entry.type) : '1', name, size);
  put_octal(block, kMode, entry.mode);
  put_octal(block, kUid, std::min<std::uint64_t>(entry.uid, kMaxId));
  put_octal(block, kGid, std::min<std::uint64_t>(entry.gid, kMaxId));
  const auto seconds = std::chrono::floor<std::chrono::seconds>(entry.mtime).time_since_epoch().count();
  put_octal(block, kMtime, static_cast<std::uint64_t>(std::max<std::int64_t>(0, seconds)) & kMaxSize);
  put_text(block, kLink, link);
  put_text(block, kUser, std::string_view(entry.user).substr(0, kUser.size - 1));
  put_text(block, kGroup, std::string_view(entry.group).substr(0, kGroup.size - 1));
  put_octal(block, kMajor, entry.device_major);
  put_octal(block, kMinor, entry.device_minor);
  put_checksum(block);
  return head + block;
}

std::string tar_padding(std::uint64_t size) { return std::string((kBlock - size % kBlock) % kBlock, '\0'); }

std::string tar_end() { return std::string(2 * kBlock, '\0'); }

}  // namespace stash::engine

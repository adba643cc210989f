#pragma once

#include <array>
#include <compare>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "stash/base/bytes.hpp"
#include "stash/base/random.hpp"
#include "stash/base/time.hpp"

namespace stash::engine {

/// Whether a blob holds file content or structure (tree leaves and nodes, blob lists, large xattr sets). The
/// two live in different packs and are named under different keys, so that neither can be passed off as the
/// other.
enum class BlobKind : std::uint8_t { Data = 0, Tree = 1 };

/// HMAC-SHA256 of a blob's bytes under the repository's key for its kind.
struct BlobId {
  std::array<std::byte, 32> bytes{};

  auto operator<=>(const BlobId&) const = default;
  std::string hex() const { return to_hex(bytes); }
};

/// The first 128 bits of a blob id: what the index is sorted by. Keyed ids make a collision as unlikely as a
/// broken disk controller (n^2 / 2^129).
struct BlobKey {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  auto operator<=>(const BlobKey&) const = default;
};

inline BlobKey key_of(const BlobId& id) {
  BlobKey key;
  for (std::size_t i = 0; i < 8; ++i) {
    key.high = key.high << 8 | std::to_integer<std::uint64_t>(id.bytes[i]);
    key.low = key.low << 8 | std::to_integer<std::uint64_t>(id.bytes[8 + i]);
  }
  return key;
}

struct BlobKeyHash {
  /// Ids are uniform already.
  std::size_t operator()(const BlobKey& key) const noexcept { return key.high; }
};

/// The name of a pack or an index segment: 80 random bits, then 48 bits of milliseconds since 1970. The time
/// is a hint for collectors (who need not look at what is new), never needed for safety. Other ids are 128
/// random bits.
struct ObjectId {
  std::array<std::byte, 16> bytes{};

  auto operator<=>(const ObjectId&) const = default;
  std::string hex() const { return to_hex(bytes); }
  static std::optional<ObjectId> parse(std::string_view hex);
  static ObjectId make(Random& random);
  static ObjectId make_dated(Random& random, TimePoint now);
  /// When an id of make_dated() was made.
  TimePoint made() const;
};

struct ObjectIdHash {
  std::size_t operator()(const ObjectId& id) const noexcept {
    std::size_t value = 0;
    std::memcpy(&value, id.bytes.data(), sizeof value);
    return value;
  }
};

/// ULID: 48 bits of milliseconds since 1970 and 80 random bits as 26 characters of lower-case Crockford
/// base32, so that names sort by time. Times before 1970 count as 1970.
std::string make_ulid(TimePoint now, Random& random);
bool is_ulid(std::string_view text);
/// The time inside a ULID that is_ulid() accepts.
TimePoint ulid_time(std::string_view ulid);

// Names of objects.
inline constexpr std::string_view kConfigName = "config";
inline constexpr std::string_view kKeysPrefix = "keys/";
inline constexpr std::string_view kPacksPrefix = "packs/";
inline constexpr std::string_view kIndexPrefix = "index/";
inline constexpr std::string_view kSnapshotsPrefix = "snapshots/";
inline constexpr std::string_view kTombPrefix = "tomb/";

/// "packs/ab/abcdef...": the first byte spreads directories and bucket prefixes.
std::string pack_name(const ObjectId& pack);
/// The id in such a name, or nothing for a foreign object.
std::optional<ObjectId> parse_pack_name(std::string_view name);

}  // namespace stash::engine

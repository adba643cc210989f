#include "engine/format/ids.hpp"

#include <algorithm>

#include "stash/base/error.hpp"

namespace stash::engine {
namespace {

constexpr std::string_view kBase32 = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t kUlidLength = 26;
constexpr std::size_t kUlidTimeDigits = 10;
constexpr std::size_t kIdNoise = 10;

std::uint64_t milliseconds_of(TimePoint time) {
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  return static_cast<std::uint64_t>(std::max<std::int64_t>(since, 0));
}

/// 48 bits of milliseconds reach beyond what nanoseconds in 64 bits hold.
TimePoint time_of(std::uint64_t milliseconds) {
  const auto limit =
      std::chrono::duration_cast<std::chrono::milliseconds>(TimePoint::max().time_since_epoch());
  return TimePoint(
      std::chrono::milliseconds(std::min(milliseconds, static_cast<std::uint64_t>(limit.count()))));
}

}  // namespace

std::optional<ObjectId> ObjectId::parse(std::string_view hex) {
  ObjectId id;
  const auto raw = hex.size() == 2 * id.bytes.size() ? from_hex(hex) : std::nullopt;
  if (!raw || to_hex(*raw) != hex) return std::nullopt;
  std::ranges::copy(*raw, id.bytes.begin());
  return id;
}

ObjectId ObjectId::make(Random& random) {
  ObjectId id;
  random.fill(id.bytes);
  return id;
}

ObjectId ObjectId::make_dated(Random& random, TimePoint now) {
  ObjectId id = make(random);
  std::uint64_t time = milliseconds_of(now);
  for (std::size_t i = id.bytes.size(); i-- > kIdNoise; time >>= 8)
    id.bytes[i] = static_cast<std::byte>(time);
  return id;
}

TimePoint ObjectId::made() const {
  std::uint64_t time = 0;
  for (std::size_t i = kIdNoise; i < bytes.size(); ++i)
    time = time << 8 | std::to_integer<std::uint64_t>(bytes[i]);
  return time_of(time);
}

std::string make_ulid(TimePoint now, Random& random) {
  std::uint64_t time = milliseconds_of(now);
  std::array<std::byte, kUlidLength - kUlidTimeDigits> noise{};
  random.fill(noise);
  std::string text(kUlidLength, '0');
  for (std::size_t i = kUlidTimeDigits; i-- > 0; time >>= 5) text[i] = kBase32[time & 31];
  for (std::size_t i = 0; i < noise.size(); ++i)
    text[kUlidTimeDigits + i] = kBase32[std::to_integer<std::size_t>(noise[i]) & 31];
  return text;
}

bool is_ulid(std::string_view text) {
  return text.size() == kUlidLength && text[0] <= '7' &&
         text.find_first_not_of(kBase32) == std::string_view::npos;
}

TimePoint ulid_time(std::string_view ulid) {
  std::uint64_t time = 0;
  for (const char c : ulid.substr(0, kUlidTimeDigits)) time = time << 5 | kBase32.find(c);
  return time_of(time);
}

std::string pack_name(const ObjectId& pack) {
  const std::string hex = pack.hex();
  std::string name(kPacksPrefix);
  name.append(hex, 0, 2).append("/").append(hex);
  return name;
}

std::optional<ObjectId> parse_pack_name(std::string_view name) {
  if (!name.starts_with(kPacksPrefix)) return std::nullopt;
  name.remove_prefix(kPacksPrefix.size());
  if (name.size() != 35 || name[2] != '/' || name.substr(0, 2) != name.substr(3, 2)) return std::nullopt;
  return ObjectId::parse(name.substr(3));
}

}  // namespace stash::engine

#include "engine/format/keys.hpp"

#include <algorithm>

#include "engine/format/lines.hpp"
#include "stash/base/error.hpp"
#include "stash/json/value.hpp"

namespace stash::engine {
namespace {

constexpr std::size_t kMaxSlot = 16u << 10;
constexpr std::size_t kSaltSize = 32;

crypto::Key derive(const crypto::Key& from, const ObjectId& repository, std::string_view label) {
  return crypto::hkdf(from.view(), repository.bytes, label);
}

crypto::Key key_encryption_key(std::string_view password, ByteView salt, Kdf kdf,
                               const crypto::ScryptCost& cost) {
  return kdf == Kdf::Raw ? crypto::hkdf(as_bytes(password), salt, "stash slot raw")
                         : crypto::scrypt(password, salt, cost);
}

crypto::Digest slot_mac(const crypto::Key& kek, ByteView salt, std::string_view line) {
  return crypto::hmac_sha256(crypto::hkdf(kek.view(), salt, "stash slot mac").view(), as_bytes(line));
}

std::string slot_line(const KeySlot& slot) {
  rapidjson::StringBuffer buffer;
  json::Writer w(buffer);
  w.StartObject();
  w.Key("version");
  w.Int(1);
  w.Key("kdf");
  w.String(slot.kdf == Kdf::Raw ? "raw" : "scrypt");
  if (slot.kdf == Kdf::Scrypt) {
    w.Key("log_n");
    w.Uint(slot.cost.log_n);
    w.Key("r");
    w.Uint(slot.cost.r);
    w.Key("p");
    w.Uint(slot.cost.p);
  }
  w.Key("salt");
  w.String(to_base64(slot.salt));
  w.Key("wrapped");
  w.String(to_base64(slot.wrapped));
  w.Key("label");
  w.String(slot.label);
  w.Key("created");
  w.String(format_time(slot.created));
  w.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

[[noreturn]] void damaged(std::string_view id, std::string_view what) {
  throw Error(ErrorKind::Corrupt, "{}{}: damaged: {}", kKeysPrefix, id, what);
}

Bytes read_base64(const json::Value& v, const KeySlot& slot, std::string_view key, std::size_t size) {
  const auto text = from_base64(json::text(v, key));
  if (!text || text->size() != size) damaged(slot.id, key);
  return copy_of(as_bytes(*text));
}

std::uint32_t read_cost(const json::Value& v, const KeySlot& slot, std::string_view key) {
  const auto number = json::integer(v, key);
  if (!number || *number < 1 || *number > 64) damaged(slot.id, key);
  return static_cast<std::uint32_t>(*number);
}

void parse_slot(KeySlot& slot) {
  const json::Document v = json::parse(slot.line, slot.id);
  if (json::integer(v, "version") != 1)
    throw Error(ErrorKind::Unsupported, "{}{}: made by a newer version of this program", kKeysPrefix,
                slot.id);
  const std::string_view kdf = json::text(v, "kdf");
  if (kdf != "raw" && kdf != "scrypt") damaged(slot.id, "kdf");
  slot.kdf = kdf == "raw" ? Kdf::Raw : Kdf::Scrypt;
  if (slot.kdf == Kdf::Scrypt) {
    slot.cost.log_n = read_cost(v, slot, "log_n");
    slot.cost.r = read_cost(v, slot, "r");
    slot.cost.p = read_cost(v, slot, "p");
  }
  slot.salt = read_base64(v, slot, "salt", kSaltSize);
  slot.wrapped = read_base64(v, slot, "wrapped", crypto::Key::kSize + crypto::kTagSize);
  slot.label = json::text(v, "label");
  const auto created = parse_time(json::text(v, "created"));
  if (!created) damaged(slot.id, "created");
  slot.created = *created;
}

}  // namespace

Keys::Keys(const crypto::Key& master, const ObjectId& repository)
    : repository_(repository),
      master_(master),
      pack_(derive(master, repository, "stash packs")),
      object_(derive(master, repository, "stash objects")),
      config_mac_(derive(master, repository, "stash config")),
      chunker_(derive(master, repository, "stash chunker")),
      data_id_(derive(master, repository, "stash data id").view()),
      tree_id_(derive(master, repository, "stash tree id").view()) {
  const crypto::Key seed = derive(master, repository, "stash tree cuts");
  for (std::size_t i = 0; i < 8; ++i)
    tree_seed_ = tree_seed_ << 8 | std::to_integer<std::uint64_t>(seed.view()[i]);
}

BlobId Keys::id_of(BlobKind kind, ByteView bytes) const { return {id_key(kind).mac(bytes)}; }

std::vector<BlobId> Keys::ids_of(BlobKind kind, std::span<const ByteView> blobs) const {
  std::vector<crypto::Digest> macs(blobs.size());
  id_key(kind).mac_all(blobs, macs);
  std::vector<BlobId> ids;
  ids.reserve(macs.size());
  for (const crypto::Digest& mac : macs) ids.push_back({mac});
  return ids;
}

crypto::Key Keys::pack_key(const ObjectId& pack) const {
  return crypto::hkdf(pack_.view(), pack.bytes, "stash pack");
}

crypto::Key Keys::object_key(std::string_view name) const {
  return crypto::hkdf(object_.view(), as_bytes(name), "stash object");
}

std::optional<crypto::Key> KeySlot::unlock(std::string_view password) const {
  const crypto::Key kek = key_encryption_key(password, salt, kdf, cost);
  if (!crypto::equal_constant_time(slot_mac(kek, salt, line), mac)) return std::nullopt;
  crypto::Key master;
  crypto::Aes256Gcm cipher(crypto::hkdf(kek.view(), salt, "stash slot wrap"));
  if (!cipher.open(crypto::Nonce{}, as_bytes(id), wrapped, master.bytes())) return std::nullopt;
  return master;
}

bool is_strong_secret(std::string_view password) { return password.size() >= 43; }

Kdf kdf_for(std::string_view password) {
  constexpr std::size_t kHexDigits = 64;
  const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto is_lower = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  const auto is_hex = [&](char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); };
  const auto is_base64 = [&](char c) {
    return is_upper(c) || is_lower(c) || is_digit(c) ||
           std::string_view("+/-_=").find(c) != std::string_view::npos;
  };
  const bool hex = password.size() >= kHexDigits && std::ranges::all_of(password, is_hex);
  const bool base64 = is_strong_secret(password) && std::ranges::all_of(password, is_base64) &&
                      std::ranges::any_of(password, is_upper) && std::ranges::any_of(password, is_lower) &&
                      std::ranges::any_of(password, is_digit);
  return hex || base64 ? Kdf::Raw : Kdf::Scrypt;
}

std::string write_slot(std::string id, const crypto::Key& master, std::string_view password, Kdf kdf,
                       std::string label, TimePoint now, Random& random) {
  if (password.empty()) throw Error(ErrorKind::Invalid, "the password is empty");
  if (kdf == Kdf::Raw && !is_strong_secret(password))
    throw Error(ErrorKind::Invalid,
                "a raw key needs a secret of at least 256 bits (43 characters of base64)");
  KeySlot slot;
  slot.id = std::move(id);
  slot.kdf = kdf;
  slot.salt.resize(kSaltSize);
  random.fill(slot.salt);
  slot.label = std::move(label);
  slot.created = now;
  const crypto::Key kek = key_encryption_key(password, slot.salt, kdf, slot.cost);
  slot.wrapped.resize(crypto::Key::kSize + crypto::kTagSize);
  crypto::Aes256Gcm(crypto::hkdf(kek.view(), slot.salt, "stash slot wrap"))
      .seal(crypto::Nonce{}, as_bytes(slot.id), master.view(), slot.wrapped);
  const std::string line = slot_line(slot);
  return join_mac_lines(line, slot_mac(kek, slot.salt, line));
}

KeySlot read_slot(std::string id, std::string_view text) {
  KeySlot slot;
  slot.id = std::move(id);
  if (text.size() > kMaxSlot) damaged(slot.id, "too long");
  MacLines lines = split_mac_lines(text, std::string(kKeysPrefix) + slot.id);
  slot.line = std::move(lines.line);
  slot.mac = std::move(lines.mac);
  try {
    parse_slot(slot);
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::Invalid) throw Error(ErrorKind::Corrupt, "damaged: {}", e.what());
    throw;
  }
  return slot;
}

}  // namespace stash::engine

#include "engine/format/config.hpp"

#include <fmt/ranges.h>

#include "engine/format/lines.hpp"
#include "stash/base/error.hpp"
#include "stash/json/value.hpp"

namespace stash::engine {
namespace {

constexpr std::size_t kMaxConfig = 64u << 10;

void write_names(json::Writer& w, const char* key, const std::vector<std::string>& names) {
  w.Key(key);
  w.StartArray();
  for (const std::string& name : names) w.String(name);
  w.EndArray();
}

std::vector<std::string> read_names(const json::Value& v, std::string_view key) {
  std::vector<std::string> names;
  const json::Value* list = json::find(v, key);
  if (!list || !list->IsArray()) throw Error(ErrorKind::Corrupt, "config: damaged: no list \"{}\"", key);
  for (const json::Value& name : list->GetArray()) {
    if (!name.IsString())
      throw Error(ErrorKind::Corrupt, "config: damaged: \"{}\" holds what is no name", key);
    names.emplace_back(name.GetString(), name.GetStringLength());
  }
  return names;
}

std::int64_t read_number(const json::Value& v, std::string_view key) {
  const auto number = json::integer(v, key);
  if (!number) throw Error(ErrorKind::Corrupt, "config: damaged: no number \"{}\"", key);
  return *number;
}

Config read_line(std::string_view line) {
  const json::Document v = json::parse(line, "config");
  Config config;
  const std::int64_t format = read_number(v, "format");
  config.incompat = read_names(v, "incompat");
  config.chunker = read_number(v, "chunker");
  config.hash = read_number(v, "hash");
  config.cipher = read_number(v, "cipher");
  if (format != Config::kFormat || !config.incompat.empty() || config.chunker != 1 || config.hash != 1 ||
      config.cipher != 1)
    throw Error(ErrorKind::Unsupported,
                "the repository needs a newer version of this program (format {}, features [{}], chunker {}, "
                "hash {}, "
                "cipher {})",
                format, fmt::join(config.incompat, ", "), config.chunker, config.hash, config.cipher);
  const auto id = ObjectId::parse(json::text(v, "id"));
  const auto created = parse_time(json::text(v, "created"));
  if (!id || !created) throw Error(ErrorKind::Corrupt, "config: damaged: no repository id or time");
  config.id = *id;
  config.created = *created;
  config.compat = read_names(v, "compat");
  config.ro_compat = read_names(v, "ro_compat");
  return config;
}

}  // namespace

void Config::require_writable() const {
  if (!ro_compat.empty())
    throw Error(ErrorKind::Unsupported,
                "writing to this repository needs a newer version of this program (features {})",
                fmt::join(ro_compat, ", "));
}

Config UnverifiedConfig::verify(const crypto::Key& mac_key) const {
  if (!crypto::equal_constant_time(crypto::hmac_sha256(mac_key.view(), as_bytes(line)), mac))
    throw Error(ErrorKind::Corrupt, "config: damaged: its MAC does not match");
  return config;
}

std::string write_config(const Config& config, const crypto::Key& mac_key) {
  rapidjson::StringBuffer buffer;
  json::Writer w(buffer);
  w.StartObject();
  w.Key("format");
  w.Int64(Config::kFormat);
  w.Key("id");
  w.String(config.id.hex());
  w.Key("created");
  w.String(format_time(config.created));
  w.Key("chunker");
  w.Int64(config.chunker);
  w.Key("hash");
  w.Int64(config.hash);
  w.Key("cipher");
  w.Int64(config.cipher);
  write_names(w, "compat", config.compat);
  write_names(w, "ro_compat", config.ro_compat);
  write_names(w, "incompat", config.incompat);
  w.EndObject();
  const std::string_view line(buffer.GetString(), buffer.GetSize());
  return join_mac_lines(line, crypto::hmac_sha256(mac_key.view(), as_bytes(line)));
}

UnverifiedConfig read_config(std::string_view text) {
  if (text.size() > kMaxConfig)
    throw Error(ErrorKind::Corrupt, "config: damaged: {} bytes long", text.size());
  MacLines lines = split_mac_lines(text, "config");
  UnverifiedConfig read;
  try {
    read.config = read_line(lines.line);
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::Invalid) throw Error(ErrorKind::Corrupt, "damaged: {}", e.what());
    throw;
  }
  read.line = std::move(lines.line);
  read.mac = std::move(lines.mac);
  return read;
}

}  // namespace stash::engine

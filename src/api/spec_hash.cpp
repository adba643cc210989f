#include "stash/api/spec_hash.hpp"

#include <algorithm>

#include "api/fnv.hpp"
#include "stash/api/fields/repository.hpp"
#include "stash/api/fields/runtime.hpp"
#include "stash/api/fields/target.hpp"
#include "stash/json/write.hpp"

namespace stash::api {
namespace {

/// The value with the members of every object in order of their names, so that a document and its rewrite are
/// the same.
void write_canonical(json::Writer& w, const json::Value& value) {
  if (value.IsArray()) {
    w.StartArray();
    for (const auto& item : value.GetArray()) write_canonical(w, item);
    w.EndArray();
  } else if (value.IsObject()) {
    std::vector<std::pair<std::string_view, const json::Value*>> members;
    for (const auto& m : value.GetObject())
      members.emplace_back(std::string_view(m.name.GetString(), m.name.GetStringLength()), &m.value);
    std::sort(members.begin(), members.end());
    w.StartObject();
    for (const auto& [key, member] : members) {
      w.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
      write_canonical(w, *member);
    }
    w.EndObject();
  } else {
    value.Accept(w);
  }
}

std::string canonical(const std::string& text) {
  rapidjson::StringBuffer buffer;
  json::Writer w(buffer);
  write_canonical(w, json::parse(text, "injected container"));
  return {buffer.GetString(), buffer.GetSize()};
}

template <class Invoker>
std::string hash(const Invoker& invoker, const std::string& identity, const Backend& backend) {
  std::string text = identity;
  const auto add = [&](std::string_view name, const auto& part) {
    text += fmt::format("\n{} {}", name, canonical(json::to_text(part)));
  };
  if (invoker.spec.target) add("volumeMounts", invoker.spec.target->volume_mounts);
  add("medium", invoker.spec.temp_dir.medium);
  add("sizeLimit", invoker.spec.temp_dir.size_limit.str());
  if (invoker.spec.runtime_settings.container) add("container", *invoker.spec.runtime_settings.container);
  if (backend.local) add("local", *backend.local);
  return fmt::format("{:016x}", fnv1a(text));
}

}  // namespace

std::string injection_hash(const BackupConfiguration& configuration, const Backend& backend) {
  return hash(configuration, fmt::format("BackupConfiguration {}", configuration.metadata.name), backend);
}

std::string injection_hash(const RestoreSession& session, const Backend& backend) {
  return hash(session, fmt::format("RestoreSession {} {}", session.metadata.name, session.metadata.uid),
              backend);
}

}  // namespace stash::api

#include "controller/pod_volumes.hpp"

#include <algorithm>
#include <array>

#include "stash/api/names.hpp"

namespace stash::controller {
namespace {

constexpr std::array kOwnVolumes{api::kTempVolume, api::kLocalVolume, kRestoreLocalVolume};

bool is_own(std::string_view name) {
  return std::find(kOwnVolumes.begin(), kOwnVolumes.end(), name) != kOwnVolumes.end();
}

std::string_view claim_of(const json::Value& volume) {
  return json::text(volume, "persistentVolumeClaim", "claimName");
}

/// Calls `use` with each item of a list that may be missing.
template <class Use>
void each(const json::Value* list, Use use) {
  for (rapidjson::SizeType i = 0; list && list->IsArray() && i < list->Size(); ++i) use(i, (*list)[i]);
}

void rename(json::Document& document, std::string_view member, json::Value& in, const std::string& name) {
  in[json::Value(member.data(), static_cast<rapidjson::SizeType>(member.size()))].SetString(
      name, document.GetAllocator());
}

std::string remounted(const std::string& container, const std::string& from, const std::string& to) {
  json::Document document = json::parse(container, "container");
  for (json::Value& mount : document["volumeMounts"].GetArray())
    if (json::text(mount, "name") == from) rename(document, "name", mount, to);
  return json::dump(document);
}

std::string renamed(const OwnVolume& volume, const std::string& name) {
  if (volume.name == name) return volume.json;
  json::Document document = json::parse(volume.json, "volume");
  rename(document, "name", document, name);
  return json::dump(document);
}

}  // namespace

PodVolumes::PodVolumes(const json::Value& workload)
    : volumes_(json::find(workload, "spec", "template", "spec", "volumes")) {
  each(volumes_, [&](auto, const json::Value& volume) {
    const std::string_view claim = claim_of(volume);
    const std::string_view name = json::text(volume, "name");
    if (!claim.empty() && !is_own(name)) claims_.emplace(claim, name);
  });
}

void PodVolumes::keep(const json::Value& container) {
  each(json::find(container, "volumeMounts"), [&](auto, const json::Value& mount) {
    if (is_own(json::text(mount, "name"))) wanted_.emplace(json::text(mount, "name"), "");
  });
  each(volumes_, [&](auto, const json::Value& volume) {
    const std::string name(json::text(volume, "name"));
    if (wanted_.contains(name) && !claim_of(volume).empty()) claims_.emplace(claim_of(volume), name);
  });
}

std::string PodVolumes::add(const Injection& injection) {
  std::string container = injection.container;
  for (const OwnVolume& volume : injection.volumes) {
    const std::string name = place(volume);
    if (name != volume.name) container = remounted(container, volume.name, name);
  }
  return container;
}

std::string PodVolumes::place(const OwnVolume& volume) {
  if (volume.name == api::kTempVolume) {
    std::string& temp = wanted_[volume.name];
    if (temp.empty()) temp = volume.json;
    return volume.name;
  }
  const json::Document document = json::parse(volume.json, "volume");
  const std::string claim(claim_of(document));
  if (const auto known = claims_.find(claim); known != claims_.end()) return known->second;
  std::string name = volume.name;
  // Two containers have at most two local backends: one of the two names is free.
  if (wanted_.contains(name)) name = name == api::kLocalVolume ? kRestoreLocalVolume : api::kLocalVolume;
  wanted_[name] = renamed(volume, name);
  if (!claim.empty()) claims_.emplace(claim, name);
  return name;
}

PodVolumes::Changes PodVolumes::changes() const {
  Changes out;
  auto missing = wanted_;
  each(volumes_, [&](rapidjson::SizeType i, const json::Value& volume) {
    const std::string name(json::text(volume, "name"));
    const auto it = missing.find(name);
    if (it == missing.end()) {
      if (is_own(name)) out.removed.insert(out.removed.begin(), i);
      return;
    }
    if (!it->second.empty()) out.replaced.emplace_back(i, it->second);
    missing.erase(it);
  });
  for (const auto& [name, volume] : missing)
    if (!volume.empty()) out.added.push_back(volume);
  return out;
}

}  // namespace stash::controller

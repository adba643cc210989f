#include "controller/inject.hpp"

#include <algorithm>
#include <array>

#include "stash/api/names.hpp"
#include "stash/kube/meta.hpp"

namespace stash::controller {
namespace {

constexpr std::array<std::string_view, 3> kOwnVolumes{api::kTempVolume, api::kLocalVolume,
                                                      "stash-restore-local"};

/// The sort of container, and where its traces are.
struct Place {
  std::string_view list;  ///< "containers" or "initContainers"
  std::string_view container;
  std::string_view hash;     ///< annotation of the template
  std::string_view invoker;  ///< annotations of the workload
  std::string_view kind;
};
constexpr Place kSidecar{"containers", api::kSidecarContainer, api::kBackupHashAnnotation,
                         api::kBackupInvokerAnnotation, api::kBackupInvokerKindAnnotation};
constexpr Place kInit{"initContainers", api::kInitContainer, api::kRestoreHashAnnotation,
                      api::kRestoreInvokerAnnotation, api::kRestoreInvokerKindAnnotation};

const json::Value* template_of(const json::Value& workload) {
  return json::find(workload, "spec", "template");
}

std::optional<rapidjson::SizeType> index_of(const json::Value& workload, std::string_view list,
                                            std::string_view name) {
  const json::Value* items = json::find(workload, "spec", "template", "spec", list);
  if (!items || !items->IsArray()) return std::nullopt;
  for (rapidjson::SizeType i = 0; i < items->Size(); ++i)
    if (json::text((*items)[i], "name") == name) return i;
  return std::nullopt;
}

std::string_view template_annotation(const json::Value& workload, std::string_view key) {
  const json::Value* pod = template_of(workload);
  return pod ? kube::annotation_of(*pod, key) : std::string_view();
}

bool is_applied(const json::Value& workload, const Place& place, std::string_view hash) {
  return template_annotation(workload, place.hash) == hash &&
         index_of(workload, place.list, place.container).has_value();
}

/// JSON Patch operations (RFC 6902), in the order they are added.
class Patch {
 public:
  void set(const std::string& path, std::string_view value) { add_op("add", path, value); }
  void replace(const std::string& path, std::string_view value) { add_op("replace", path, value); }
  void remove(const std::string& path) {
    append(fmt::format(R"({{"op":"remove","path":{}}})", json::quote(path)));
  }
  bool empty() const { return ops_.empty(); }
  std::string str() const { return "[" + ops_ + "]"; }

 private:
  void add_op(const char* op, const std::string& path, std::string_view value) {
    append(fmt::format(R"({{"op":"{}","path":{},"value":{}}})", op, json::quote(path), value));
  }
  void append(const std::string& op) { ops_ += (ops_.empty() ? "" : ",") + op; }
  std::string ops_;
};

/// RFC 6901 spelling of one step.
std::string step(std::string_view key) {
  std::string out;
  for (const char c : key) out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  return out;
}

constexpr const char* kPodSpec = "/spec/template/spec/";

class Editor {
 public:
  explicit Editor(const json::Value& workload) : workload_(workload) {}

  void apply(const Place& place, const Injection* wanted) {
    if (wanted && is_applied(workload_, place, wanted->hash)) return;
    wanted ? put(place, *wanted) : take(place);
  }

  void volumes(const std::vector<std::string>& wanted) {
    std::vector<rapidjson::SizeType> stale;
    const json::Value* have = json::find(workload_, "spec", "template", "spec", "volumes");
    std::vector<std::string> missing = wanted;
    for (rapidjson::SizeType i = 0; have && have->IsArray() && i < have->Size(); ++i) {
      const json::Value& volume = (*have)[i];
      const std::string_view name = json::text(volume, "name");
      if (std::find(kOwnVolumes.begin(), kOwnVolumes.end(), name) == kOwnVolumes.end()) continue;
      const auto same = std::find_if(missing.begin(), missing.end(), [&](const std::string& text) {
        return json::text(json::parse(text, "volume"), "name") == name;
      });
      if (same == missing.end()) {
        stale.push_back(i);
        continue;
      }
      if (changed_) patch_.replace(fmt::format("{}volumes/{}", kPodSpec, i), *same);
      missing.erase(same);
    }
    if (!changed_) return;  // volumes alone never roll the pods
    for (auto it = stale.rbegin(); it != stale.rend(); ++it)
      patch_.remove(fmt::format("{}volumes/{}", kPodSpec, *it));
    ensure_list("volumes");
    for (const std::string& volume : missing) patch_.set(std::string(kPodSpec) + "volumes/-", volume);
  }

  std::optional<std::string> result() {
    if (patch_.empty()) return std::nullopt;
    patch_.replace("/metadata/resourceVersion", json::quote(kube::resource_version_of(workload_)));
    return patch_.str();
  }

 private:
  void put(const Place& place, const Injection& wanted) {
    changed_ = true;
    if (const auto at = index_of(workload_, place.list, place.container)) {
      patch_.replace(fmt::format("{}{}/{}", kPodSpec, place.list, *at), wanted.container);
    } else {
      ensure_list(place.list);
      // The restore comes before every other init container; the sidecar stands last.
      patch_.set(fmt::format("{}{}/{}", kPodSpec, place.list, place.list == "initContainers" ? "0" : "-"),
                 wanted.container);
    }
    annotate("/spec/template/metadata", place.hash, json::quote(wanted.hash));
    annotate("/metadata", place.invoker, json::quote(wanted.invoker));
    annotate("/metadata", place.kind, json::quote(wanted.kind));
  }

  void take(const Place& place) {
    if (const auto at = index_of(workload_, place.list, place.container)) {
      changed_ = true;
      patch_.remove(fmt::format("{}{}/{}", kPodSpec, place.list, *at));
    }
    if (!template_annotation(workload_, place.hash).empty()) {
      changed_ = true;
      patch_.remove("/spec/template/metadata/annotations/" + step(place.hash));
    }
    for (const std::string_view key : {place.invoker, place.kind})
      if (!kube::annotation_of(workload_, key).empty()) patch_.remove("/metadata/annotations/" + step(key));
  }

  void ensure_list(std::string_view list) {
    if (json::find(workload_, "spec", "template", "spec", list) || made(std::string(list))) return;
    patch_.set(kPodSpec + std::string(list), "[]");
  }

  void annotate(const std::string& metadata, std::string_view key, const std::string& value) {
    const bool of_pod = metadata != "/metadata";
    const json::Value* owner = of_pod ? template_of(workload_) : &workload_;
    if (of_pod && owner && !json::find(*owner, "metadata") && !made("pod metadata"))
      patch_.set(metadata, "{}");
    const bool has = owner && json::find(*owner, "metadata", "annotations");
    if (!has && !made(metadata)) patch_.set(metadata + "/annotations", "{}");
    patch_.set(metadata + "/annotations/" + step(key), value);
  }

  /// True when this was asked before: a container that is made once.
  bool made(const std::string& what) {
    if (std::find(made_.begin(), made_.end(), what) != made_.end()) return true;
    made_.push_back(what);
    return false;
  }

  const json::Value& workload_;
  Patch patch_;
  bool changed_ = false;
  std::vector<std::string> made_;
};

std::string applied_invoker(const json::Value& workload, const Place& place) {
  const std::string_view text = kube::annotation_of(workload, place.invoker);
  if (text.empty()) return "";
  try {
    return std::string(json::text(json::parse(text, "annotation"), "metadata", "name"));
  } catch (const Error&) {
    return "";
  }
}

}  // namespace

std::optional<std::string> injection_patch(const json::Value& workload, const Injection* sidecar,
                                           const Injection* init) {
  Editor editor(workload);
  editor.apply(kSidecar, sidecar);
  editor.apply(kInit, init);
  std::vector<std::string> volumes;
  for (const Injection* injection : {sidecar, init})
    for (const std::string& volume : injection ? injection->volumes : std::vector<std::string>()) {
      const json::Document parsed = json::parse(volume, "volume");
      const bool known = std::any_of(volumes.begin(), volumes.end(), [&](const std::string& other) {
        return json::text(json::parse(other, "volume"), "name") == json::text(parsed, "name");
      });
      if (!known) volumes.push_back(volume);
    }
  editor.volumes(volumes);
  return editor.result();
}

std::string applied_backup_invoker(const json::Value& workload) {
  return applied_invoker(workload, kSidecar);
}
std::string applied_restore_invoker(const json::Value& workload) { return applied_invoker(workload, kInit); }
bool has_sidecar(const json::Value& workload, std::string_view hash) {
  return is_applied(workload, kSidecar, hash);
}
bool has_init_container(const json::Value& workload, std::string_view hash) {
  return is_applied(workload, kInit, hash);
}

}  // namespace stash::controller

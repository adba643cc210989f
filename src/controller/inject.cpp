#include "controller/inject.hpp"

#include <algorithm>
#include <array>

#include "controller/pod_volumes.hpp"
#include "stash/api/names.hpp"
#include "stash/kube/meta.hpp"

namespace stash::controller {
namespace {

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
constexpr std::array<const Place*, 2> kPlaces{&kSidecar, &kInit};

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

/// Injection was here: it writes both annotations, and one may have been lost since.
bool is_marked(const json::Value& workload, const Place& place) {
  return !template_annotation(workload, place.hash).empty() ||
         !kube::annotation_of(workload, place.invoker).empty();
}

bool is_foreign(const json::Value& workload, const Place& place) {
  return !is_marked(workload, place) && index_of(workload, place.list, place.container).has_value();
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
  explicit Editor(const json::Value& workload) : workload_(workload), volumes_(workload) {}

  void apply(std::initializer_list<std::pair<const Place&, const Wish&>> wishes) {
    for (const auto& [place, wish] : wishes)
      if (const json::Value* container = stays(place, wish)) volumes_.keep(*container);
    for (const auto& [place, wish] : wishes) {
      if (wish.untouched || is_foreign(workload_, place)) continue;
      if (!wish.injection)
        take(place);
      else if (!is_applied(workload_, place, wish.injection->hash))
        put(place, *wish.injection);
    }
    // Volumes alone never roll the pods.
    if (changed_) write_volumes();
  }

  std::optional<std::string> result() {
    if (patch_.empty()) return std::nullopt;
    patch_.replace("/metadata/resourceVersion", json::quote(kube::resource_version_of(workload_)));
    return patch_.str();
  }

 private:
  void put(const Place& place, const Injection& wanted) {
    changed_ = true;
    const std::string container = volumes_.add(wanted);
    if (const auto at = index_of(workload_, place.list, place.container)) {
      patch_.replace(fmt::format("{}{}/{}", kPodSpec, place.list, *at), container);
    } else {
      ensure_list(place.list);
      // The restore comes before every other init container; the sidecar stands last.
      patch_.set(fmt::format("{}{}/{}", kPodSpec, place.list, place.list == "initContainers" ? "0" : "-"),
                 container);
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

  /// The container that is there and remains.
  const json::Value* stays(const Place& place, const Wish& wish) const {
    const auto at = index_of(workload_, place.list, place.container);
    const bool kept = wish.untouched || is_foreign(workload_, place) ||
                      (wish.injection && is_applied(workload_, place, wish.injection->hash));
    return at && kept ? &(*json::find(workload_, "spec", "template", "spec", place.list))[*at] : nullptr;
  }

  void write_volumes() {
    const PodVolumes::Changes changes = volumes_.changes();
    for (const auto& [i, volume] : changes.replaced)
      patch_.replace(fmt::format("{}volumes/{}", kPodSpec, i), volume);
    for (const auto i : changes.removed) patch_.remove(fmt::format("{}volumes/{}", kPodSpec, i));
    for (const std::string& volume : changes.added) {
      ensure_list("volumes");
      patch_.set(std::string(kPodSpec) + "volumes/-", volume);
    }
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
  PodVolumes volumes_;
  Patch patch_;
  bool changed_ = false;
  std::vector<std::string> made_;
};

kube::Ref applied_invoker(const json::Value& workload, const Place& place) {
  const std::string_view text = kube::annotation_of(workload, place.invoker);
  if (text.empty()) return {};
  try {
    return kube::ref_of(json::parse(text, "annotation"));
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

std::optional<std::string> injection_patch(const json::Value& workload, const Wish& sidecar,
                                           const Wish& init) {
  Editor editor(workload);
  editor.apply({{kSidecar, sidecar}, {kInit, init}});
  return editor.result();
}

bool has_traces(const json::Value& workload) {
  return std::any_of(kPlaces.begin(), kPlaces.end(),
                     [&](const Place* place) { return is_marked(workload, *place); });
}

kube::Ref applied_backup_invoker(const json::Value& workload) { return applied_invoker(workload, kSidecar); }
kube::Ref applied_restore_invoker(const json::Value& workload) { return applied_invoker(workload, kInit); }
bool has_sidecar(const json::Value& workload, std::string_view hash) {
  return is_applied(workload, kSidecar, hash);
}
bool has_init_container(const json::Value& workload, std::string_view hash) {
  return is_applied(workload, kInit, hash);
}
bool has_foreign_sidecar(const json::Value& workload) { return is_foreign(workload, kSidecar); }
bool has_foreign_init_container(const json::Value& workload) { return is_foreign(workload, kInit); }

}  // namespace stash::controller

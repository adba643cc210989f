#include <algorithm>

#include "controller/container_security.hpp"
#include "controller/inject.hpp"
#include "stash/api/fields/target.hpp"
#include "stash/api/names.hpp"
#include "stash/api/spec_hash.hpp"
#include "stash/json/write.hpp"

namespace stash::controller {
namespace {

using json::Writer;

void member(Writer& w, const char* key, std::string_view value) {
  w.Key(key);
  json::write_text(w, value);
}

void raw_member(Writer& w, const char* key, const std::string& value) {
  if (value.empty()) return;
  w.Key(key);
  json::write_raw(w, value);
}

void field_env(Writer& w, const char* name, const char* path) {
  w.StartObject();
  member(w, "name", name);
  w.Key("valueFrom");
  w.StartObject();
  w.Key("fieldRef");
  w.StartObject();
  member(w, "apiVersion", "v1");
  member(w, "fieldPath", path);
  w.EndObject();
  w.EndObject();
  w.EndObject();
}

void number_env(Writer& w, const char* name, const std::optional<std::int32_t>& value) {
  if (!value) return;
  w.StartObject();
  member(w, "name", name);
  member(w, "value", std::to_string(*value));
  w.EndObject();
}

void write_env(Writer& w, const api::RuntimeContainer& runtime) {
  w.Key("env");
  w.StartArray();
  field_env(w, "NODE_NAME", "spec.nodeName");
  field_env(w, "POD_NAME", "metadata.name");
  if (runtime.nice) number_env(w, "NICE_ADJUSTMENT", runtime.nice->adjustment);
  if (runtime.ionice) number_env(w, "IONICE_CLASS", runtime.ionice->io_class);
  if (runtime.ionice) number_env(w, "IONICE_CLASS_DATA", runtime.ionice->class_data);
  for (const json::Raw& env : runtime.env) json::write(w, env);
  w.EndArray();
  if (!runtime.env_from.empty()) {
    w.Key("envFrom");
    json::write(w, runtime.env_from);
  }
}

struct LocalVolume {
  const api::LocalBackend* backend;
  std::string name;
};

void write_mounts(Writer& w, const std::vector<api::VolumeMount>& mounts, const LocalVolume& local) {
  w.Key("volumeMounts");
  w.StartArray();
  w.StartObject();
  member(w, "name", api::kTempVolume);
  member(w, "mountPath", api::kTempMountPath);
  w.EndObject();
  for (const api::VolumeMount& mount : mounts) json::write(w, mount);
  if (local.backend) {
    w.StartObject();
    member(w, "name", local.name);
    member(w, "mountPath", local.backend->mount_path);
    if (!local.backend->sub_path.empty()) member(w, "subPath", local.backend->sub_path);
    w.EndObject();
  }
  w.EndArray();
}

/// {"name": name, <source member>}
std::string named_volume(std::string_view name, std::string_view source) {
  return fmt::format(R"({{"name":{},{})", json::quote(name), source.substr(1));
}

std::string temp_volume(const api::EmptyDirSettings& settings) {
  std::string inner;
  if (!settings.medium.empty()) inner += R"("medium":)" + json::quote(settings.medium);
  if (!settings.size_limit.text.empty())
    inner += (inner.empty() ? "" : ",") + std::string(R"("sizeLimit":)") + settings.size_limit.text;
  return named_volume(api::kTempVolume, fmt::format(R"({{"emptyDir":{{{}}}}})", inner));
}

struct ContainerParts {
  std::string_view name;
  std::vector<std::string> args;
  const std::vector<api::VolumeMount>& mounts;
  const api::RuntimeContainer& runtime;
  std::string security_context;
  LocalVolume local;
};

std::string container_json(const ContainerParts& parts, const ExecutorSettings& settings) {
  rapidjson::StringBuffer buffer;
  Writer w(buffer);
  w.StartObject();
  member(w, "name", parts.name);
  member(w, "image", settings.image);
  if (!settings.image_pull_policy.empty()) member(w, "imagePullPolicy", settings.image_pull_policy);
  w.Key("args");
  json::write(w, parts.args);
  write_env(w, parts.runtime);
  write_mounts(w, parts.mounts, parts.local);
  raw_member(w, "resources", parts.runtime.resources.text);
  raw_member(w, "securityContext", parts.security_context);
  if (parts.name == api::kSidecarContainer) {
    raw_member(w, "livenessProbe", parts.runtime.liveness_probe.text);
    raw_member(w, "readinessProbe", parts.runtime.readiness_probe.text);
    raw_member(w, "lifecycle", parts.runtime.lifecycle.text);
  }
  w.EndObject();
  return {buffer.GetString(), buffer.GetSize()};
}

std::vector<std::string> executor_args(std::string_view role, std::string_view kind,
                                       const api::ObjectMeta& invoker, const api::TargetRef& target,
                                       const ExecutorSettings& settings) {
  return {std::string(role),
          fmt::format("--invoker-name={}", invoker.name),
          fmt::format("--invoker-kind={}", kind),
          fmt::format("--target-name={}", target.name),
          fmt::format("--target-namespace={}", target.ns.empty() ? invoker.ns : target.ns),
          fmt::format("--target-kind={}", target.kind),
          "--enable-cache=true",
          "--max-connections=0",
          fmt::format("--metrics-enabled={}", !settings.pushgateway_url.empty()),
          fmt::format("--pushgateway-url={}", settings.pushgateway_url)};
}

const api::RuntimeContainer& runtime_of(const api::RuntimeSettings& settings) {
  static const api::RuntimeContainer kNone;
  return settings.container ? *settings.container : kNone;
}

Injection finish(ContainerParts parts, const api::Backend& backend, const api::EmptyDirSettings& temp,
                 const ExecutorSettings& settings) {
  Injection out;
  if (backend.local)
    out.volumes.push_back({parts.local.name, named_volume(parts.local.name, backend.local->volume_source())});
  out.volumes.push_back({std::string(api::kTempVolume), temp_volume(temp)});
  out.container = container_json(parts, settings);
  return out;
}

}  // namespace

Injection sidecar_injection(const api::BackupConfiguration& bc, const api::Repository& repository,
                            const json::Value& workload, const ExecutorSettings& settings) {
  const api::Backend& backend = repository.spec.backend;
  const api::RuntimeContainer& runtime = runtime_of(bc.spec.runtime_settings);
  const std::string& own = runtime.security_context.text;
  Injection out =
      finish({api::kSidecarContainer,
              executor_args("run-backup", "BackupConfiguration", bc.metadata, bc.spec.target->ref, settings),
              bc.spec.target->volume_mounts,
              runtime,
              own.empty() ? sidecar_security(workload) : own,
              {backend.local ? &*backend.local : nullptr, std::string(api::kLocalVolume)}},
             backend, bc.spec.temp_dir, settings);
  out.hash = api::injection_hash(bc, backend);
  out.invoker = api::applied_invoker(bc);
  out.kind = "BackupConfiguration";
  return out;
}

Injection init_injection(const api::RestoreSession& session, const api::Repository& repository,
                         const json::Value& workload, const ExecutorSettings& settings) {
  const api::Backend& backend = repository.spec.backend;
  const api::RuntimeContainer& runtime = runtime_of(session.spec.runtime_settings);
  const std::string& own = runtime.security_context.text;
  Injection out = finish(
      {api::kInitContainer,
       executor_args("restore", "RestoreSession", session.metadata, session.spec.target->ref, settings),
       session.spec.target->volume_mounts,
       runtime,
       own.empty() ? init_security(workload) : own,
       {backend.local ? &*backend.local : nullptr, std::string(kRestoreLocalVolume)}},
      backend, session.spec.temp_dir, settings);
  out.hash = api::injection_hash(session, backend);
  out.invoker = api::applied_invoker(session);
  out.kind = "RestoreSession";
  return out;
}

}  // namespace stash::controller

#include "stash/api/validate.hpp"

#include <algorithm>
#include <set>

#include "stash/api/fields/types.hpp"
#include "stash/api/host.hpp"
#include "stash/api/names.hpp"

namespace stash::api {
namespace {

using json::Faults;

/// Adds "field: why" to a list.
class Report {
 public:
  explicit Report(Faults& to) : to_(to) {}

  template <class... Args>
  void operator()(std::string_view field, fmt::format_string<Args...> why, Args&&... args) const {
    to_.push_back(fmt::format("{}: {}", field, fmt::format(why, std::forward<Args>(args)...)));
  }
  void required(std::string_view field, bool given, std::string_view what) const {
    if (!given) (*this)(field, "is required: {}", what);
  }

 private:
  Faults& to_;
};

bool is_absolute(std::string_view path) { return path.starts_with('/'); }

bool is_below(std::string_view path, std::string_view directory) {
  while (directory.size() > 1 && directory.ends_with('/')) directory.remove_suffix(1);
  if (directory == "/") return true;
  return path.starts_with(directory) && (path.size() == directory.size() || path[directory.size()] == '/');
}

void check_paths(const Report& report, std::string_view field, const std::vector<std::string>& paths) {
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < paths.size(); ++i) {
    const std::string place = fmt::format("{}[{}]", field, i);
    if (!is_absolute(paths[i]))
      report(place, "\"{}\" is not an absolute path", paths[i]);
    else if (!seen.insert(paths[i]).second)
      report(place, "{} stands here twice", paths[i]);
  }
}

void check_mounts(const Report& report, const std::vector<VolumeMount>& mounts) {
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < mounts.size(); ++i) {
    const std::string place = fmt::format("spec.target.volumeMounts[{}]", i);
    const std::string& path = mounts[i].mount_path;
    report.required(place + ".name", !mounts[i].name.empty(), "the name of a volume of the pod");
    if (!is_absolute(path))
      report(place + ".mountPath", "\"{}\" is not an absolute path", path);
    else if (!seen.insert(path).second)
      report(place + ".mountPath", "{} is mounted twice", path);
    else if (is_below(path, kTempMountPath))
      report(place + ".mountPath", "{} is taken by the scratch volume", path);
    if (!mounts[i].sub_path.empty() && !mounts[i].sub_path_expr.empty())
      report(place, "has both subPath and subPathExpr: give one of them");
  }
}

/// A restore writes into what it mounts.
void check_writable(const Report& report, const std::vector<VolumeMount>& mounts) {
  for (std::size_t i = 0; i < mounts.size(); ++i)
    if (mounts[i].read_only)
      report(fmt::format("spec.target.volumeMounts[{}].readOnly", i),
             "is true, but a restore writes there: leave it out");
}

template <class Spec>
void check_repository(const Report& report, const Spec& spec) {
  if (spec.driver == Driver::VolumeSnapshotter) return;
  report.required("spec.repository", spec.repository && !spec.repository->name.empty(),
                  "the driver Restic needs the name of a Repository");
}

/// A pod, and a Job that mounts a claim, can only use what is in their own namespace.
void check_namespace(const Report& report, const TargetRef& ref, const ObjectMeta& meta,
                     const TaskRef& task) {
  const bool foreign = !ref.ns.empty() && ref.ns != meta.ns;
  const bool bound = is_workload_kind(ref.kind) || ref.kind == "PersistentVolumeClaim";
  if (foreign && bound && !task.name.starts_with("kubedump"))
    report("spec.target.ref.namespace",
           "is {}, but a {} can only be served from its own namespace; make this object in {}", ref.ns,
           ref.kind, ref.ns);
}

void check_ref(const Report& report, const TargetRef& ref) {
  report.required("spec.target.ref.apiVersion", !ref.api_version.empty(),
                  "the API version of the target, e.g. apps/v1");
  report.required("spec.target.ref.kind", !ref.kind.empty(), "the kind of the target, e.g. Deployment");
  report.required("spec.target.ref.name", !ref.name.empty(), "the name of the target");
}

void check_alias(const Report& report, const std::string& alias) {
  if (alias.find('/') != alias.npos)
    report("spec.target.alias", "\"{}\" must not hold a slash: it is a host name", alias);
}

void check_time_out(const Report& report, const std::optional<json::GoDuration>& time_out) {
  if (time_out && time_out->value <= Duration::zero())
    report("spec.timeOut", "{} is not positive", format_duration(time_out->value));
}

void check_retention(const Report& report, const RetentionPolicy& policy) {
  json::each_field<RetentionPolicy>([&]<class T>(const Field<RetentionPolicy, T>& f) {
    if constexpr (std::is_same_v<T, std::int64_t>)
      if (policy.*f.member < 0)
        report(fmt::format("spec.retentionPolicy.{}", f.key), "{} is negative", policy.*f.member);
  });
}

void check_retry(const Report& report, const std::optional<RetryConfig>& retry) {
  if (!retry) return;
  if (retry->max_retry.value_or(0) < 0)
    report("spec.retryConfig.maxRetry", "{} is negative", *retry->max_retry);
  if (retry->delay && retry->delay->value < Duration::zero())
    report("spec.retryConfig.delay", "{} is negative", format_duration(retry->delay->value));
}

template <class Hook>
void check_hook(const Report& report, const char* field, const std::optional<Hook>& hook) {
  if (!hook) return;
  if (!hook->exec && !hook->http_get && !hook->http_post && !hook->tcp_socket)
    report(field, "has no action: give exec, httpGet, httpPost or tcpSocket");
  if (hook->exec && hook->exec->command.empty()) report(fmt::format("{}.exec.command", field), "is empty");
}

void check_rule(const Report& report, const std::string& place, const RestoreRule& rule, bool needs_source) {
  if (!rule.snapshots.empty() && !rule.paths.empty())
    report(place, "has both snapshots and paths: give one of them");
  if (needs_source && rule.snapshots.empty() && rule.paths.empty())
    report(place, "has neither paths nor snapshots: nothing would be restored");
  check_paths(report, place + ".paths", rule.paths);
}

void check_rules(const Report& report, const RestoreSession& session) {
  const bool in_pods = model_of(session.spec) == Model::Workload;
  const bool own = session.spec.target && !session.spec.target->rules.empty();
  const std::string_view field = own ? "spec.target.rules" : "spec.rules";
  const std::vector<RestoreRule>& rules = session.rules();
  if (in_pods)
    report.required("spec.target.rules", !rules.empty(), "say which paths or snapshots are restored");
  std::set<std::string_view> hosts;
  std::size_t fallbacks = 0;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const std::string place = fmt::format("{}[{}]", field, i);
    check_rule(report, place, rules[i], in_pods);
    if (rules[i].target_hosts.empty() && ++fallbacks == 2)
      report(
          place,
          "is the second rule without targetHosts: only one can be for all hosts that no other rule names");
    for (const std::string& host : rules[i].target_hosts)
      if (!hosts.insert(host).second)
        report(place + ".targetHosts", "{} is named twice: one rule a host", host);
  }
}

/// Settings that the pods of the trigger do not get.
void warn_of_pod(const Report& report, const RuntimePod& pod) {
  const std::string field = "spec.runtimeSettings.pod.";
  if (pod.automount_service_account_token == false)
    report(field + "automountServiceAccountToken", "is passed over: the trigger needs its token");
  if (pod.priority) report(field + "priority", "is passed over: give priorityClassName, which sets it");
  if (!pod.readiness_gates.empty())
    report(field + "readinessGates", "are passed over: nobody waits for the trigger to be ready");
}

void check_local(const Report& report, const LocalBackend& local) {
  constexpr std::string_view kField = "spec.backend.local";
  if (local.volume_source().empty())
    report(kField, "has no volume source: give one such as hostPath, nfs or persistentVolumeClaim");
  if (!is_absolute(local.mount_path))
    report("spec.backend.local.mountPath", "\"{}\" is not an absolute path", local.mount_path);
  else if (is_below(local.mount_path, "/stash"))
    report("spec.backend.local.mountPath", "{} must not be /stash or below it: choose another directory",
           local.mount_path);
}

}  // namespace

Faults validate(const Repository& repository) {
  Faults faults;
  const Report report(faults);
  const Backend& backend = repository.spec.backend;
  const std::string_view provider = backend.provider();
  report.required("spec.backend", !provider.empty(), "give one of local, s3, gcs, azure, swift, b2, rest");
  report.required("spec.backend.storageSecretName", !backend.storage_secret_name.empty(),
                  "the name of the Secret with RESTIC_PASSWORD and the backend's credentials");
  if (backend.local)
    check_local(report, *backend.local);
  else if (!provider.empty() && backend.container().empty())
    report(fmt::format("spec.backend.{}", provider),
           "does not say where: its bucket, container or URL is empty");
  if (backend.s3 && provider == "s3")
    report.required("spec.backend.s3.endpoint", !backend.s3->endpoint.empty(), "a host or a URL");
  if (std::string fault = wipe_out_fault(repository); !fault.empty()) faults.push_back(std::move(fault));
  if (repository.spec.usage_policy) {
    const AllowedNamespaces& allowed = repository.spec.usage_policy->allowed_namespaces;
    if (allowed.from == NamespacesFrom::Selector)
      report.required("spec.usagePolicy.allowedNamespaces.selector", !allowed.selector.text.empty(),
                      "from is Selector, so say which labels a namespace must have");
  }
  return faults;
}

std::string wipe_out_fault(const Repository& repository) {
  const std::string_view provider = repository.spec.backend.provider();
  if (!repository.spec.wipe_out || (provider != "local" && provider != "b2")) return "";
  return fmt::format("spec.wipeOut: cannot be true for the backend {}: remove the data by hand instead",
                     provider);
}

Faults validate(const BackupConfiguration& configuration) {
  Faults faults;
  const Report report(faults);
  const BackupConfigurationSpec& spec = configuration.spec;
  check_repository(report, spec);
  report.required("spec.target", spec.target.has_value(), "say what to back up in spec.target.ref");
  if (spec.target) {
    check_ref(report, spec.target->ref);
    check_namespace(report, spec.target->ref, configuration.metadata, spec.task);
    check_alias(report, spec.target->alias);
    check_mounts(report, spec.target->volume_mounts);
    check_paths(report, "spec.target.paths", spec.target->paths);
    if (model_of(spec) == Model::Workload)
      report.required("spec.target.paths", !spec.target->paths.empty(),
                      "absolute paths to back up, one snapshot each");
  }
  check_retention(report, spec.retention_policy);
  check_time_out(report, spec.time_out);
  check_retry(report, spec.retry_config);
  if (spec.hooks) {
    check_hook(report, "spec.hooks.preBackup", spec.hooks->pre_backup);
    check_hook(report, "spec.hooks.postBackup", spec.hooks->post_backup);
  }
  return faults;
}

Faults validate(const RestoreSession& session) {
  Faults faults;
  const Report report(faults);
  const RestoreSessionSpec& spec = session.spec;
  check_repository(report, spec);
  report.required("spec.target", spec.target.has_value(), "say what to restore into in spec.target.ref");
  if (spec.target) {
    const bool by_claims = spec.target->ref == TargetRef{} && !spec.target->volume_claim_templates.empty();
    if (!by_claims) check_ref(report, spec.target->ref);
    check_namespace(report, spec.target->ref, session.metadata, spec.task);
    check_alias(report, spec.target->alias);
    check_mounts(report, spec.target->volume_mounts);
    check_writable(report, spec.target->volume_mounts);
    check_rules(report, session);
  }
  check_time_out(report, spec.time_out);
  if (spec.hooks) {
    check_hook(report, "spec.hooks.preRestore", spec.hooks->pre_restore);
    check_hook(report, "spec.hooks.postRestore", spec.hooks->post_restore);
  }
  return faults;
}

Faults warnings(const BackupConfiguration& configuration) {
  Faults out;
  const Report report(out);
  if (configuration.spec.runtime_settings.pod) warn_of_pod(report, *configuration.spec.runtime_settings.pod);
  const RetentionPolicy& keep = configuration.spec.retention_policy;
  const bool keeps_some = keep.keep_last > 0 || keep.keep_hourly > 0 || keep.keep_daily > 0 ||
                          keep.keep_weekly > 0 || keep.keep_monthly > 0 || keep.keep_yearly > 0 ||
                          !keep.keep_tags.empty();
  if (!keeps_some)
    report("spec.retentionPolicy", "says nothing about what to keep, so every snapshot is kept");
  if (!configuration.spec.target || model_of(configuration.spec) != Model::Workload) return out;
  const BackupTarget& target = *configuration.spec.target;
  for (std::size_t i = 0; i < target.paths.size(); ++i) {
    const bool mounted =
        std::any_of(target.volume_mounts.begin(), target.volume_mounts.end(),
                    [&](const VolumeMount& m) { return is_below(target.paths[i], m.mount_path); });
    if (!mounted)
      report(fmt::format("spec.target.paths[{}]", i), "{} lies in none of spec.target.volumeMounts",
             target.paths[i]);
  }
  return out;
}

std::string invalid_message(std::string_view kind, const ObjectMeta& metadata, const Faults& faults) {
  return fmt::format("{} {}/{}: {}", kind, metadata.ns, metadata.name, fmt::join(faults, "; "));
}

}  // namespace stash::api

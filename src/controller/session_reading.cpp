#include "controller/session_reading.hpp"

#include "controller/invokers.hpp"
#include "stash/api/repository.hpp"
#include "stash/api/spec_hash.hpp"
#include "stash/kube/meta.hpp"
#include "stash/kube/resources.hpp"

namespace stash::controller {
namespace {

/// Pods are read in small pages: a pod is big, and of each only a name is kept.
constexpr int kPodPage = 50;

Task<std::set<std::string>> hosts_with_executor(Context& context, std::string kind, std::string alias,
                                                const json::Value& workload) {
  std::set<std::string> hosts;
  kube::ListOptions options;
  options.ns = kube::namespace_of(workload);
  options.label_selector = pod_selector(workload);
  options.limit = kPodPage;
  if (options.label_selector.empty()) co_return hosts;
  do {
    const auto page = co_await context.client.list(kube::kPod, options);
    add_hosts(kind, alias, workload, page, hosts);
    options.continue_token = json::text(page, "metadata", "continue");
  } while (!options.continue_token.empty());
  co_return hosts;
}

/// Why this configuration's sidecar is not going to come, as a sentence; "" when it may.
std::string unservable_because(Context& context, const api::BackupConfiguration& bc, const kube::Ref& ref,
                               const json::Value* workload) {
  const std::string what = fmt::format("{} {}", bc.spec.target->ref.kind, ref.str());
  if (!workload) return fmt::format("Backup target {} does not exist.", what);
  const std::string applied = applied_backup_invoker(*workload);
  const bool foreign = !applied.empty() && applied != bc.metadata.name;
  // One that is left over from a configuration that has gone makes way.
  if (!foreign || !context.world.configurations.find({bc.metadata.ns, applied})) return "";
  return fmt::format("The sidecar of {} serves BackupConfiguration {}: a workload has one, for the newest.",
                     what, applied);
}

/// The hosts that are missing, looked up only where the workload itself says that pods are.
Task<void> read_missing(Context& context, SessionReading& reading, const json::Value& workload) {
  const api::BackupTarget& target = *reading.configuration->spec.target;
  if (!is_initiated(reading.session)) co_return;
  const api::BackupTargetStatus& status = reading.session.status.targets.front();
  const bool was_missing = disruption(status, Missing{}).has_value();
  if (!was_missing && !lacks_ready_pods(target.ref.kind, workload)) co_return;
  const auto hosts = co_await hosts_with_executor(context, target.ref.kind, target.alias, workload);
  reading.world.missing = missing_hosts(reading.world.total_hosts, status, hosts);
}

Task<void> read_target(Context& context, SessionReading& reading) {
  const api::BackupConfiguration& bc = *reading.configuration;
  const api::BackupTarget& target = *bc.spec.target;
  const kube::Resource& resource = *workload_resource(target.ref.kind);
  const kube::Ref ref(target.ref.ns.empty() ? bc.metadata.ns : target.ref.ns, target.ref.name);
  const auto workload = co_await context.client.find(resource, ref);
  const auto repository = co_await context.client.find(api::kRepository, bc.repository());
  if (workload && repository) {
    const api::Backend backend = api::Repository::parse(*repository).spec.backend;
    reading.world.sidecar = has_sidecar(*workload, api::injection_hash(bc, backend));
  }
  reading.world.unservable = unservable_because(context, bc, ref, workload ? &*workload : nullptr);
  if (!workload) co_return;
  const auto* status =
      reading.session.status.targets.empty() ? nullptr : &reading.session.status.targets.front();
  reading.world.rolled_out = is_rolled_out(target.ref.kind, *workload);
  reading.world.total_hosts = expected_hosts(target.ref.kind, target.alias, *workload, status);
  if (!reading.world.sidecar) context.queues.workload(target.ref.kind)->add(ref);
  co_await read_missing(context, reading, *workload);
}

/// What nobody lets us see, or cannot be read, must not keep the session from its deadline.
Task<void> try_read_target(Context& context, SessionReading& reading) {
  try {
    co_await read_target(context, reading);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::Denied && e.kind() != ErrorKind::Invalid) throw;
    reading.world.unservable = e.what();
  }
}

Task<void> read_invoker(Context& context, SessionReading& reading) {
  const kube::Ref ref(reading.session.metadata.ns, reading.session.spec.invoker.name);
  const auto document = co_await context.client.find(api::kBackupConfiguration, ref);
  if (!document || kube::is_deleting(*document)) co_return;
  Examined<api::BackupConfiguration> examined = examine_configuration(*document);
  reading.world.invoker_exists = true;
  if (!examined.faults.empty()) co_return;
  reading.world.invoker_ready = examined.invoker.status.phase == api::InvokerPhase::Ready;
  const auto& time_out = examined.invoker.spec.time_out;
  if (time_out && reading.session.metadata.created)
    reading.world.deadline = *reading.session.metadata.created + time_out->value;
  reading.configuration = std::move(examined.invoker);
}

/// An older session of the same invoker that has not ended; of two made in the same second the first by name
/// is the older. The cache may lag behind, so who would be in the way is asked for.
Task<std::string> older_running(Context& context, const api::BackupSession& session) {
  const kube::Ref own(session.metadata.ns, session.metadata.name);
  const auto own_age = std::pair(session.metadata.created.value_or(TimePoint{}), own.name);
  for (const kube::Ref& ref : context.world.sessions_of({own.ns, session.spec.invoker.name})) {
    const SessionView* view = context.world.sessions.find(ref);
    if (!view || view->finished || ref == own || std::pair(view->created, ref.name) > own_age) continue;
    const auto document = co_await context.client.find(api::kBackupSession, ref);
    if (document && !kube::is_deleting(*document) && !api::BackupSession::parse(*document).finished())
      co_return ref.name;
  }
  co_return "";
}

}  // namespace

Task<std::optional<SessionReading>> read_session(Context& context, kube::Ref ref) {
  const auto document = co_await context.client.find(api::kBackupSession, ref);
  if (!document || kube::is_deleting(*document)) co_return std::nullopt;
  SessionReading reading;
  reading.session = api::BackupSession::parse(*document);
  if (reading.session.spec.invoker.kind == api::InvokerKind::BackupConfiguration)
    co_await read_invoker(context, reading);
  if (reading.session.status.session_deadline)
    reading.world.deadline = reading.session.status.session_deadline;
  if (reading.session.finished()) co_return reading;
  if (reading.configuration) co_await try_read_target(context, reading);
  if (!is_initiated(reading.session))
    reading.world.running = co_await older_running(context, reading.session);
  co_return reading;
}

}  // namespace stash::controller

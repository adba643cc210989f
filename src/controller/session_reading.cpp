#include "controller/session_reading.hpp"

#include "controller/invokers.hpp"
#include "stash/api/host.hpp"
#include "stash/api/repository.hpp"
#include "stash/api/spec_hash.hpp"
#include "stash/kube/meta.hpp"
#include "stash/kube/resources.hpp"

namespace stash::controller {
namespace {

/// Pods are read in small pages: a pod is big, and of each only a name is kept.
constexpr int kPodPage = 50;

/// Why this configuration's sidecar is not going to come, as a sentence; "" when it may.
std::string unservable_because(Context& context, const api::BackupConfiguration& bc, const kube::Ref& ref,
                               const json::Value* workload) {
  const std::string what = fmt::format("{} {}", bc.spec.target->ref.kind, ref.str());
  if (!workload) return fmt::format("Backup target {} does not exist.", what);
  const kube::Ref applied = applied_backup_invoker(*workload);
  const bool foreign = !applied.name.empty() && applied != kube::Ref(bc.metadata.ns, bc.metadata.name);
  // One that is left over from a configuration that has gone makes way.
  if (!foreign || !context.world.configurations.find(applied)) return "";
  return fmt::format("The sidecar of {} serves BackupConfiguration {}: a workload has one, for the newest.",
                     what, applied.name);
}

/// The pods of the target; with a `hash`, also those whose sidecar is as it is wanted now.
Task<PodHosts> read_target_pods(Context& context, const api::BackupConfiguration& bc,
                                const json::Value& workload, std::string hash) {
  PodQuery query{bc.spec.target->ref.kind, bc.spec.target->alias, bc.metadata.name, std::move(hash)};
  co_return co_await read_pods(context, std::move(query), workload);
}

/// Before the start: whether the sidecar is there.
Task<void> read_rollout(Context& context, SessionReading& reading, const json::Value& workload) {
  const api::BackupConfiguration& bc = *reading.configuration;
  const std::string& kind = bc.spec.target->ref.kind;
  SessionWorld& world = reading.world;
  const auto repository = co_await context.client.find(api::kRepository, bc.repository());
  std::string hash;
  if (repository) hash = api::injection_hash(bc, api::Repository::parse(*repository).spec.backend);
  world.sidecar = repository && has_sidecar(workload, hash);
  world.rolled_out = is_rolled_out(kind, workload);
  world.total_hosts = api::total_hosts(kind, workload);
  if (!world.sidecar) context.queues.workload(kind)->add(kube::ref_of(workload));
  const bool all_there = world.sidecar && world.rolled_out && world.total_hosts > 0;
  if (all_there || !start_is_overdue(reading.session, context.timers.now())) co_return;
  const PodHosts pods = co_await read_target_pods(context, bc, workload, std::move(hash));
  world.served = !pods.up_to_date.empty();
}

/// After it: who has to report, and who is missing.
Task<void> read_progress(Context& context, SessionReading& reading, const json::Value& workload) {
  const api::BackupTarget& target = *reading.configuration->spec.target;
  const std::string& kind = target.ref.kind;
  const api::BackupTargetStatus& status = reading.session.status.targets.front();
  const Reports reports = reports_of(status);
  std::optional<PodHosts> pods;
  if (missed_since(status) || needs_pods(kind, workload, reports))
    pods = co_await read_target_pods(context, *reading.configuration, workload, "");
  reading.world.total_hosts = expected_hosts(kind, target.alias, workload, reports, pods ? &*pods : nullptr);
  if (pods) reading.world.missing = missing_hosts(reading.world.total_hosts, status, pods->with_sidecar);
}

/// Nobody is there, or going to come, to do the work.
void give_up_executors(SessionReading& reading, std::string why) {
  reading.world.unservable = std::move(why);
  if (!is_initiated(reading.session)) return;
  const api::BackupTargetStatus& status = reading.session.status.targets.front();
  reading.world.missing = missing_hosts(*status.total_hosts, status, {});
}

/// The session has begun with another target than its configuration names now.
bool has_left_target(const api::BackupSession& session, const api::BackupConfiguration& bc) {
  if (!is_initiated(session)) return false;
  const api::TargetRef& begun = session.status.targets.front().ref;
  const api::TargetRef now = bc.spec.target ? bc.spec.target->ref : api::TargetRef{};
  const auto ns = [&](const api::TargetRef& ref) { return ref.ns.empty() ? session.metadata.ns : ref.ns; };
  return begun.kind != now.kind || begun.name != now.name || ns(begun) != ns(now);
}

Task<void> read_target(Context& context, SessionReading& reading) {
  const api::BackupConfiguration& bc = *reading.configuration;
  const api::BackupTarget& target = *bc.spec.target;
  const kube::Resource& resource = *workload_resource(target.ref.kind);
  const kube::Ref ref(target.ref.ns.empty() ? bc.metadata.ns : target.ref.ns, target.ref.name);
  const auto workload = co_await context.client.find(resource, ref);
  std::string why_not = unservable_because(context, bc, ref, workload ? &*workload : nullptr);
  if (!why_not.empty()) {
    give_up_executors(reading, std::move(why_not));
  } else if (is_initiated(reading.session)) {
    co_await read_progress(context, reading, *workload);
  } else {
    co_await read_rollout(context, reading, *workload);
  }
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
  if (!document || kube::is_deleting(*document)) {
    give_up_executors(reading, fmt::format("BackupConfiguration {} does not exist.", ref.name));
    co_return;
  }
  Examined<api::BackupConfiguration> examined = examine_configuration(*document);
  reading.world.invoker_exists = true;
  if (has_left_target(reading.session, examined.invoker))
    give_up_executors(reading, fmt::format("BackupConfiguration {} names another target now.", ref.name));
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

Task<PodHosts> read_pods(Context& context, PodQuery query, const json::Value& workload) {
  PodHosts hosts;
  kube::ListOptions options;
  options.ns = kube::namespace_of(workload);
  options.label_selector = pod_selector(workload);
  options.limit = kPodPage;
  do {
    const auto page = co_await context.client.list(kube::kPod, options);
    add_hosts(query, workload, page, context.timers.now(), hosts);
    options.continue_token = json::text(page, "metadata", "continue");
  } while (!options.continue_token.empty());
  co_return hosts;
}

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
  const bool given_up = !reading.world.unservable.empty();
  if (reading.configuration && !given_up) co_await try_read_target(context, reading);
  if (!is_initiated(reading.session))
    reading.world.running = co_await older_running(context, reading.session);
  co_return reading;
}

}  // namespace stash::controller

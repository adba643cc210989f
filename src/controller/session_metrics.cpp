#include "controller/session_metrics.hpp"

#include <algorithm>

#include "stash/api/conditions.hpp"
#include "stash/api/metrics.hpp"
#include "stash/api/phase.hpp"
#include "stash/base/log.hpp"
#include "stash/net/http.hpp"
#include "stash/net/pushgateway.hpp"

namespace stash::controller {
namespace {

Task<std::string> push(Context& context, std::string job, const metrics::Registry& registry) {
  if (context.options.pushgateway_url.empty()) co_return "";
  try {
    net::Url url = net::Url::parse(context.options.pushgateway_url);
    metrics::Labels grouping;
    co_await net::push_metrics(std::move(url), std::move(job), std::move(grouping), registry.text());
    co_return "";
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::Cancelled) throw;
    log::warn("metrics not pushed", {{"job", job}, {"error", e.what()}});
    co_return e.what();
  }
}

double seconds_since(std::optional<TimePoint> start, TimePoint now) {
  return start ? std::chrono::duration<double>(now - *start).count() : 0;
}

}  // namespace

api::Condition metrics_condition(const std::string& fault) {
  const auto status = fault.empty() ? api::ConditionStatus::True : api::ConditionStatus::False;
  return api::condition(api::kMetricsPushed, status,
                        fault.empty() ? "Metrics were pushed." : "Metrics could not be pushed: " + fault);
}

Task<std::string> push_backup_session(Context& context, const api::BackupSession& session,
                                      std::string repository) {
  const TimePoint now = context.timers.now();
  api::MetricsSource source;
  source.invoker_kind = "BackupConfiguration";
  source.invoker_name = session.spec.invoker.name;
  source.ns = session.metadata.ns;
  source.repository = std::move(repository);
  // The phase as it will be once this push is told.
  api::BackupSessionStatus ended = session.status;
  api::set_condition(ended.conditions, api::condition(api::kMetricsPushed, api::ConditionStatus::True, ""),
                     now);
  metrics::Registry registry;
  add_backup_session(registry, source, api::backup_session_phase(ended) == api::SessionPhase::Succeeded,
                     seconds_since(session.metadata.created, now), session.status.targets.size(), now);
  for (const api::BackupTargetStatus& target : session.status.targets)
    add_backup_target(registry, source, target.ref,
                      api::backup_target_phase(target) == api::TargetPhase::Succeeded,
                      target.total_hosts.value_or(0), now);
  co_return co_await push(context, api::push_job(source), registry);
}

Task<std::string> push_restore_session(Context& context, const api::RestoreSession& session) {
  const TimePoint now = context.timers.now();
  api::MetricsSource source;
  source.invoker_kind = "RestoreSession";
  source.invoker_name = session.metadata.name;
  source.ns = session.metadata.ns;
  source.repository = session.repository().name;
  const bool success = api::restore_target_phase(session.status) == api::RestorePhase::Succeeded;
  metrics::Registry registry;
  add_restore_session(registry, source, success, seconds_since(session.metadata.created, now), 1);
  if (session.spec.target)
    add_restore_target(registry, source, session.spec.target->ref, success,
                       session.status.total_hosts.value_or(0));
  co_return co_await push(context, api::push_job(source), registry);
}

}  // namespace stash::controller

#include "controller/invokers.hpp"

#include <algorithm>

#include "controller/context.hpp"
#include "stash/api/validate.hpp"

namespace stash::controller {
namespace {

template <class Spec>
void add_unsupported(const Spec& spec, json::Faults& faults) {
  if (spec.driver == api::Driver::VolumeSnapshotter)
    faults.push_back("spec.driver: VolumeSnapshotter is not done by this version: leave the field out");
  if (!spec.task.name.empty())
    faults.push_back(
        "spec.task.name: Tasks are not run by this version: leave spec.task out, and the pods of the target "
        "do the work");
  if (spec.target && !workload_resource(spec.target->ref.kind))
    faults.push_back(
        fmt::format("spec.target.ref.kind: \"{}\" cannot be a target: this version takes Deployment, "
                    "StatefulSet and DaemonSet",
                    spec.target->ref.kind));
}

template <class Invoker>
Examined<Invoker> examine(const json::Value& object) {
  Examined<Invoker> out;
  out.invoker = Invoker::read(object, out.faults);
  for (std::string& fault : api::validate(out.invoker)) out.faults.push_back(std::move(fault));
  add_unsupported(out.invoker.spec, out.faults);
  return out;
}

bool is_newer(const api::ObjectMeta& a, const api::ObjectMeta& b) {
  const auto age = [](const api::ObjectMeta& m) {
    return std::pair(m.created.value_or(TimePoint{}), std::string_view(m.name));
  };
  return age(a) > age(b);
}

template <class Hook>
bool runs_command(const std::optional<Hook>& hook) {
  return hook && hook->exec.has_value();
}

int precedence(const api::RestoreSession& session) {
  switch (session.status.phase) {
    case api::RestorePhase::Running:
      return 0;
    case api::RestorePhase::Unset:
    case api::RestorePhase::Pending:
      return 1;
    case api::RestorePhase::Failed:
      return 2;
    default:
      return 3;
  }
}

}  // namespace

Examined<api::BackupConfiguration> examine_configuration(const json::Value& object) {
  return examine<api::BackupConfiguration>(object);
}

Examined<api::RestoreSession> examine_restore(const json::Value& object) {
  return examine<api::RestoreSession>(object);
}

json::Faults faults_of(const api::Repository& repository) {
  json::Faults faults = api::validate(repository);
  const std::string_view provider = repository.spec.backend.provider();
  if (!provider.empty() && provider != "local" && provider != "s3")
    faults.push_back(fmt::format("backend {} is not supported by this version: local and s3 are", provider));
  return faults;
}

bool runs_commands(const api::BackupConfiguration& bc) {
  const auto& hooks = bc.spec.hooks;
  return hooks && (runs_command(hooks->pre_backup) || runs_command(hooks->post_backup));
}

bool runs_commands(const api::RestoreSession& session) {
  const auto& hooks = session.spec.hooks;
  return hooks && (runs_command(hooks->pre_restore) || runs_command(hooks->post_restore));
}

std::vector<api::Condition> conditions_of(const kube::Resource& kind, const json::Value& object) {
  json::Faults passed_over;
  if (&kind == &api::kRestoreSession) return api::RestoreSession::read(object, passed_over).status.conditions;
  return api::BackupConfiguration::read(object, passed_over).status.conditions;
}

void sort_candidates(std::vector<Examined<api::BackupConfiguration>>& candidates) {
  std::sort(candidates.begin(), candidates.end(),
            [](const auto& a, const auto& b) { return is_newer(a.invoker.metadata, b.invoker.metadata); });
}

void sort_candidates(std::vector<Examined<api::RestoreSession>>& candidates) {
  std::sort(candidates.begin(), candidates.end(), [](const auto& a, const auto& b) {
    const int left = precedence(a.invoker);
    const int right = precedence(b.invoker);
    return left != right ? left < right : is_newer(a.invoker.metadata, b.invoker.metadata);
  });
}

}  // namespace stash::controller

#include "controller/prerequisites.hpp"

#include <algorithm>

#include "controller/invokers.hpp"
#include "stash/kube/meta.hpp"
#include "stash/kube/resources.hpp"

namespace stash::controller {
namespace {

class Conditions {
 public:
  Conditions(std::vector<api::Condition>& list, TimePoint now) : list_(list), now_(now) {}

  void set(const api::ConditionType& type, bool good, std::string message) {
    const auto status = good ? api::ConditionStatus::True : api::ConditionStatus::False;
    api::set_condition(list_, api::condition(type, status, std::move(message)), now_);
  }
  void unknown(const api::ConditionType& type, std::string message) {
    api::set_condition(list_, api::condition(type, api::ConditionStatus::Unknown, std::move(message)), now_);
  }

 private:
  std::vector<api::Condition>& list_;
  TimePoint now_;
};

/// What a look-up came to. `denied`: the condition says already that nobody could look.
struct Look {
  std::optional<json::Document> document;
  bool denied = false;

  Look() {}
};

Task<Look> look(Context& context, const kube::Resource& resource, kube::Ref ref, Conditions& conditions,
                api::ConditionType type, std::string what) {
  Look out;
  try {
    out.document = co_await context.client.find(resource, ref);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::Denied) throw;
    out.denied = true;
    conditions.unknown(type, fmt::format("{} could not be looked up: {}", what, e.what()));
  }
  co_return out;
}

Task<void> check_backend(Context& context, const Wanted& wanted, Found& found, Conditions& conditions) {
  const std::string what = fmt::format("Repository {}", wanted.repository.str());
  const Look repository =
      co_await look(context, api::kRepository, wanted.repository, conditions, api::kRepositoryFound, what);
  if (repository.denied) co_return;
  if (!repository.document || kube::is_deleting(*repository.document)) {
    conditions.set(api::kRepositoryFound, false,
                   fmt::format("{} {}.", what, repository.document ? "is being deleted" : "does not exist"));
    co_return;
  }
  try {
    found.repository = api::Repository::parse(*repository.document);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::Invalid) throw;
    conditions.set(api::kRepositoryFound, false, fmt::format("{} cannot be read: {}", what, e.what()));
    co_return;
  }
  conditions.set(api::kRepositoryFound, true, what + " exists.");
  const kube::Ref secret(wanted.repository.ns, found.repository->spec.backend.storage_secret_name);
  const std::string secret_what = fmt::format("Backend Secret {}", secret.str());
  if (secret.name.empty()) {
    conditions.set(api::kBackendSecretFound, false,
                   what + " names no Secret: spec.backend.storageSecretName is needed.");
    co_return;
  }
  const Look looked =
      co_await look(context, kube::kSecret, secret, conditions, api::kBackendSecretFound, secret_what);
  if (looked.denied) co_return;
  found.secret = looked.document.has_value();
  conditions.set(api::kBackendSecretFound, found.secret,
                 secret_what + (found.secret ? " exists." : " does not exist."));
}

Task<void> check_target(Context& context, const Wanted& wanted, Found& found, Conditions& conditions) {
  const kube::Resource* resource = workload_resource(wanted.target.kind);
  if (!resource || wanted.target.name.empty()) co_return;
  const kube::Ref ref = wanted.target_ref();
  const std::string what =
      fmt::format("{} target {} {}", wanted.kind == "RestoreSession" ? "Restore" : "Backup",
                  wanted.target.kind, ref.str());
  Look looked = co_await look(context, *resource, ref, conditions, wanted.target_condition, what);
  if (looked.denied) co_return;
  found.target = std::move(looked.document);
  const bool there = found.target.has_value();
  conditions.set(wanted.target_condition, there, what + (there ? " exists." : " does not exist."));
}

/// Faults that only show together with the Repository.
Task<void> add_repository_faults(Context& context, const api::Repository& repository, std::string user,
                                 json::Faults& faults) {
  const std::string name = kube::Ref(repository.metadata.ns, repository.metadata.name).str();
  for (const std::string& fault : faults_of(repository))
    faults.push_back(fmt::format("Repository {}: {}", name, fault));
  const bool allowed = co_await may_use(context, repository, user);
  if (!allowed)
    faults.push_back(fmt::format(
        "spec.repository: namespace {} may not use Repository {}: see its spec.usagePolicy", user, name));
}

std::string validation_message(const json::Faults& faults, const json::Faults& warnings) {
  if (!faults.empty()) return fmt::format("{}", fmt::join(faults, "; "));
  if (warnings.empty()) return "Successfully validated.";
  return fmt::format("Successfully validated. To be considered: {}.", fmt::join(warnings, "; "));
}

}  // namespace

Task<bool> may_use(Context& context, const api::Repository& repository, std::string user) {
  if (repository.metadata.ns == user) co_return true;
  const auto ns = co_await context.client.find(kube::kNamespace, {"", user});
  const json::Value* labels = ns ? json::find(*ns, "metadata", "labels") : nullptr;
  co_return api::may_use(repository, user, labels);
}

Task<Found> check_prerequisites(Context& context, Wanted wanted, std::vector<api::Condition>& list) {
  Conditions conditions(list, context.timers.now());
  Found found;
  json::Faults faults = wanted.faults;
  if (!wanted.repository.name.empty()) co_await check_backend(context, wanted, found, conditions);
  if (found.repository) co_await add_repository_faults(context, *found.repository, wanted.invoker.ns, faults);
  found.valid = faults.empty();
  conditions.set(api::kValidationPassed, found.valid, validation_message(faults, wanted.warnings));
  co_await check_target(context, wanted, found, conditions);
  co_return found;
}

std::vector<api::Condition> news(const std::vector<api::Condition>& before,
                                 const std::vector<api::Condition>& after) {
  std::vector<api::Condition> out;
  for (const api::Condition& c : after)
    if (std::find(before.begin(), before.end(), c) == before.end()) out.push_back(c);
  return out;
}

void merge(std::vector<api::Condition>& into, const std::vector<api::Condition>& news) {
  for (const api::Condition& c : news) api::set_condition(into, c, c.last_transition_time);
}

}  // namespace stash::controller

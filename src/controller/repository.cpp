// Repository: references of invokers that are gone are taken out. The data stays when the object goes.

#include "stash/api/repository.hpp"

#include <algorithm>

#include "controller/controllers.hpp"
#include "stash/api/backup_configuration.hpp"
#include "stash/api/names.hpp"
#include "stash/kube/status.hpp"

namespace stash::controller {
namespace {

/// Says that wipeOut is asked for and not done: this version keeps the data.
Task<void> tell_data_stays(Context& context, const api::Repository& repository) {
  kube::EventSubject subject;
  subject.api_version = api::kRepository.api_version();
  subject.kind = "Repository";
  subject.ref = {repository.metadata.ns, repository.metadata.name};
  subject.uid = repository.metadata.uid;
  co_await context.events.record(
      std::move(subject), kube::Severity::Warning, "Data Kept",
      "spec.wipeOut is true, but this version does not delete backed-up data: remove it by hand.");
}

}  // namespace

Task<kube::Action> reconcile_repository(Context& context, kube::Ref ref) {
  const auto document = co_await context.client.find(api::kRepository, ref);
  if (!document) co_return kube::Action::await_change();
  const api::Repository repository = api::Repository::parse(*document);
  if (repository.metadata.deleting) {
    if (repository.metadata.has_finalizer(api::kRepositoryFinalizer))
      co_await tell_data_stays(context, repository);
    co_await set_finalizer(context.client, api::kRepository, repository.metadata, api::kRepositoryFinalizer,
                           false);
    co_return kube::Action::await_change();
  }
  co_await set_finalizer(context.client, api::kRepository, repository.metadata, api::kRepositoryFinalizer,
                         repository.spec.wipe_out);

  const World& world = context.world;
  auto gone = [&world](const api::TypedRef& r) {
    return r.kind == "BackupConfiguration" && world.configurations.is_synced() &&
           !world.configurations.find({r.ns, r.name});
  };
  auto change = [gone](const json::Value& object) -> std::optional<std::string> {
    std::vector<api::TypedRef> references = api::Repository::parse(object).status.references;
    if (std::erase_if(references, gone) == 0) return std::nullopt;
    return R"({"references":)" + json::to_text(references) + "}";
  };
  co_await kube::update_status(context.client, api::kRepository, ref, std::move(change));
  co_return kube::Action::await_change();
}

}  // namespace stash::controller

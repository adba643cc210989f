// Repository: references of invokers that are gone are taken out. The data stays when the object goes.

#include "stash/api/repository.hpp"

#include <algorithm>

#include "controller/controllers.hpp"
#include "stash/api/names.hpp"
#include "stash/kube/status.hpp"

namespace stash::controller {
namespace {

/// Says that wipeOut is asked for and not done: this version keeps the data.
Task<void> tell_data_stays(Context& context, const api::Repository& repository) {
  co_await context.events.repositories.record(
      subject_of(api::kRepository, repository.metadata), kube::Severity::Warning, "Data Kept",
      "spec.wipeOut is true, but this version does not delete backed-up data: remove it by hand.");
}

Task<void> drop_stale_references(Context& context, kube::Ref ref) {
  auto is_gone = [&world = context.world, ref](const api::TypedRef& r) {
    const InvokerView* user = world.configurations.find({r.ns, r.name});
    return r.kind == "BackupConfiguration" && (!user || user->repository != ref);
  };
  auto change = [is_gone](const json::Value& object) -> std::optional<std::string> {
    api::RepositoryStatus status;
    status.references = api::Repository::parse(object).status.references;
    if (std::erase_if(status.references, is_gone) == 0) return std::nullopt;
    return status.references.empty() ? R"({"references":null})" : status_members(api::status_patch(status));
  };
  co_await kube::update_status(context.client, api::kRepository, std::move(ref), std::move(change));
}

}  // namespace

Task<kube::Action> reconcile_repository(Context& context, kube::Ref ref) {
  const auto document = co_await context.client.find(api::kRepository, ref);
  if (!document) co_return kube::Action::await_change();
  const api::Repository repository = api::Repository::parse(*document);
  const bool deleting = repository.metadata.deleting;
  if (deleting && repository.metadata.has_finalizer(api::kRepositoryFinalizer))
    co_await tell_data_stays(context, repository);
  // The finalizer is there for wipeOut alone.
  const bool hold = !deleting && repository.spec.wipe_out;
  co_await set_finalizer(context.client, api::kRepository, repository.metadata, api::kRepositoryFinalizer,
                         hold);
  if (!deleting) co_await drop_stale_references(context, ref);
  co_return kube::Action::await_change();
}

}  // namespace stash::controller

// Repository: references of invokers that are gone are taken out. When the object goes the data stays, unless
// spec.wipeOut says otherwise.

#include "stash/api/repository.hpp"

#include <algorithm>

#include "controller/controllers.hpp"
#include "stash/api/names.hpp"
#include "stash/api/validate.hpp"
#include "stash/kube/status.hpp"

namespace stash::controller {
namespace {

/// The object stays as long as its data could not be deleted, and says why.
Task<void> wipe_out(Context& context, const api::Repository& repository) {
  const kube::Ref ref(repository.metadata.ns, repository.metadata.name);
  std::exception_ptr failure;
  std::string why;
  try {
    // The volume of a local backend is not in the operator's pod: it would find no data there.
    if (const std::string fault = api::wipe_out_fault(repository); !fault.empty())
      throw Error(ErrorKind::Invalid, "{}", fault);
    co_await context.options.wipe_out(ref);
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::Cancelled) throw;
    failure = std::current_exception();
    why = e.what();
  }
  if (!failure) co_return;
  co_await context.events.repositories.record(
      subject_of(api::kRepository, repository.metadata), kube::Severity::Warning, "Wipe Out Failed",
      fmt::format("The data could not be deleted: {}. It is tried again; with spec.wipeOut false the "
                  "Repository goes and the data stays.",
                  why));
  std::rethrow_exception(failure);
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
  if (deleting && repository.spec.wipe_out && repository.metadata.has_finalizer(api::kRepositoryFinalizer))
    co_await wipe_out(context, repository);
  // The finalizer is there for wipeOut alone.
  const bool hold = !deleting && repository.spec.wipe_out;
  co_await set_finalizer(context.client, api::kRepository, repository.metadata, api::kRepositoryFinalizer,
                         hold);
  if (!deleting) co_await drop_stale_references(context, ref);
  co_return kube::Action::await_change();
}

}  // namespace stash::controller

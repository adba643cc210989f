#include "stash/executor/trigger.hpp"

#include "stash/api/backup_configuration.hpp"
#include "stash/api/backup_session.hpp"
#include "stash/api/names.hpp"
#include "stash/api/new_session.hpp"
#include "stash/base/error.hpp"
#include "stash/base/log.hpp"
#include "stash/kube/meta.hpp"

namespace stash::executor {

Task<std::string> create_session(Services& services, TriggerOptions options) {
  const kube::Ref invoker(options.ns, options.invoker_name);
  if (options.invoker_kind != api::kBackupConfiguration.kind) {
    throw Error(ErrorKind::Unsupported,
                "invoker kind {} is not supported by this version; use BackupConfiguration",
                options.invoker_kind);
  }
  const auto found = co_await services.client.find(api::kBackupConfiguration, invoker);
  if (!found) throw Error(ErrorKind::NotFound, "BackupConfiguration {} does not exist", invoker.str());
  const auto configuration = api::BackupConfiguration::parse(*found);
  if (!configuration.spec.target) {
    throw Error(ErrorKind::Invalid, "BackupConfiguration {}: spec.target is missing: say what to back up",
                invoker.str());
  }

  const TimePoint now = services.timers.now();
  const std::string body = api::new_session(configuration, now, api::first_retries(configuration.spec));
  const kube::Ref session(options.ns, api::session_name(options.invoker_name, now));
  std::string taken;
  try {
    co_await services.client.create(api::kBackupSession, options.ns, body);
    co_return session.name;
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::Conflict) throw;
    taken = e.what();
  }
  // Ours, made a moment ago by a try whose answer was lost or by a pod that was restarted.
  const auto other = co_await services.client.find(api::kBackupSession, session);
  if (other && kube::is_owned_by(*other, configuration.metadata.uid)) co_return session.name;
  throw Error(ErrorKind::Conflict, "BackupSession {} exists and is not of this invoker: {}", session.str(),
              taken);
}

Task<int> run_trigger(Services& services, TriggerOptions options) {
  const std::string invoker = options.ns + "/" + options.invoker_name;
  try {
    const std::string name = co_await create_session(services, std::move(options));
    log::info("backup session made", {{"invoker", invoker}, {"session", name}});
    co_return 0;
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::Cancelled) throw;
    log::error("no backup session made", {{"invoker", invoker}, {"error", e.what()}});
  }
  co_return 1;
}

}  // namespace stash::executor

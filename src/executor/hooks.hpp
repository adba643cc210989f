#pragma once

#include <optional>
#include <string>

#include "executor/template.hpp"
#include "stash/api/backup_session.hpp"
#include "stash/api/conditions.hpp"
#include "stash/api/hooks.hpp"
#include "stash/executor/services.hpp"
#include "stash/net/http.hpp"

namespace stash::executor {

/// What templates in hooks can say.
struct HookFacts {
  std::string name;  ///< of the session
  std::string ns;
  std::string invoker_kind;
  std::string invoker_name;
  api::TargetRef target;
  std::string phase;  ///< of the host: Running before the work, then Succeeded or Failed
  std::string duration;
  std::string error;
  std::int64_t retry_left = 0;

  HookFacts() {}
  TemplateValue data() const;
};

/// Whether a post hook runs after an outcome.
bool hook_applies(api::ExecutionPolicy policy, bool failed, std::int64_t retry_left);
bool hook_applies(api::RestoreExecutionPolicy policy, bool failed);

/// How a hook of a host went, as a condition: `failure` is empty after a success. Its message tells what,
/// whose and why.
api::Condition hook_outcome(const api::ConditionType& type, std::string_view what, const std::string& host,
                            const std::string& failure);

/// The number of a port given as number or as name of a container's port; `pod` is the whole object. Throws
/// Error(Invalid) that names the port and, for a name, the container.
std::uint16_t resolve_port(const api::IntOrString& port, const json::Value& pod,
                           const std::string& container);

/// A form as application/x-www-form-urlencoded.
std::string encode_form(const std::vector<api::FormEntry>& form);

/// How HTTP hooks are sent: the server may be silent for as long as a hook may take, and its certificate is
/// not verified, as the kubelet's probes do not.
net::ClientOptions http_hook_options();

/// Runs everything a handler names, in the order exec, httpGet, httpPost, tcpSocket, in or against `pod`
/// (whose containers all share the executor's network). Throws Error(Invalid) or Error(Unavailable) that
/// tells which action failed and the end of its output.
Task<void> run_handler(Services& services, kube::Ref pod, api::Handler handler, HookFacts facts);

}  // namespace stash::executor

#include "executor/hooks.hpp"

#include <algorithm>
#include <charconv>

#include "stash/base/error.hpp"
#include "stash/base/text.hpp"
#include "stash/kube/resources.hpp"
#include "stash/net/tcp.hpp"

namespace stash::executor {
namespace {

constexpr auto kNetworkLimit = std::chrono::minutes(5);
constexpr auto kExecLimit = std::chrono::hours(1);
constexpr std::size_t kOutputLimit = 10 << 10;
constexpr std::size_t kShownBody = 1000;

std::string rendered(const std::string& text, const HookFacts& facts) {
  return text.find("{{") == std::string::npos ? text : render_template(text, facts.data());
}

std::string first_container(const json::Value& pod) {
  const json::Value* containers = json::find(pod, "spec", "containers");
  if (!containers || !containers->IsArray() || containers->Empty()) return "";
  return std::string(json::text((*containers)[0], "name"));
}

std::optional<std::uint16_t> to_port(std::int64_t number) {
  if (number < 1 || number > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(number);
}

Task<void> run_exec(Services& services, kube::Ref pod, std::string container, api::ExecAction action,
                    HookFacts facts) {
  std::vector<std::string> command;
  for (const std::string& item : action.command) command.push_back(rendered(item, facts));
  if (command.empty()) throw Error(ErrorKind::Invalid, "exec: command is empty");
  const auto result =
      co_await services.client.exec(pod, container, std::move(command), kExecLimit, kOutputLimit);
  if (result.exit_code != 0) {
    throw Error(ErrorKind::Invalid, "exec in container {}: exit code {}: {}", container, result.exit_code,
                result.output);
  }
}

struct Exchange {
  net::Url url;
  net::Request request;
  std::string body;

  Exchange() {}
};

Task<void> run_http(Exchange exchange, std::string what) {
  net::HttpClient client(exchange.url, http_hook_options());
  exchange.request.target = exchange.url.path;
  if (!exchange.body.empty()) exchange.request.body.push_back(as_bytes(exchange.body));
  auto sent = client.send(exchange.request);
  const net::Response response = co_await net::within(kNetworkLimit, what, std::move(sent));
  if (response.status < 200 || response.status > 399) {
    throw Error(ErrorKind::Invalid, "{} {}: status {}: {}", what, exchange.url.origin() + exchange.url.path,
                response.status, cut_text(response.body, kShownBody));
  }
}

template <class Action>
Exchange exchange_of(const Action& action, std::string method, const std::string& host, std::uint16_t port) {
  Exchange exchange;
  exchange.url.scheme = action.scheme == "HTTPS" || action.scheme == "https" ? "https" : "http";
  exchange.url.host = host;
  exchange.url.port = port;
  exchange.url.path = action.path.starts_with('/') ? action.path : "/" + action.path;
  exchange.request.method = std::move(method);
  for (const api::HttpHeader& header : action.http_headers) {
    exchange.request.headers.emplace_back(header.name, header.value);
  }
  return exchange;
}

Exchange post_of(const api::HttpPostAction& action, const std::string& host, std::uint16_t port,
                 const HookFacts& facts) {
  Exchange exchange = exchange_of(action, "POST", host, port);
  exchange.body = action.body.empty() ? encode_form(action.form) : rendered(action.body, facts);
  if (action.body.empty() && !action.form.empty() &&
      net::header(exchange.request.headers, "Content-Type").empty()) {
    exchange.request.headers.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  }
  return exchange;
}

}  // namespace

TemplateValue HookFacts::data() const {
  using Map = TemplateValue::Map;
  Map invoker{{"APIGroup", "stash.appscode.com"}, {"Kind", invoker_kind}, {"Name", invoker_name}};
  Map target_map{{"APIVersion", target.api_version},
                 {"Kind", target.kind},
                 {"Name", target.name},
                 {"Namespace", target.ns}};
  Map status{{"Phase", phase}, {"Duration", duration}, {"Error", error}};
  return Map{{"Name", name},         {"Namespace", ns},  {"Invoker", invoker},
             {"Target", target_map}, {"Status", status}, {"RetryLeft", retry_left}};
}

bool hook_applies(api::ExecutionPolicy policy, bool failed, std::int64_t retry_left) {
  switch (policy) {
    case api::ExecutionPolicy::OnFailure:
      return failed;
    case api::ExecutionPolicy::OnSuccess:
      return !failed;
    case api::ExecutionPolicy::OnFinalRetryFailure:
      return failed && retry_left <= 0;
    case api::ExecutionPolicy::Unset:
    case api::ExecutionPolicy::Always:
      break;
  }
  return true;
}

bool hook_applies(api::RestoreExecutionPolicy policy, bool failed) {
  switch (policy) {
    case api::RestoreExecutionPolicy::OnFailure:
      return failed;
    case api::RestoreExecutionPolicy::OnSuccess:
      return !failed;
    case api::RestoreExecutionPolicy::Unset:
    case api::RestoreExecutionPolicy::Always:
      break;
  }
  return true;
}

std::uint16_t resolve_port(const api::IntOrString& port, const json::Value& pod,
                           const std::string& container) {
  const std::string text = port.str();
  std::int64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure == std::errc() && end == text.data() + text.size()) {
    if (const auto valid = to_port(number)) return *valid;
    throw Error(ErrorKind::Invalid, "port {} is not a number from 1 to 65535", text);
  }
  const json::Value* containers = json::find(pod, "spec", "containers");
  if (containers && containers->IsArray()) {
    for (const auto& candidate : containers->GetArray()) {
      if (!container.empty() && json::text(candidate, "name") != container) continue;
      const json::Value* ports = json::find(candidate, "ports");
      if (!ports || !ports->IsArray()) continue;
      for (const auto& entry : ports->GetArray()) {
        const auto valid = to_port(json::integer(entry, "containerPort").value_or(0));
        if (json::text(entry, "name") == text && valid) return *valid;
      }
    }
  }
  throw Error(ErrorKind::Invalid, "container {} has no port named \"{}\"",
              container.empty() ? "(any)" : container, text);
}

std::string encode_form(const std::vector<api::FormEntry>& form) {
  std::string out;
  for (const api::FormEntry& entry : form) {
    for (const std::string& value : entry.values) {
      out += (out.empty() ? "" : "&") + net::percent_encode(entry.key) + "=" + net::percent_encode(value);
    }
  }
  return out;
}

api::Condition hook_outcome(const api::ConditionType& type, std::string_view what, const std::string& host,
                            const std::string& failure) {
  if (failure.empty())
    return api::condition(type, api::ConditionStatus::True,
                          fmt::format("{} hook of host {} succeeded", what, host));
  return api::condition(type, api::ConditionStatus::False,
                        fmt::format("{} hook of host {}: {}", what, host, failure));
}

net::ClientOptions http_hook_options() {
  net::ClientOptions options;
  options.tls.insecure = true;
  options.response_timeout = kNetworkLimit;
  options.idle_timeout = kNetworkLimit;
  options.body_limit = 1 << 20;
  return options;
}

Task<void> run_handler(Services& services, kube::Ref pod, api::Handler handler, HookFacts facts) {
  const auto found = co_await services.client.find(kube::kPod, pod);
  if (!found) throw Error(ErrorKind::NotFound, "Pod {} does not exist", pod.str());
  const std::string container =
      handler.container_name.empty() ? first_container(*found) : handler.container_name;
  const std::string pod_ip(json::text(*found, "status", "podIP"));
  const auto host = [&pod_ip](const std::string& given) { return given.empty() ? pod_ip : given; };

  if (handler.exec) co_await run_exec(services, pod, container, *handler.exec, facts);
  if (handler.http_get) {
    const auto& action = *handler.http_get;
    auto exchange = exchange_of(action, "GET", host(action.host),
                                resolve_port(action.port, *found, handler.container_name));
    co_await run_http(std::move(exchange), "httpGet");
  }
  if (handler.http_post) {
    const auto& action = *handler.http_post;
    auto exchange =
        post_of(action, host(action.host), resolve_port(action.port, *found, handler.container_name), facts);
    co_await run_http(std::move(exchange), "httpPost");
  }
  if (handler.tcp_socket) {
    const std::uint16_t port = resolve_port(handler.tcp_socket->port, *found, handler.container_name);
    co_await net::check_tcp(host(handler.tcp_socket->host), port, kNetworkLimit);
  }
}

}  // namespace stash::executor

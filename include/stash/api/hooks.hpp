#pragma once

#include "stash/api/types.hpp"

namespace stash::api {

/// When a post hook runs.
enum class ExecutionPolicy { Unset, Always, OnFailure, OnSuccess, OnFinalRetryFailure };
/// The same for restores, which are not retried.
enum class RestoreExecutionPolicy { Unset, Always, OnFailure, OnSuccess };

struct ExecAction {
  std::vector<std::string> command;
  static constexpr auto fields() {
    return std::tuple{Field{"command", &ExecAction::command, "Command and arguments; no shell."}};
  }
};

struct HttpHeader {
  std::string name;
  std::string value;
  static constexpr auto fields() {
    return std::tuple{Field{"name", &HttpHeader::name, "Name of the header.", {.required = true}},
                      Field{"value", &HttpHeader::value, "Its value.", {.required = true}}};
  }
};

struct HttpGetAction {
  std::string path;
  IntOrString port;
  std::string host;
  std::string scheme;
  std::vector<HttpHeader> http_headers;
  static constexpr auto fields() {
    using A = HttpGetAction;
    return std::tuple{
        Field{"path", &A::path, "Path of the request."},
        Field{"port", &A::port, "Port number, or the name of a container's port.", {.required = true}},
        Field{"host", &A::host, "Host to connect to; empty: the pod's address."},
        Field{"scheme", &A::scheme, "HTTP or HTTPS."},
        Field{"httpHeaders", &A::http_headers, "Headers of the request."}};
  }
};

struct FormEntry {
  std::string key;
  std::vector<std::string> values;
  static constexpr auto fields() {
    return std::tuple{Field{"key", &FormEntry::key, "Name of the form field.", {.required = true}},
                      Field{"values", &FormEntry::values, "Its values.", {.required = true}}};
  }
};

struct HttpPostAction {
  std::string path;
  IntOrString port;
  std::string host;
  std::string scheme;
  std::vector<HttpHeader> http_headers;
  std::string body;
  std::vector<FormEntry> form;
  static constexpr auto fields() {
    using A = HttpPostAction;
    return std::tuple{
        Field{"path", &A::path, "Path of the request.", {.required = true}},
        Field{"port", &A::port, "Port number, or the name of a container's port.", {.required = true}},
        Field{"host", &A::host, "Host to connect to; empty: the pod's address."},
        Field{"scheme", &A::scheme, "HTTP or HTTPS."},
        Field{"httpHeaders", &A::http_headers, "Headers of the request."},
        Field{"body", &A::body, "Body of the request; may be a template."},
        Field{"form", &A::form, "Form fields, sent when there is no body."}};
  }
};

struct TcpSocketAction {
  IntOrString port;
  std::string host;
  static constexpr auto fields() {
    return std::tuple{Field{"port",
                            &TcpSocketAction::port,
                            "Port number, or the name of a container's port.",
                            {.required = true}},
                      Field{"host", &TcpSocketAction::host, "Host to connect to; empty: the pod's address."}};
  }
};

struct Handler {
  std::string container_name;
  std::optional<ExecAction> exec;
  std::optional<HttpGetAction> http_get;
  std::optional<HttpPostAction> http_post;
  std::optional<TcpSocketAction> tcp_socket;
  static constexpr auto fields() {
    return std::tuple{
        Field{"containerName", &Handler::container_name, "Container of the pod to run the command in."},
        Field{"exec", &Handler::exec, "Run a command."},
        Field{"httpGet", &Handler::http_get, "Send a GET request."},
        Field{"httpPost", &Handler::http_post, "Send a POST request."},
        Field{"tcpSocket", &Handler::tcp_socket, "Open a connection."}};
  }
};

struct PostBackupHook {
  std::string container_name;
  std::optional<ExecAction> exec;
  std::optional<HttpGetAction> http_get;
  std::optional<HttpPostAction> http_post;
  std::optional<TcpSocketAction> tcp_socket;
  ExecutionPolicy execution_policy = ExecutionPolicy::Unset;
  Handler handler() const { return {container_name, exec, http_get, http_post, tcp_socket}; }
  static constexpr auto fields() {
    using H = PostBackupHook;
    return std::tuple{
        Field{"containerName", &H::container_name, "Container of the pod to run the command in."},
        Field{"exec", &H::exec, "Run a command."},
        Field{"httpGet", &H::http_get, "Send a GET request."},
        Field{"httpPost", &H::http_post, "Send a POST request."},
        Field{"tcpSocket", &H::tcp_socket, "Open a connection."},
        Field{"executionPolicy", &H::execution_policy, "When it runs; Always when not given."}};
  }
};

struct PostRestoreHook {
  std::string container_name;
  std::optional<ExecAction> exec;
  std::optional<HttpGetAction> http_get;
  std::optional<HttpPostAction> http_post;
  std::optional<TcpSocketAction> tcp_socket;
  RestoreExecutionPolicy execution_policy = RestoreExecutionPolicy::Unset;
  Handler handler() const { return {container_name, exec, http_get, http_post, tcp_socket}; }
  static constexpr auto fields() {
    using H = PostRestoreHook;
    return std::tuple{
        Field{"containerName", &H::container_name, "Container of the pod to run the command in."},
        Field{"exec", &H::exec, "Run a command."},
        Field{"httpGet", &H::http_get, "Send a GET request."},
        Field{"httpPost", &H::http_post, "Send a POST request."},
        Field{"tcpSocket", &H::tcp_socket, "Open a connection."},
        Field{"executionPolicy", &H::execution_policy, "When it runs; Always when not given."}};
  }
};

struct BackupHooks {
  std::optional<Handler> pre_backup;
  std::optional<PostBackupHook> post_backup;
  static constexpr auto fields() {
    return std::tuple{
        Field{"preBackup", &BackupHooks::pre_backup, "Before the data is read; a failure stops the backup."},
        Field{"postBackup", &BackupHooks::post_backup, "After the backup, also after a failed one."}};
  }
};

struct RestoreHooks {
  std::optional<Handler> pre_restore;
  std::optional<PostRestoreHook> post_restore;
  static constexpr auto fields() {
    return std::tuple{
        Field{"preRestore", &RestoreHooks::pre_restore,
              "Before data is written; a failure stops the restore."},
        Field{"postRestore", &RestoreHooks::post_restore, "After the restore, also after a failed one."}};
  }
};

}  // namespace stash::api

template <>
inline constexpr auto stash::json::names<stash::api::ExecutionPolicy> =
    std::to_array<std::pair<stash::api::ExecutionPolicy, std::string_view>>({
        {stash::api::ExecutionPolicy::Unset, ""},
        {stash::api::ExecutionPolicy::Always, "Always"},
        {stash::api::ExecutionPolicy::OnFailure, "OnFailure"},
        {stash::api::ExecutionPolicy::OnSuccess, "OnSuccess"},
        {stash::api::ExecutionPolicy::OnFinalRetryFailure, "OnFinalRetryFailure"},
    });
template <>
inline constexpr auto stash::json::names<stash::api::RestoreExecutionPolicy> =
    std::to_array<std::pair<stash::api::RestoreExecutionPolicy, std::string_view>>({
        {stash::api::RestoreExecutionPolicy::Unset, ""},
        {stash::api::RestoreExecutionPolicy::Always, "Always"},
        {stash::api::RestoreExecutionPolicy::OnFailure, "OnFailure"},
        {stash::api::RestoreExecutionPolicy::OnSuccess, "OnSuccess"},
    });

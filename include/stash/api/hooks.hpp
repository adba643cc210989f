#pragma once

#include "stash/api/types.hpp"

namespace stash::api {

/// When a post hook runs.
enum class ExecutionPolicy { Unset, Always, OnFailure, OnSuccess, OnFinalRetryFailure };
/// The same for restores, which are not retried.
enum class RestoreExecutionPolicy { Unset, Always, OnFailure, OnSuccess };

struct ExecAction {
  std::vector<std::string> command;
  static constexpr auto fields();
};

struct HttpHeader {
  std::string name;
  std::string value;
  static constexpr auto fields();
};

struct HttpGetAction {
  std::string path;
  IntOrString port;
  std::string host;
  std::string scheme;
  std::vector<HttpHeader> http_headers;
  static constexpr auto fields();
};

struct FormEntry {
  std::string key;
  std::vector<std::string> values;
  static constexpr auto fields();
};

struct HttpPostAction {
  std::string path;
  IntOrString port;
  std::string host;
  std::string scheme;
  std::vector<HttpHeader> http_headers;
  std::string body;
  std::vector<FormEntry> form;
  static constexpr auto fields();
};

struct TcpSocketAction {
  IntOrString port;
  std::string host;
  static constexpr auto fields();
};

struct Handler {
  std::string container_name;
  std::optional<ExecAction> exec;
  std::optional<HttpGetAction> http_get;
  std::optional<HttpPostAction> http_post;
  std::optional<TcpSocketAction> tcp_socket;
  static constexpr auto fields();
};

struct PostBackupHook {
  std::string container_name;
  std::optional<ExecAction> exec;
  std::optional<HttpGetAction> http_get;
  std::optional<HttpPostAction> http_post;
  std::optional<TcpSocketAction> tcp_socket;
  ExecutionPolicy execution_policy = ExecutionPolicy::Unset;
  Handler handler() const { return {container_name, exec, http_get, http_post, tcp_socket}; }
  static constexpr auto fields();
};

struct PostRestoreHook {
  std::string container_name;
  std::optional<ExecAction> exec;
  std::optional<HttpGetAction> http_get;
  std::optional<HttpPostAction> http_post;
  std::optional<TcpSocketAction> tcp_socket;
  RestoreExecutionPolicy execution_policy = RestoreExecutionPolicy::Unset;
  Handler handler() const { return {container_name, exec, http_get, http_post, tcp_socket}; }
  static constexpr auto fields();
};

struct BackupHooks {
  std::optional<Handler> pre_backup;
  std::optional<PostBackupHook> post_backup;
  static constexpr auto fields();
};

struct RestoreHooks {
  std::optional<Handler> pre_restore;
  std::optional<PostRestoreHook> post_restore;
  static constexpr auto fields();
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

#pragma once

// The field tables of hooks (hooks.hpp).

#include "stash/api/fields/types.hpp"
#include "stash/api/hooks.hpp"

namespace stash::api {

constexpr auto ExecAction::fields() {
  return std::tuple{Field{"command", &ExecAction::command, "Command and arguments; no shell."}};
}

constexpr auto HttpHeader::fields() {
  return std::tuple{Field{"name", &HttpHeader::name, "Name of the header.", {.required = true}},
                    Field{"value", &HttpHeader::value, "Its value.", {.required = true}}};
}

constexpr auto HttpGetAction::fields() {
  using A = HttpGetAction;
  return std::tuple{
      Field{"path", &A::path, "Path of the request."},
      Field{"port", &A::port, "Port number, or the name of a container's port.", {.required = true}},
      Field{"host", &A::host, "Host to connect to; empty: the pod's address."},
      Field{"scheme", &A::scheme, "HTTP or HTTPS."},
      Field{"httpHeaders", &A::http_headers, "Headers of the request."}};
}

constexpr auto FormEntry::fields() {
  return std::tuple{Field{"key", &FormEntry::key, "Name of the form field.", {.required = true}},
                    Field{"values", &FormEntry::values, "Its values.", {.required = true}}};
}

constexpr auto HttpPostAction::fields() {
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

constexpr auto TcpSocketAction::fields() {
  return std::tuple{Field{"port",
                          &TcpSocketAction::port,
                          "Port number, or the name of a container's port.",
                          {.required = true}},
                    Field{"host", &TcpSocketAction::host, "Host to connect to; empty: the pod's address."}};
}

constexpr auto Handler::fields() {
  return std::tuple{
      Field{"containerName", &Handler::container_name, "Container of the pod to run the command in."},
      Field{"exec", &Handler::exec, "Run a command."},
      Field{"httpGet", &Handler::http_get, "Send a GET request."},
      Field{"httpPost", &Handler::http_post, "Send a POST request."},
      Field{"tcpSocket", &Handler::tcp_socket, "Open a connection."}};
}

constexpr auto PostBackupHook::fields() {
  using H = PostBackupHook;
  return std::tuple{Field{"containerName", &H::container_name, "Container of the pod to run the command in."},
                    Field{"exec", &H::exec, "Run a command."},
                    Field{"httpGet", &H::http_get, "Send a GET request."},
                    Field{"httpPost", &H::http_post, "Send a POST request."},
                    Field{"tcpSocket", &H::tcp_socket, "Open a connection."},
                    Field{"executionPolicy", &H::execution_policy, "When it runs; Always when not given."}};
}

constexpr auto PostRestoreHook::fields() {
  using H = PostRestoreHook;
  return std::tuple{Field{"containerName", &H::container_name, "Container of the pod to run the command in."},
                    Field{"exec", &H::exec, "Run a command."},
                    Field{"httpGet", &H::http_get, "Send a GET request."},
                    Field{"httpPost", &H::http_post, "Send a POST request."},
                    Field{"tcpSocket", &H::tcp_socket, "Open a connection."},
                    Field{"executionPolicy", &H::execution_policy, "When it runs; Always when not given."}};
}

constexpr auto BackupHooks::fields() {
  return std::tuple{
      Field{"preBackup", &BackupHooks::pre_backup, "Before the data is read; a failure stops the backup."},
      Field{"postBackup", &BackupHooks::post_backup, "After the backup, also after a failed one."}};
}

constexpr auto RestoreHooks::fields() {
  return std::tuple{
      Field{"preRestore", &RestoreHooks::pre_restore, "Before data is written; a failure stops the restore."},
      Field{"postRestore", &RestoreHooks::post_restore, "After the restore, also after a failed one."}};
}

}  // namespace stash::api

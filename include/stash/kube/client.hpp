#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stash/base/error.hpp"
#include "stash/json/value.hpp"
#include "stash/net/task.hpp"

namespace stash::kube {

/// One kind of object as the API server addresses it. Constants of these are static: pass by reference.
struct Resource {
  std::string_view group;    ///< "" for core
  std::string_view version;  ///< "v1"
  std::string_view plural;   ///< "deployments"
  std::string_view kind;     ///< "Deployment"
  bool namespaced = true;

  /// "apps/v1" or "v1".
  std::string api_version() const;
};

/// Name of an object; `ns` is empty for cluster-scoped kinds.
struct Ref {
  std::string ns;
  std::string name;

  Ref() = default;
  Ref(std::string n, std::string m) : ns(std::move(n)), name(std::move(m)) {}
  auto operator<=>(const Ref&) const = default;
  /// "ns/name", or "name".
  std::string str() const { return ns.empty() ? name : ns + "/" + name; }
};

enum class PatchType { Merge, Strategic, Json, Apply };

struct PatchOptions {
  PatchType type = PatchType::Merge;
  std::string subresource;  ///< "status" or ""
  std::string field_manager = "stash";
  bool force = true;  ///< Apply only: take over conflicting fields
  bool dry_run = false;

  PatchOptions() {}
  PatchOptions(PatchType t, std::string sub) : type(t), subresource(std::move(sub)) {}
};

struct ListOptions {
  std::string ns;  ///< empty: all namespaces
  std::string label_selector;
  std::string field_selector;
  std::string resource_version;  ///< list: "" (most recent) or "0" (any cached); watch: where to begin
  std::string continue_token;
  int limit = 100;  ///< objects of one page; fewer come where that many would be too long

  ListOptions() {}
};

enum class EventType { Added, Modified, Deleted, Bookmark };

struct WatchEvent {
  EventType type;
  json::Document object;

  WatchEvent(EventType t, json::Document o) : type(t), object(std::move(o)) {}
};

/// An open watch. read() gives the next event, or nothing when the server ended the stream in good order; it
/// throws Error(Conflict) on 410 Gone (list again), Error(Unavailable) on a broken stream (resume).
class WatchStream {
 public:
  virtual ~WatchStream() = default;
  virtual Task<std::optional<WatchEvent>> read() = 0;
};

/// What a command run in a container left behind.
struct ExecResult {
  int exit_code = 0;
  std::string output;  ///< stdout and stderr, at most the limit asked for; the rest was read and dropped

  ExecResult() {}
};

enum class Propagation { Background, Foreground, Orphan };

/// The API server. Objects are JSON documents here; the typed models live in room api.
/// Errors: NotFound 404 (find() answers nothing instead), Conflict 409/410, Invalid 400/422, Denied 401/403,
/// Unavailable 429/5xx/network after the client's own retries (idempotent calls only; Retry-After honoured).
class Client {
 public:
  Client() = default;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  virtual ~Client() = default;

  virtual Task<std::optional<json::Document>> find(const Resource& resource, Ref ref) = 0;
  /// `body` is a whole object as JSON. Conflict when the name exists.
  virtual Task<json::Document> create(const Resource& resource, std::string ns, std::string body) = 0;
  virtual Task<json::Document> patch(const Resource& resource, Ref ref, std::string body,
                                     PatchOptions options) = 0;
  /// Full replace; `body` carries the resourceVersion it was read at. `subresource` "" or "status".
  virtual Task<json::Document> replace(const Resource& resource, Ref ref, std::string body,
                                       std::string subresource) = 0;
  /// Missing is fine. `uid` empty: whatever object has the name.
  virtual Task<void> remove(const Resource& resource, Ref ref, Propagation propagation, std::string uid) = 0;
  /// One page: the List document with .items, .metadata.continue and .metadata.resourceVersion.
  virtual Task<json::Document> list(const Resource& resource, ListOptions options) = 0;
  virtual Task<std::unique_ptr<WatchStream>> watch(const Resource& resource, ListOptions options) = 0;
  /// Runs `command` in a container of a pod over WebSocket (v5.channel.k8s.io, v4 as fall-back).
  virtual Task<ExecResult> exec(Ref pod, std::string container, std::vector<std::string> command,
                                Duration limit, std::size_t output_limit) = 0;
};

}  // namespace stash::kube

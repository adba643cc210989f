#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "stash/base/clock.hpp"
#include "stash/kube/client.hpp"
#include "stash/kube/meta.hpp"
#include "stash/kube/signal.hpp"
#include "support/fake_selectors.hpp"
#include "support/json_merge.hpp"
#include "support/json_patch.hpp"

namespace stash::test {

/// The API server as a kube::Client in memory: resourceVersions, 409 and 410, pages, watches, finalizers,
/// dependants, the status subresource, merge, strategic and JSON patches.
///
/// It knows no schema: nothing is defaulted and nothing invalid is refused. Server-side apply makes or merges
/// as a strategic patch does and never withdraws a field. Dependants go with
/// their owner at once, whatever the propagation (but Orphan). The real thing is in test/<room>/server.
class FakeApiServer final : public kube::Client {
 public:
  /// One request: "create", "find", "patch", "patch status", "replace", "remove", "list", "watch" or "exec".
  struct Call {
    std::string verb;
    std::string plural;
    kube::Ref ref;
    std::string body;
  };

  explicit FakeApiServer(const Clock& clock) : clock_(clock) {}

  // --- for tests ---

  /// Stores an object as it is, status and all; uid and creationTimestamp are made when absent. Watches see
  /// it.
  json::Document put(const kube::Resource& resource, std::string_view text);
  /// The stored object, or an empty document.
  json::Document get(const kube::Resource& resource, const kube::Ref& ref) const;
  bool has(const kube::Resource& resource, const kube::Ref& ref) const {
    return lookup(resource, ref) != nullptr;
  }
  std::vector<kube::Ref> refs(const kube::Resource& resource) const;
  /// Merge-patches past all checks: what another program, the kubelet or a user does.
  void edit(const kube::Resource& resource, const kube::Ref& ref, std::string_view merge_patch_text);
  void erase(const kube::Resource& resource, const kube::Ref& ref) { drop(key(resource), ref); }

  /// Asked before each request; may throw what the server is to answer.
  std::function<void(const Call&)> before;
  /// Every request so far, in order.
  std::vector<Call> calls;
  /// Requests that could change something.
  std::size_t writes() const;
  /// What exec() answers.
  std::function<kube::ExecResult(const kube::Ref& pod, const std::string& container,
                                 const std::vector<std::string>& command)>
      on_exec;

  /// Forgets the past: a watch from an older version and a list's continue token get 410 Gone.
  void compact();
  /// Breaks every open watch in the middle.
  void break_watches() { cut(true); }
  /// Ends every open watch in good order.
  void end_watches() { cut(false); }
  /// Sends the present version to every open watch.
  void bookmark();
  std::size_t open_watches() const { return watches_.size(); }

  // --- kube::Client ---

  Task<std::optional<json::Document>> find(const kube::Resource& resource, kube::Ref ref) override;
  Task<json::Document> create(const kube::Resource& resource, std::string ns, std::string body) override;
  Task<json::Document> patch(const kube::Resource& resource, kube::Ref ref, std::string body,
                             kube::PatchOptions options) override;
  Task<json::Document> replace(const kube::Resource& resource, kube::Ref ref, std::string body,
                               std::string subresource) override;
  Task<void> remove(const kube::Resource& resource, kube::Ref ref, kube::Propagation propagation,
                    std::string uid) override;
  Task<json::Document> list(const kube::Resource& resource, kube::ListOptions options) override;
  Task<std::unique_ptr<kube::WatchStream>> watch(const kube::Resource& resource,
                                                 kube::ListOptions options) override;
  Task<kube::ExecResult> exec(kube::Ref pod, std::string container, std::vector<std::string> command,
                              Duration limit, std::size_t output_limit) override;

 private:
  class Stream;
  using Objects = std::map<kube::Ref, json::Document>;
  struct Past {
    std::uint64_t version;
    kube::EventType type;
    std::string kind;
    json::Document object;
  };

  static std::string key(const kube::Resource& resource) {
    return std::string(resource.group) + "/" + std::string(resource.plural);
  }
  void note(std::string verb, const kube::Resource& resource, const kube::Ref& ref, const std::string& body) {
    calls.push_back(Call{std::move(verb), std::string(resource.plural), ref, body});
    if (!before) return;
    const Call now = calls.back();
    before(now);
  }
  const json::Document* lookup(const kube::Resource& resource, const kube::Ref& ref) const;
  json::Document& open(const kube::Resource& resource, const kube::Ref& ref);
  static bool chosen(const json::Value& object, const kube::ListOptions& options);
  json::Document store(const std::string& kind, const kube::Ref& ref, json::Document object,
                       kube::EventType type);
  json::Document write(const kube::Resource& resource, const kube::Ref& ref, json::Document wanted,
                       const std::string& subresource);
  void drop(const std::string& kind, const kube::Ref& ref);
  void drop_dependants(const std::string& uid);
  void happened(kube::EventType type, const std::string& kind, const json::Value& object);
  void cut(bool broken);

  const Clock& clock_;
  std::map<std::string, Objects> kinds_;
  std::vector<Past> history_;
  std::uint64_t version_ = 100;
  std::uint64_t compacted_ = 0;
  std::uint64_t names_ = 0;
  std::set<Stream*> watches_;
  kube::Signal news_;
};

}  // namespace stash::test

#include "support/fake_api_server_impl.hpp"

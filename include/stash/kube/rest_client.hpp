#pragma once

#include <memory>

#include "stash/base/random.hpp"
#include "stash/kube/client.hpp"
#include "stash/kube/config.hpp"
#include "stash/net/task.hpp"

namespace stash::kube {

/// The real client, over HTTPS. Idempotent calls are tried again with jittered back-off (about 10 s in all)
/// on network faults, 429 and 5xx, and Retry-After is honoured; others only on 429. A 401 fetches fresh
/// credentials once. A page of a list that is longer than 4 MiB is asked for again with fewer objects.
/// Belongs to one io thread; `timers`, `random` and `pool` (credential plugins run there) must outlive it.
class RestClient final : public Client {
 public:
  /// Throws Error(Invalid) when config.server is no URL.
  RestClient(Config config, net::Timers& timers, Random& random, net::Pool& pool);
  ~RestClient() override;

  Task<std::optional<json::Document>> find(const Resource& resource, Ref ref) override;
  Task<json::Document> create(const Resource& resource, std::string ns, std::string body) override;
  Task<json::Document> patch(const Resource& resource, Ref ref, std::string body,
                             PatchOptions options) override;
  Task<json::Document> replace(const Resource& resource, Ref ref, std::string body,
                               std::string subresource) override;
  Task<void> remove(const Resource& resource, Ref ref, Propagation propagation, std::string uid) override;
  Task<json::Document> list(const Resource& resource, ListOptions options) override;
  Task<std::unique_ptr<WatchStream>> watch(const Resource& resource, ListOptions options) override;
  Task<ExecResult> exec(Ref pod, std::string container, std::vector<std::string> command, Duration limit,
                        std::size_t output_limit) override;

  /// GET of any path ("/version", "/readyz"): the body of a 200 answer, else the Error for its status.
  Task<std::string> get(std::string path);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stash::kube

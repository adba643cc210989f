#pragma once

#include <functional>
#include <memory>

#include "stash/api/repository.hpp"
#include "stash/base/secret.hpp"
#include "stash/engine/repository.hpp"
#include "stash/executor/services.hpp"
#include "stash/storage/address.hpp"

namespace stash::executor {

/// Where a Repository's data lies and the password that opens it.
struct Backend {
  storage::StoreConfig config;
  Secret password;

  Backend(storage::StoreConfig c, Secret p) : config(std::move(c)), password(std::move(p)) {}
};

/// Reads a Repository and its Secret (the v1 Secret object). Pure: ambient credentials are left to load().
/// Throws Error(Invalid) that names object and key, Error(Unsupported) for a backend this version does not
/// have.
Backend backend_of(const api::Repository& repository, const json::Value& secret);

/// A Repository with its store open. The repository inside may be absent until open() or open_or_init().
class OpenBackend {
 public:
  /// Reads Repository and Secret. Throws Error(NotFound) that names the missing one.
  static Task<std::unique_ptr<OpenBackend>> load(Services& services, kube::Ref repository);

  OpenBackend(Services& services, api::Repository object, Backend backend);
  OpenBackend(const OpenBackend&) = delete;
  OpenBackend& operator=(const OpenBackend&) = delete;

  const api::Repository& object() const { return object_; }
  storage::Store& store() { return *store_; }
  /// Opens what is there. Errors as engine::Repository::open.
  Task<std::unique_ptr<engine::Repository>> open();
  /// The same, and makes the repository when there is none; of two that make it at once one wins and both
  /// open it.
  Task<std::unique_ptr<engine::Repository>> open_or_init();

 private:
  engine::Environment environment();

  Services& services_;
  api::Repository object_;
  Secret password_;
  std::unique_ptr<storage::Store> store_;
};

}  // namespace stash::executor

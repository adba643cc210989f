#pragma once

#include <memory>
#include <string>
#include <variant>

#include "stash/base/random.hpp"
#include "stash/storage/s3_store.hpp"
#include "stash/storage/store.hpp"

namespace stash::storage {

struct LocalConfig {
  std::string path;

  explicit LocalConfig(std::string p) : path(std::move(p)) {}
};

using StoreConfig = std::variant<LocalConfig, S3Config>;

/// Reads an address: "/srv/repo", "relative/dir", "local:/srv/repo", "s3:https://host[:port]/bucket/prefix",
/// "s3:host/bucket/prefix" (https). Credentials, region and TLS are the caller's to fill in. Throws
/// Error(Invalid) that names the address and its right form; Unsupported for address kinds of other tools
/// that this version has not.
StoreConfig parse_address(std::string_view address);

/// An S3 endpoint as users write it ("s3.amazonaws.com", "https://minio.ns.svc:9000"). Throws Error(Invalid).
net::Url parse_s3_endpoint(std::string_view endpoint);

/// Opens the store, retrying where the network is between. The references must outlive it.
std::unique_ptr<Store> open_store(StoreConfig config, net::Timers& timers, Random& random);

/// What was removed from the store and is kept as old versions, to read from only; null where none are kept.
std::unique_ptr<Store> open_removed(StoreConfig config, net::Timers& timers, Random& random);

}  // namespace stash::storage

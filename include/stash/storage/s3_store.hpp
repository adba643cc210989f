#pragma once

#include <memory>

#include "stash/net/http.hpp"
#include "stash/storage/s3_credentials.hpp"
#include "stash/storage/store.hpp"

namespace stash::storage {

struct S3Config {
  net::Url endpoint;  ///< scheme, host and port of the service; s3.amazonaws.com stands for all regions
  std::string bucket;
  std::string prefix;      ///< without slashes at either end; may be empty
  std::string region;      ///< empty: us-east-1, corrected when the service names another
  bool path_style = true;  ///< https://host/bucket/key instead of https://bucket.host/key
  net::TlsOptions tls;
  S3Credentials credentials;
  AmbientCredentials ambient;  ///< asked for credentials when there are none
  std::size_t max_connections = 8;

  S3Config() {}
};

/// Objects in a bucket of S3 or a service that speaks its protocol. Requests are signed with Signature
/// Version 4; over TLS the payload is not signed but carries CRC32C, on plain HTTP it is signed. put() asks
/// If-None-Match: * and goes on without where the service does not know it. Does not retry: wrap it in a
/// RetryingStore.
class S3Store final : public Store {
 public:
  /// `clock` dates the signatures. Throws Error(Invalid) when the bucket or half of the key pair is missing,
  /// or the pair without an ambient one.
  S3Store(S3Config config, const Clock& clock);
  ~S3Store() override;

  std::string describe() const override;
  Task<void> put(std::string name, std::vector<ByteView> parts) override;
  Task<Bytes> get(std::string name, Range range) override;
  Task<std::optional<std::uint64_t>> size(std::string name) override;
  Task<ListPage> list(std::string prefix, std::string token) override;
  Task<void> remove(std::string name) override;
  Task<void> sync() override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stash::storage

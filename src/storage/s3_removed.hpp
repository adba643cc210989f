#pragma once

#include <map>
#include <memory>

#include "storage/s3_client.hpp"

namespace stash::storage {

/// The objects that were deleted from a bucket with versions, as they were before: those whose newest version
/// is a delete marker. To read from only: put() and remove() are Error(Unsupported). Does not retry.
class S3Removed final : public Store {
 public:
  /// As S3Store.
  S3Removed(S3Config config, const Clock& clock) : client_(std::move(config), clock) {}

  std::string describe() const override { return client_.address; }
  Task<void> put(std::string name, std::vector<ByteView> parts) override;
  Task<Bytes> get(std::string name, Range range) override;
  Task<std::optional<std::uint64_t>> size(std::string name) override;
  /// One page with everything.
  Task<ListPage> list(std::string prefix, std::string token) override;
  Task<void> remove(std::string name) override;
  Task<void> sync() override;

 private:
  struct Version {
    std::string id;
    std::uint64_t size = 0;
  };
  struct Found {
    bool deleted = false;
    std::optional<Version> newest;
  };

  /// One page of versions of keys that begin with `prefix`; gives the query that goes on, or "".
  Task<std::string> read_page(std::string prefix, std::string position, std::map<std::string, Found>& found);
  Task<const Version*> find(std::string name);

  S3Client client_;
  std::map<std::string, Version> known_;  ///< of the removed objects listed so far
};

}  // namespace stash::storage

#pragma once

#include "stash/storage/store.hpp"

namespace stash::engine {

/// The packs and index segments of a store together with those that were removed from it; everything else as
/// it is today. To read from only: put() and remove() are Error(Internal). Both stores must outlive it.
class OverlayStore final : public storage::Store {
 public:
  OverlayStore(storage::Store& present, storage::Store& removed) : present_(present), removed_(removed) {}

  std::string describe() const override { return present_.describe(); }
  Task<void> put(std::string name, std::vector<ByteView> parts) override;
  Task<Bytes> get(std::string name, storage::Range range) override;
  Task<std::optional<std::uint64_t>> size(std::string name) override;
  /// One page with everything.
  Task<storage::ListPage> list(std::string prefix, std::string token) override;
  Task<void> remove(std::string name) override;
  Task<void> sync() override;

 private:
  storage::Store& present_;
  storage::Store& removed_;
};

}  // namespace stash::engine

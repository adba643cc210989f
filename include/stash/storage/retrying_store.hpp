#pragma once

#include <memory>

#include "stash/base/random.hpp"
#include "stash/storage/store.hpp"

namespace stash::storage {

/// Tries calls that failed with Unavailable again, with growing waits and jitter, until `patience` has passed
/// since the first try. Everything else passes through. A put that finds its own object there after a failed
/// try (the answer was lost, not the object) has succeeded.
class RetryingStore final : public Store {
 public:
  RetryingStore(std::unique_ptr<Store> inner, net::Timers& timers, Random& random,
                Duration patience = std::chrono::minutes(5));

  std::string describe() const override { return inner_->describe(); }
  Task<void> put(std::string name, std::vector<ByteView> parts) override;
  Task<Bytes> get(std::string name, Range range) override;
  Task<std::optional<std::uint64_t>> size(std::string name) override;
  Task<ListPage> list(std::string prefix, std::string token) override;
  Task<void> remove(std::string name) override;
  Task<void> sync() override;

 private:
  std::unique_ptr<Store> inner_;
  net::Timers& timers_;
  Random& random_;
  Duration patience_;
};

}  // namespace stash::storage

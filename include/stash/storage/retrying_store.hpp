#pragma once

#include <functional>
#include <memory>

#include "stash/base/random.hpp"
#include "stash/storage/store.hpp"

namespace stash::storage {

/// How long a call that fails with Unavailable is tried again.
struct Patience {
  Duration outage = std::chrono::minutes(5);   ///< of a store that has answered before
  Duration silence = std::chrono::minutes(1);  ///< of one that never has: its address may be wrong
};

/// Tries calls that failed with Unavailable again, with growing waits and jitter, until its patience has
/// passed since the call's first failure, however long the call ran until then; that failure is logged as a
/// warning. Everything else passes through. A put that finds its own object there after a failed try (the
/// answer was lost, not the object) has succeeded.
class RetryingStore final : public Store {
 public:
  RetryingStore(std::unique_ptr<Store> inner, net::Timers& timers, Random& random, Patience patience = {});

  std::string describe() const override { return inner_->describe(); }
  Task<void> put(std::string name, std::vector<ByteView> parts) override;
  Task<Bytes> get(std::string name, Range range) override;
  Task<std::optional<std::uint64_t>> size(std::string name) override;
  Task<ListPage> list(std::string prefix, std::string token) override;
  Task<void> remove(std::string name) override;
  Task<void> sync() override;

 private:
  template <class T>
  Task<T> until_done(std::function<Task<T>(bool again)> call);
  Task<void> put_once(std::string name, std::vector<ByteView> parts, bool again);

  std::unique_ptr<Store> inner_;
  net::Timers& timers_;
  Random& random_;
  Patience patience_;
  bool has_answered_ = false;
};

}  // namespace stash::storage

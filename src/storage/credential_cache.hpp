#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "stash/net/task.hpp"
#include "storage/aws_answers.hpp"

namespace stash::storage {

/// The key pair that requests are signed with: the one that was given, for ever, or else one that is fetched
/// when it is first needed and anew 5 minutes before it expires. Who asks while it is being fetched waits for
/// the same answer. One io thread.
class CredentialCache {
 public:
  using Fetch = std::function<Task<TemporaryCredentials>()>;

  /// `fetch` is used when `given` is empty.
  CredentialCache(S3Credentials given, Fetch fetch, const Clock& clock);
  CredentialCache(const CredentialCache&) = delete;
  CredentialCache& operator=(const CredentialCache&) = delete;

  /// Throws what `fetch` throws; not while the pair of before has yet to expire.
  Task<S3Credentials> get();

  /// The service has refused the pair of this access key as expired. True when get() may give another one.
  bool refused(const std::string& access_key);

 private:
  struct Flight;  ///< a fetch under way

  bool fresh() const { return held_ && (!fetch_ || clock_.now() < renew_at_); }
  bool valid() const { return held_ && (!held_->expires || clock_.now() < *held_->expires); }
  void keep(TemporaryCredentials fetched);
  Task<void> renew();
  static Task<void> wait_for(std::shared_ptr<Flight> flight);

  const Fetch fetch_;  ///< null for a given pair
  const Clock& clock_;
  std::optional<TemporaryCredentials> held_;
  TimePoint renew_at_;
  std::shared_ptr<Flight> flight_;
};

}  // namespace stash::storage

#include "stash/kube/lease.hpp"

#include <boost/asio/this_coro.hpp>

#include <algorithm>

#include "kube/lease_decision.hpp"
#include "kube/shield.hpp"
#include "stash/base/log.hpp"
#include "stash/kube/meta.hpp"
#include "stash/kube/resources.hpp"
#include "stash/net/backoff.hpp"

namespace stash::kube {
namespace {

constexpr auto kReleaseLimit = std::chrono::seconds(5);
/// The part of the time to renew in that one attempt may take: enough for a slow server, and when it hangs
/// another can follow.
constexpr int kRenewalShare = 2;

/// Runs one member of a pair and stops the other when it ends; one that fails stops the group by itself.
Task<void> then_stop(Task<void> task, net::TaskGroup& group) {
  co_await std::move(task);
  group.cancel();
}

Task<void> finish(LeaseLock::Work work, bool& finished) {
  co_await work();
  finished = true;
}

Task<void> keep(Task<bool> attempt, std::optional<bool>& answer) { answer = co_await std::move(attempt); }

/// Clears the holder, if it is still us: a renewal may have been cut off, so the lease is read again first.
Task<void> give_back(Client& client, const LeaseOptions& options, TimePoint now) {
  const auto found = co_await client.find(kLease, options.lease);
  if (!found) co_return;
  const LeaseRecord record = lease_record(*found);
  if (record.holder != options.identity) co_return;
  PatchOptions how;
  co_await client.patch(kLease, options.lease, release_body(record, now), std::move(how));
}

}  // namespace

LeaseLock::LeaseLock(Client& client, net::Timers& timers, Random& random, LeaseOptions options)
    : client_(client), timers_(timers), random_(random), options_(std::move(options)) {}

void LeaseLock::observe(LeaseRecord record) {
  if (record == observed_) return;
  observed_ = std::move(record);
  observed_at_ = timers_.steady();
}

Task<bool> LeaseLock::try_acquire() {
  const auto asked_at = timers_.steady();
  const auto found = co_await client_.find(kLease, options_.lease);
  if (found) observe(lease_record(*found));
  const std::optional<LeaseRecord> seen = found ? std::optional(observed_) : std::nullopt;
  const LeaseMove move = decide(seen, timers_.steady() - observed_at_, options_);
  if (move == LeaseMove::Wait) {
    held_ = false;
    co_return false;
  }
  try {
    const LeaseRecord wanted = claim(seen, options_, timers_.now());
    PatchOptions how;
    auto written = move == LeaseMove::Create
                       ? client_.create(kLease, options_.lease.ns, create_body(wanted, options_))
                       : client_.patch(kLease, options_.lease, patch_body(wanted), std::move(how));
    const json::Document now = co_await std::move(written);
    observe(lease_record(now));
    held_ = true;
    renewed_at_ = asked_at;
    co_return true;
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::Conflict) throw;
  }
  // Somebody was quicker, or our own earlier write went through although its answer was lost: the next look
  // tells.
  co_return held_&& timers_.steady() - renewed_at_ < options_.renew;
}

Task<bool> LeaseLock::acquire(std::optional<Duration> patience) {
  const auto begun = timers_.steady();
  net::Backoff pace(random_, options_.retry, options_.retry);
  for (;;) {
    std::string failure;
    try {
      auto attempt = try_acquire();
      const bool ours = co_await net::within(options_.duration, "acquire lease", std::move(attempt));
      if (ours) co_return true;
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::Cancelled) throw;
      failure = e.what();
    }
    if (!failure.empty())
      log::warn("lease not reachable", {{"lease", options_.lease.str()}, {"error", failure}});
    Duration pause = pace.next();
    if (patience) {
      const Duration left = *patience - (timers_.steady() - begun);
      if (left <= Duration::zero()) co_return false;
      pause = std::min(pause, left);
    }
    co_await timers_.sleep(pause);
  }
}

/// try_acquire() as far as it comes within `limit`. Cut off, it drops its connection, which may be dead.
Task<bool> LeaseLock::try_renew(Duration limit) {
  net::TaskGroup pair;
  std::optional<bool> ours;
  co_await pair.spawn(then_stop(keep(try_acquire(), ours), pair));
  co_await pair.spawn(then_stop(timers_.sleep(limit), pair));
  co_await pair.join();
  if (!ours) throw Error(ErrorKind::Unavailable, "no answer within {}", format_duration(limit));
  co_return *ours;
}

/// Returns when the lease is somebody else's, or could not be renewed for options_.renew.
Task<void> LeaseLock::renew_until_lost() {
  auto next = timers_.steady() + options_.retry;
  for (;;) {
    const auto end = renewed_at_ + options_.renew;
    co_await timers_.sleep(std::min(next, end) - timers_.steady());
    const Duration left = end - timers_.steady();
    if (left <= Duration::zero()) co_return;
    // Counted from the beginning of this one: no pause follows one that hung.
    next = timers_.steady() + options_.retry;
    std::string failure;
    try {
      const bool ours = co_await try_renew(std::min(left, options_.renew / kRenewalShare));
      if (!ours) co_return;
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::Cancelled) throw;
      failure = e.what();
    }
    if (!failure.empty())
      log::warn("lease not renewed", {{"lease", options_.lease.str()}, {"error", failure}});
  }
}

Task<void> LeaseLock::release() {
  if (!held_) co_return;
  held_ = false;
  auto write = give_back(client_, options_, timers_.now());
  const std::string failure = co_await shielded(kReleaseLimit, "release lease", std::move(write));
  if (!failure.empty())
    log::warn("lease not released", {{"lease", options_.lease.str()}, {"error", failure}});
}

/// Works and renews side by side; whichever ends first ends the other.
Task<void> LeaseLock::run_guarded(Work work) {
  std::exception_ptr failure;
  net::TaskGroup pair;
  bool finished = false;
  try {
    co_await pair.spawn(then_stop(finish(std::move(work), finished), pair));
    co_await pair.spawn(then_stop(renew_until_lost(), pair));
    co_await pair.join();
  } catch (...) {
    failure = std::current_exception();
  }
  const bool throws = co_await boost::asio::this_coro::throw_if_cancelled();
  co_await boost::asio::this_coro::throw_if_cancelled(false);
  co_await release();
  co_await boost::asio::this_coro::throw_if_cancelled(throws);
  if (failure) std::rethrow_exception(failure);
  if (!finished) throw Error(ErrorKind::Conflict, "lease {} was lost", options_.lease.str());
}

Task<void> LeaseLock::guard(Work work) {
  co_await acquire(std::nullopt);
  co_await run_guarded(std::move(work));
}

Task<bool> LeaseLock::guard_within(Duration patience, Work work) {
  const bool ours = co_await acquire(patience);
  if (ours) co_await run_guarded(std::move(work));
  co_return ours;
}

}  // namespace stash::kube

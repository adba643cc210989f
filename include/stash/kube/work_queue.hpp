#pragma once

#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "stash/base/random.hpp"
#include "stash/kube/client.hpp"
#include "stash/kube/signal.hpp"
#include "stash/net/backoff.hpp"
#include "stash/net/task.hpp"

namespace stash::kube {

/// Names of objects to look at. A key stands in it at most once however often it is added, and is never
/// handed out while somebody works on it: added meanwhile, it comes again after done(). One io thread.
class WorkQueue {
 public:
  /// `timers` and `random` must outlive the queue. retry() waits about `first`, doubling up to `longest`.
  WorkQueue(net::Timers& timers, Random& random, Duration first = std::chrono::seconds(1),
            Duration longest = std::chrono::minutes(5));
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  void add(Ref ref);
  /// Adds after `delay` of steady time. Of several delays for one key the earliest counts; add() supersedes
  /// none.
  void add_after(Ref ref, Duration delay);
  /// Adds after the key's own back-off, which grows with each call until forget().
  void retry(Ref ref);
  void forget(const Ref& ref);

  /// The next key in order of arrival; it belongs to the caller until done().
  Task<Ref> next();
  void done(const Ref& ref);

  /// Keys ready or being worked on (for a gauge and for tests).
  std::size_t depth() const { return ready_.size() + working_.size(); }
  std::size_t delayed() const { return due_.size(); }
  int failures(const Ref& ref) const;

 private:
  struct Failures {
    int count;
    net::Backoff pause;
  };
  using SteadyTime = std::chrono::steady_clock::time_point;
  void promote();

  net::Timers& timers_;
  Random& random_;
  Duration first_;
  Duration longest_;
  std::deque<Ref> ready_;
  std::set<Ref> waiting_;  ///< the keys of ready_, plus those added while they are worked on
  std::set<Ref> working_;
  std::map<Ref, SteadyTime> due_;
  std::set<std::pair<SteadyTime, Ref>> timeline_;  ///< due_ in order of time
  std::map<Ref, Failures> failures_;
  Signal signal_;
};

}  // namespace stash::kube

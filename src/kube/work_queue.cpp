#include "stash/kube/work_queue.hpp"

namespace stash::kube {

WorkQueue::WorkQueue(net::Timers& timers, Random& random, Duration first, Duration longest)
    : timers_(timers), random_(random), first_(first), longest_(longest) {}

void WorkQueue::add(Ref ref) {
  if (!waiting_.insert(ref).second || working_.contains(ref)) return;
  ready_.push_back(std::move(ref));
  signal_.notify();
}

void WorkQueue::add_after(Ref ref, Duration delay) {
  if (delay <= Duration::zero()) return add(std::move(ref));
  const SteadyTime when = timers_.steady() + delay;
  const auto known = due_.find(ref);
  if (known != due_.end()) {
    if (known->second <= when) return;
    timeline_.erase({known->second, ref});
    known->second = when;
  } else {
    due_.emplace(ref, when);
  }
  timeline_.emplace(when, std::move(ref));
  signal_.notify();
}

void WorkQueue::retry(Ref ref) {
  const Failures none{0, net::Backoff(random_, first_, longest_)};
  Failures& so_far = failures_.try_emplace(ref, none).first->second;
  ++so_far.count;
  add_after(std::move(ref), so_far.pause.next());
}

void WorkQueue::forget(const Ref& ref) { failures_.erase(ref); }

int WorkQueue::failures(const Ref& ref) const {
  const auto it = failures_.find(ref);
  return it == failures_.end() ? 0 : it->second.count;
}

/// Moves the keys whose time has come to the ready ones.
void WorkQueue::promote() {
  const SteadyTime now = timers_.steady();
  while (!timeline_.empty() && timeline_.begin()->first <= now) {
    Ref ref = timeline_.extract(timeline_.begin()).value().second;
    due_.erase(ref);
    add(std::move(ref));
  }
}

Task<Ref> WorkQueue::next() {
  for (;;) {
    promote();
    if (!ready_.empty()) {
      Ref ref = std::move(ready_.front());
      ready_.pop_front();
      waiting_.erase(ref);
      working_.insert(ref);
      co_return ref;
    }
    if (timeline_.empty())
      co_await signal_.wait();
    else
      co_await signal_.wait_for(timers_, timeline_.begin()->first - timers_.steady());
  }
}

void WorkQueue::done(const Ref& ref) {
  working_.erase(ref);
  if (!waiting_.contains(ref)) return;
  ready_.push_back(ref);
  signal_.notify();
}

}  // namespace stash::kube

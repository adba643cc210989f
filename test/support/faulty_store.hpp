#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "stash/storage/memory_store.hpp"

namespace stash::test {

/// A store in memory on which every call can be made to fail, and whose power can be cut: what was put since
/// the last sync() is then lost. Calls are numbered from 0.
class FaultyStore final : public storage::Store {
 public:
  /// Call number `nth` throws `kind`; with `after` the call takes effect first (the answer is lost, not the
  /// deed).
  void fail_call(std::size_t nth, ErrorKind kind = ErrorKind::Unavailable, bool after = false) {
    failing_[nth] = {kind, after};
  }
  void fail_never() { failing_.clear(); }
  /// Every call from `nth` on throws: the process died there.
  void die_at(std::size_t nth) { dead_from_ = nth; }
  void revive() { dead_from_ = SIZE_MAX; }
  std::size_t calls() const { return calls_; }
  void reset_calls() { calls_ = 0; }

  /// Loses every object that no sync() followed.
  void cut_power() {
    for (const std::string& name : unsynced_) memory_.objects().erase(name);
    unsynced_.clear();
  }
  std::map<std::string, Bytes>& objects() { return memory_.objects(); }

  std::string describe() const override { return "faulty"; }

  Task<void> put(std::string name, std::vector<ByteView> parts) override {
    const bool late = enter();
    co_await memory_.put(name, std::move(parts));
    unsynced_.insert(name);
    leave(late);
  }
  Task<Bytes> get(std::string name, storage::Range range) override {
    enter_reading();
    co_return co_await memory_.get(std::move(name), range);
  }
  Task<std::optional<std::uint64_t>> size(std::string name) override {
    enter_reading();
    co_return co_await memory_.size(std::move(name));
  }
  Task<storage::ListPage> list(std::string prefix, std::string token) override {
    enter_reading();
    co_return co_await memory_.list(std::move(prefix), std::move(token));
  }
  Task<void> remove(std::string name) override {
    const bool late = enter();
    co_await memory_.remove(name);
    unsynced_.erase(name);
    leave(late);
  }
  Task<void> sync() override {
    const bool late = enter();
    unsynced_.clear();
    leave(late);
    co_return;
  }

 private:
  struct Fault {
    ErrorKind kind;
    bool after;
  };

  /// Counts the call; throws where it is to fail before its deed. True: it fails after it.
  bool enter() {
    current_ = calls_++;
    if (current_ >= dead_from_) throw Error(ErrorKind::Unavailable, "the process died at call {}", current_);
    const auto it = failing_.find(current_);
    if (it == failing_.end()) return false;
    if (it->second.after) return true;
    throw Error(it->second.kind, "planted fault at call {}", current_);
  }
  void leave(bool late) {
    if (late) throw Error(failing_.at(current_).kind, "planted fault after call {}", current_);
  }
  void enter_reading() {
    if (enter()) leave(true);
  }

  storage::MemoryStore memory_;
  std::map<std::size_t, Fault> failing_;
  std::set<std::string> unsynced_;
  std::size_t calls_ = 0;
  std::size_t current_ = 0;
  std::size_t dead_from_ = SIZE_MAX;
};

}  // namespace stash::test

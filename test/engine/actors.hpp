#pragma once

// Who works on the repository of a schedule, and the world as each of them sees it.

#include "engine/oracle.hpp"
#include "engine/stage.hpp"
#include "stash/engine/repair.hpp"

namespace stash::engine::test {

/// What a store does wrong, to prove that the oracle would notice a wrong protocol.
enum class Lie {
  None,
  HidesNewTombs,      ///< the writer does not see what was condemned since its session began
  HidesNewSnapshots,  ///< the collector does not see what was backed up since its first look
  IndexBeforePacks,   ///< packs become durable after the segment that names them
};

/// The clock of one machine: now() may be wrong by any amount and jump, steady() is not.
class ActorTimers final : public net::Timers {
 public:
  explicit ActorTimers(net::Timers& real) : real_(real) {}
  TimePoint now() const override { return real_.now() + wrong_; }
  std::chrono::steady_clock::time_point steady() const override { return real_.steady(); }
  Task<void> sleep(Duration delay) override { return real_.sleep(delay); }
  void be_wrong_by(Duration wrong) { wrong_ = wrong; }

 private:
  net::Timers& real_;
  Duration wrong_ = Duration::zero();
};

/// The store as one process sees it: each call waits for its turn, and may find the process dead.
class ActorStore final : public storage::Store {
 public:
  ActorStore(storage::MemoryStore& memory, Stage& stage, Actor actor, Lie lie)
      : memory_(memory), stage_(stage), actor_(actor), lie_(lie) {}

  bool waits = true;   ///< for its turns; else it goes on at once
  bool trace = false;  ///< prints each call when its turn has come
  /// Asked at each call, after its turn has come; true: the process dies there.
  std::function<bool()> dies = [] { return false; };
  bool dead() const { return dead_; }
  /// Of each object that is read: may change what comes.
  std::function<void(const std::string& name, Bytes& bytes)> misreads = [](const std::string&, Bytes&) {};

  std::string describe() const override { return "actor"; }
  Task<void> put(std::string name, std::vector<ByteView> parts) override {
    co_await turn("put", name);
    if (lie_ == Lie::IndexBeforePacks && name.starts_with(kPacksPrefix)) {
      held_back_.emplace_back(std::move(name), copy_of(parts));
      co_return;
    }
    published_ = published_ || name.starts_with(kSnapshotsPrefix);
    co_await memory_.put(name, std::move(parts));
    if (!name.starts_with(kIndexPrefix)) co_return;
    if (!held_back_.empty()) co_await turn("put", "packs");
    for (auto& [pack, bytes] : std::exchange(held_back_, {})) memory_.objects()[pack] = std::move(bytes);
  }
  Task<Bytes> get(std::string name, storage::Range range) override {
    co_await turn("get", name);
    Bytes bytes = co_await memory_.get(name, range);
    misreads(name, bytes);
    co_return bytes;
  }
  Task<std::optional<std::uint64_t>> size(std::string name) override {
    co_await turn("size", name);
    co_return co_await memory_.size(std::move(name));
  }
  Task<storage::ListPage> list(std::string prefix, std::string token) override {
    co_await turn("list", prefix);
    storage::ListPage page = co_await memory_.list(prefix, std::move(token));
    if (lie_ == Lie::HidesNewTombs && prefix == kTombPrefix) {
      if (published_ && tombs_) page = *tombs_;
      tombs_ = page;
    }
    if (lie_ == Lie::HidesNewSnapshots && prefix == kSnapshotsPrefix) {
      if (!snapshots_) snapshots_ = page;
      page = *snapshots_;
    }
    co_return page;
  }
  Task<void> remove(std::string name) override {
    co_await turn("remove", name);
    co_await memory_.remove(std::move(name));
  }
  Task<void> sync() override { co_await turn("sync", ""); }

 private:
  Task<void> turn(const char* verb, std::string name) {
    if (waits) co_await stage_.turn(actor_);
    dead_ = dead_ || dies();
    if (trace) fmt::print("{} {} {}{}\n", actor_, verb, name, dead_ ? ": dead" : "");
    if (dead_) throw Error(ErrorKind::Unavailable, "the process died");
  }

  storage::MemoryStore& memory_;
  Stage& stage_;
  const Actor actor_;
  const Lie lie_;
  bool dead_ = false;
  bool published_ = false;
  std::optional<storage::ListPage> tombs_;
  std::optional<storage::ListPage> snapshots_;
  std::vector<std::pair<std::string, Bytes>> held_back_;
};

/// The world of one schedule. Failures are told, not asserted, since some are wanted.
class Scene {
 public:
  /// `seed`: of the names of objects.
  explicit Scene(std::uint64_t seed) : random_(seed), store_(memory_, ledger_, Role::Writer) {}

  std::uint64_t calls = 0;
  bool trace = false;  ///< of a replay: prints who calls what

 protected:
  Environment environment() { return {pool_, timers_, random_}; }
  /// The repository as seen by nobody of the schedule.
  std::unique_ptr<Repository> open() { return net::run(open_raw(memory_, environment())); }

  net::Pool pool_{0};
  stash::test::ManualTimers timers_;
  SeededRandom random_;
  storage::MemoryStore memory_;
  Ledger ledger_;
  LedgerStore store_;  ///< for what comes before the actors
  Stage stage_;
  Reported reported_;
};

}  // namespace stash::engine::test

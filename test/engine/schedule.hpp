#pragma once

// A deterministic scheduler: writers, collectors and who forgets work at once on one store in memory. Each
// call of the store is a point where an actor gives way for as long as the seed decides, or dies; everything
// runs on one thread, so that a seed is a schedule.

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>

#include <memory>
#include <optional>

#include "engine/snapshot_fixture.hpp"

namespace stash::engine::test {

/// What a store does wrong, to prove that the oracle would notice a wrong protocol.
enum class Lie {
  None,
  HidesNewTombs,      ///< the writer does not see what was condemned since its session began
  HidesNewSnapshots,  ///< the collector does not see what was backed up since its first look
  IndexBeforePacks,   ///< packs become durable after the segment that names them
};

struct Plan {
  std::uint64_t seed = 1;
  unsigned writers = 3;
  unsigned collectors = 2;
  unsigned rounds = 3;
  Lie lie = Lie::None;
};

/// One run of a plan. Failures are told, not asserted, since some are wanted.
class Schedule {
 public:
  explicit Schedule(Plan plan) : plan_(plan), chance_(plan.seed), deadly_(plan.seed % 2 == 1) {}

  /// What was lost, as a sentence; "" when nothing was.
  std::string run();

  std::uint64_t calls = 0;
  std::uint64_t deaths = 0;
  std::uint64_t kept = 0;  ///< snapshots that had to be whole at the end

 private:
  class ActorStore;
  struct Death {};

  Environment environment() { return {pool_, timers_, random_}; }
  std::uint64_t draw(std::uint64_t below) { return chance_.number() % below; }
  PruneOptions prune_options() const;
  Task<void> give_way();
  Task<void> writer(unsigned number);
  Task<void> back_up(Repository& repository, bool keeps);
  Task<void> collector();
  Task<void> all();
  std::string judge();
  std::string look_over();

  const Plan plan_;
  SeededRandom chance_;
  const bool
      deadly_;  ///< actors die, and nothing is deleted before a day has passed; else everything goes at once
  net::Pool pool_{0};
  stash::test::ManualTimers timers_;
  SeededRandom random_{7};
  storage::MemoryStore memory_;
  std::map<std::string, Files> snapshots_;
};

/// The store as one actor sees it.
class Schedule::ActorStore final : public storage::Store {
 public:
  ActorStore(Schedule& schedule, Lie lie) : schedule_(schedule), lie_(lie) {}

  std::string describe() const override { return "actor"; }
  Task<void> put(std::string name, std::vector<ByteView> parts) override {
    co_await turn();
    if (lie_ == Lie::IndexBeforePacks && name.starts_with("packs/")) {
      Bytes whole;
      for (const ByteView part : parts) whole.insert(whole.end(), part.begin(), part.end());
      held_back_.emplace_back(std::move(name), std::move(whole));
      co_return;
    }
    published_ = published_ || name.starts_with("snapshots/");
    co_await schedule_.memory_.put(name, std::move(parts));
    if (!name.starts_with("index/")) co_return;
    if (!held_back_.empty()) co_await turn();
    for (auto& [pack, bytes] : std::exchange(held_back_, {}))
      schedule_.memory_.objects()[pack] = std::move(bytes);
  }
  Task<Bytes> get(std::string name, storage::Range range) override {
    co_await turn();
    co_return co_await schedule_.memory_.get(std::move(name), range);
  }
  Task<std::optional<std::uint64_t>> size(std::string name) override {
    co_await turn();
    co_return co_await schedule_.memory_.size(std::move(name));
  }
  Task<storage::ListPage> list(std::string prefix, std::string token) override {
    co_await turn();
    storage::ListPage page = co_await schedule_.memory_.list(prefix, std::move(token));
    if (lie_ == Lie::HidesNewTombs && prefix == "tomb/") {
      if (published_ && tombs_) page = *tombs_;
      tombs_ = page;
    }
    if (lie_ == Lie::HidesNewSnapshots && prefix == "snapshots/") {
      if (!snapshots_) snapshots_ = page;
      page = *snapshots_;
    }
    co_return page;
  }
  Task<void> remove(std::string name) override {
    co_await turn();
    co_await schedule_.memory_.remove(std::move(name));
  }
  Task<void> sync() override { co_await turn(); }

  bool dead() const { return dead_; }

 private:
  Task<void> turn() {
    ++schedule_.calls;
    co_await schedule_.give_way();
    if (!dead_ && schedule_.deadly_ && schedule_.draw(150) == 0) {
      dead_ = true;
      ++schedule_.deaths;
    }
    if (dead_) throw Error(ErrorKind::Unavailable, "the process died");
  }

  Schedule& schedule_;
  const Lie lie_;
  bool dead_ = false;
  bool published_ = false;
  std::optional<storage::ListPage> tombs_;
  std::optional<storage::ListPage> snapshots_;
  std::vector<std::pair<std::string, Bytes>> held_back_;
};

inline PruneOptions Schedule::prune_options() const {
  PruneOptions options = at_once();
  if (deadly_) options.grace = std::chrono::hours(24);
  return options;
}

/// Mostly for a moment, now and then for so long that the others come to their end.
inline Task<void> Schedule::give_way() {
  const auto executor = co_await boost::asio::this_coro::executor;
  const std::uint64_t most = draw(24) == 0 ? 400 : 4;
  for (std::uint64_t n = draw(most); n > 0; --n)
    co_await boost::asio::post(executor, boost::asio::use_awaitable);
}

/// Few different files, so that writers rely on each other's and on dying packs.
inline Task<void> Schedule::back_up(Repository& repository, bool keeps) {
  Files files;
  for (unsigned i = 0; i < 4; ++i) {
    const auto which = static_cast<unsigned>(draw(12));
    files[fmt::format("/data/{}", which)] = random_bytes(300, which);
  }
  const Snapshot made = co_await make_snapshot(repository, files);
  if (keeps)
    snapshots_[made.id] = std::move(files);
  else
    co_await repository.impl().remove_snapshot(made.id);
}

inline Task<void> Schedule::writer(unsigned number) {
  for (unsigned round = 0; round < plan_.rounds; ++round) {
    const bool lies = plan_.lie == Lie::HidesNewTombs || plan_.lie == Lie::IndexBeforePacks;
    ActorStore store(*this, lies ? plan_.lie : Lie::None);
    try {
      const auto repository = co_await open_raw(store, environment());
      co_await back_up(*repository, (number + round) % 2 == 0);
    } catch (const Error& e) {
      // Without grace a collector can be done before a writer looks: the writer then fails, and says so.
      if (!store.dead() && (deadly_ || e.kind() != ErrorKind::Corrupt)) throw;
    }
  }
}

inline Task<void> Schedule::collector() {
  for (unsigned round = 0; round < plan_.rounds; ++round) {
    ActorStore store(*this, plan_.lie == Lie::HidesNewSnapshots ? plan_.lie : Lie::None);
    try {
      const auto repository = co_await open_raw(store, environment());
      co_await prune(*repository, prune_options());
    } catch (const Error& e) {
      // Without grace it can meet the snapshot of a writer that is about to fail: it then refuses to go on.
      if (!store.dead() && (deadly_ || e.kind() != ErrorKind::Corrupt)) throw;
    }
  }
}

inline Task<void> Schedule::all() {
  net::TaskGroup group;
  for (unsigned i = 0; i < plan_.writers; ++i) co_await group.spawn(writer(i));
  for (unsigned i = 0; i < plan_.collectors; ++i) co_await group.spawn(collector());
  co_await group.join();
}

/// I1 and I3: every snapshot that was reported is whole, byte for byte; the rest of the repository as well.
inline std::string Schedule::look_over() {
  const auto repository = net::run(open_raw(memory_, environment()));
  const CheckResult result = check_all(*repository);
  if (!result.ok()) return result.errors.front();
  for (const auto& [id, files] : snapshots_)
    if (net::run(read_snapshot(*repository, id)) != files)
      return fmt::format("snapshot {} restores to something else", id);
  return "";
}

/// I8 as well: what is condemned goes when its time has come, nothing with it, and then there is nothing to
/// do.
inline std::string Schedule::judge() {
  std::string lost = look_over();
  for (int again = 0; again < 3 && lost.empty(); ++again) {
    timers_.advance(std::chrono::hours(25));
    net::run(prune(*net::run(open_raw(memory_, environment())), prune_options()));
    lost = look_over();
  }
  if (!lost.empty()) return lost;
  const PruneResult last = net::run(prune(*net::run(open_raw(memory_, environment())), prune_options()));
  if (last.packs_deleted + last.packs_condemned > 0) return "a prune with nothing to do did something";
  kept = snapshots_.size();
  return "";
}

inline std::string Schedule::run() {
  net::run(init_raw(memory_, environment()));
  try {
    net::run(all());
    return judge();
  } catch (const Error& e) {
    return fmt::format("not told by the program: {}", e.what());
  }
}

}  // namespace stash::engine::test

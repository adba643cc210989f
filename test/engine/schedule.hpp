#pragma once

// Random schedules: writers, collectors, forgetters, taggers, repairers and salvagers work at once on one
// store in memory. Each call of the store is a point where an actor gives way for as long as the seed
// decides, or dies; so that a seed is a schedule.

#include "engine/actors.hpp"
#include "stash/engine/retag.hpp"

namespace stash::engine::test {

/// What goes wrong beside the order of things.
enum class Trouble {
  None,    ///< and everything condemned may go at once
  Deaths,  ///< actors die anywhere; nothing is deleted before a day has passed, which it does at the end
  Clocks,  ///< clocks are wrong and jump: of collectors by days (tombs outlive that), others' by years
  Sleep,   ///< deaths, wrong clocks, and a day passes again and again while actors are at work
};

struct Plan {
  std::uint64_t seed = 1;
  unsigned writers = 3;
  unsigned collectors = 2;
  unsigned forgetters = 1;
  unsigned repairers = 0;
  unsigned salvagers = 0;
  unsigned taggers = 0;
  unsigned rounds = 3;
  Trouble trouble = Trouble::None;
  Lie lie = Lie::None;
};

/// One run of a plan.
class Schedule : public Scene {
 public:
  explicit Schedule(Plan plan) : Scene(7), plan_(plan), chance_(plan.seed) {}

  /// What was lost, as a sentence; "" when nothing was.
  std::string run();

  std::uint64_t deaths = 0;
  std::uint64_t refusals = 0;  ///< operations that could not be done, and said so
  std::uint64_t kept = 0;      ///< snapshots that had to be whole at the end

 private:
  struct Process;
  using Deed = Task<void> (Schedule::*)(Process& process, Repository& repository);

  std::uint64_t draw(std::uint64_t below) { return chance_.number() % below; }
  bool deadly() const { return plan_.trouble == Trouble::Deaths || plan_.trouble == Trouble::Sleep; }
  bool clocks() const { return plan_.trouble == Trouble::Clocks || plan_.trouble == Trouble::Sleep; }
  PruneOptions prune_options() const;
  void enter(unsigned count, Role role, Deed deed);
  Actor choose(const std::vector<Actor>& waiting);
  bool strikes(Process& process);
  bool may_refuse(const Process& process, const Error& why) const;

  Task<void> play(Actor actor, Role role, Deed deed);
  Task<void> work(Process& process, Deed deed);
  Task<void> write(Process& process, Repository& repository);
  Task<void> collect(Process& process, Repository& repository);
  Task<void> forget(Process& process, Repository& repository);
  Task<void> tag(Process& process, Repository& repository);
  Task<void> repair(Process& process, Repository& repository);
  Task<void> salvage(Process& process, Repository& repository);
  Reported::iterator any_reported();
  std::string judge();

  const Plan plan_;
  SeededRandom chance_;
  std::vector<std::uint64_t> asleep_until_;
};

/// An actor from one death to the next.
struct Schedule::Process {
  Process(Schedule& schedule, Actor actor, Role what, Lie lie)
      : role(what),
        timers(schedule.timers_),
        store(schedule.memory_, schedule.stage_, actor, lie),
        seen(store, schedule.ledger_, what),
        environment(schedule.pool_, timers, schedule.random_) {
    store.trace = schedule.trace;
    store.dies = [this, &schedule] { return schedule.strikes(*this); };
  }

  const Role role;
  ActorTimers timers;
  ActorStore store;
  LedgerStore seen;
  Environment environment;
  std::unique_ptr<Repository> repository;
  unsigned round = 0;
};

inline PruneOptions Schedule::prune_options() const {
  PruneOptions options = at_once();
  if (deadly()) options.grace = std::chrono::hours(24);
  return options;
}

/// Anybody, and now and then one sleeps for so long that the others come to their end.
inline Actor Schedule::choose(const std::vector<Actor>& waiting) {
  ++calls;
  if (plan_.trouble == Trouble::Sleep && draw(100) == 0) timers_.advance(std::chrono::hours(25));
  std::vector<Actor> awake;
  for (const Actor actor : waiting)
    if (asleep_until_[actor] <= calls) awake.push_back(actor);
  if (awake.empty())
    return *std::ranges::min_element(waiting, {}, [&](Actor actor) { return asleep_until_[actor]; });
  const Actor chosen = awake[draw(awake.size())];
  if (draw(24) == 0) asleep_until_[chosen] = calls + draw(400);
  return chosen;
}

/// At each call of a process: whether it dies there. Its clock may jump.
inline bool Schedule::strikes(Process& process) {
  constexpr auto kDay = std::chrono::hours(24);
  // How long a tomb stays is counted by collectors, from the date that one of them put.
  const auto most = process.role == Role::Collector ? kDay * 7 : kDay * 3653;
  if (clocks() && draw(40) == 0) process.timers.be_wrong_by(most * (static_cast<int>(draw(3)) - 1));
  if (!deadly() || draw(150) != 0) return false;
  ++deaths;
  return true;
}

/// Where what is condemned goes while others are at work, a writer can come too late to copy it, and a
/// collector can meet the snapshot of such a writer: both then fail, and say so. Who sleeps for weeks is told
/// to begin again.
inline bool Schedule::may_refuse(const Process& process, const Error& why) const {
  if (process.store.dead()) return true;
  if (plan_.trouble == Trouble::Deaths) return false;
  return why.kind() == ErrorKind::Corrupt ||
         (plan_.trouble == Trouble::Sleep && why.kind() == ErrorKind::Unavailable);
}

inline Task<void> Schedule::play(Actor actor, Role role, Deed deed) {
  const bool lies = role == (plan_.lie == Lie::HidesNewSnapshots ? Role::Collector : Role::Writer);
  std::unique_ptr<Process> process;
  for (unsigned round = 0; round < plan_.rounds; ++round) {
    if (!process || process->store.dead())
      process = std::make_unique<Process>(*this, actor, role, lies ? plan_.lie : Lie::None);
    process->round = round + static_cast<unsigned>(actor);
    try {
      co_await work(*process, deed);
    } catch (const Error& e) {
      if (!may_refuse(*process, e)) throw;
      if (!process->store.dead()) ++refusals;
    }
  }
}

inline Task<void> Schedule::work(Process& process, Deed deed) {
  if (!process.repository) process.repository = co_await open_raw(process.seen, process.environment);
  process.repository->impl().index_is_old();
  co_await (this->*deed)(process, *process.repository);
}

/// Few different files, so that writers rely on each other's and on dying packs.
inline Task<void> Schedule::write(Process& process, Repository& repository) {
  Files files;
  for (unsigned i = 0; i < 4; ++i) {
    const auto which = static_cast<unsigned>(draw(12));
    files[fmt::format("/data/{}", which)] = random_bytes(300, which);
  }
  const Snapshot made = co_await make_snapshot(repository, files);
  if (process.round % 3 != 0)
    reported_[made.id] = std::move(files);
  else
    co_await repository.impl().remove_snapshot(made.id);
}

inline Task<void> Schedule::collect(Process&, Repository& repository) {
  co_await prune(repository, prune_options());
}

inline Reported::iterator Schedule::any_reported() {
  return std::next(reported_.begin(), static_cast<std::ptrdiff_t>(draw(reported_.size())));
}

/// Forgets one of what was reported, if there is any.
inline Task<void> Schedule::forget(Process&, Repository& repository) {
  if (reported_.empty()) co_return;
  const auto chosen = any_reported();
  const std::string id = chosen->first;
  reported_.erase(chosen);
  co_await repository.impl().remove_snapshot(id);
}

/// Puts another in the place of one of what was reported. Who dies at that does not tell which of both is
/// left.
inline Task<void> Schedule::tag(Process& process, Repository& repository) {
  if (reported_.empty()) co_return;
  auto chosen = reported_.extract(any_reported());
  std::vector<std::string> ids{chosen.key()};
  TagChange change;
  change.add.push_back(fmt::format("round-{}", process.round));
  try {
    const std::vector<Retagged> made = co_await retag(repository, std::move(ids), {}, std::move(change));
    chosen.key() = made.at(0).after;
  } catch (const Error&) {
    if (!process.store.dead()) reported_.insert(std::move(chosen));
    throw;
  }
  reported_.insert(std::move(chosen));
}

inline Task<void> Schedule::repair(Process&, Repository& repository) {
  Progress progress;
  co_await repair_index(repository, false, progress);
}

/// Repairs packs on a machine that reads one in three wrongly: what it cannot read is still there for others.
inline Task<void> Schedule::salvage(Process& process, Repository& repository) {
  const std::size_t which = draw(3);
  process.store.misreads = [which](const std::string& name, Bytes& bytes) {
    const bool wrong = name.starts_with(kPacksPrefix) && std::hash<std::string>()(name) % 3 == which;
    if (wrong && !bytes.empty()) bytes[bytes.size() / 2] ^= std::byte{1};
  };
  Progress progress;
  co_await repair_packs(repository, {}, progress);
}

inline void Schedule::enter(unsigned count, Role role, Deed deed) {
  for (unsigned i = 0; i < count; ++i) {
    const Actor actor = asleep_until_.size();
    asleep_until_.push_back(0);
    stage_.enter(play(actor, role, deed));
  }
}

/// At the end, and again and again after a prune for which the time has come: nothing is lost, and then there
/// is nothing to do.
inline std::string Schedule::judge() {
  kept = reported_.size();
  const auto repository = open();
  if (plan_.trouble == Trouble::Sleep) {
    // Who died between its snapshot and its second look at the tombs reported nothing: a person forgets it.
    for (const Snapshot& snapshot : net::run(repository->snapshots({})))
      if (!reported_.contains(snapshot.id)) net::run(repository->impl().remove_snapshot(snapshot.id));
  }
  std::string lost = whole(*repository, reported_);
  if (!lost.empty()) return lost;
  for (int again = 0; again < 3; ++again) {
    timers_.advance(std::chrono::hours(25));
    net::run(prune(*repository, prune_options()));
  }
  lost = whole(*repository, reported_);
  if (lost.empty()) lost = idle(*repository, prune_options());
  return lost.empty() ? ledger_.wrong() : lost;
}

inline std::string Schedule::run() {
  net::run(init_raw(store_, environment()));
  enter(plan_.writers, Role::Writer, &Schedule::write);
  enter(plan_.collectors, Role::Collector, &Schedule::collect);
  enter(plan_.forgetters, Role::Forgetter, &Schedule::forget);
  enter(plan_.repairers, Role::Repairer, &Schedule::repair);
  enter(plan_.salvagers, Role::Salvager, &Schedule::salvage);
  enter(plan_.taggers, Role::Forgetter, &Schedule::tag);
  try {
    stage_.run([this](const std::vector<Actor>& waiting) { return choose(waiting); });
    return judge();
  } catch (const Error& e) {
    return fmt::format("not told by the program: {}", e.what());
  }
}

}  // namespace stash::engine::test

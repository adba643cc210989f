#pragma once

// Exhaustive schedules: two writers and two collectors on a repository of three packs, in every order of
// their store calls in which at most so many calls are interrupted (an actor that could go on is made to wait
// for another). Most bugs of order need one or two interruptions, at the right places.

#include <charconv>
#include <list>

#include "engine/actors.hpp"

namespace stash::engine::test {

/// Walks through all schedules within a bound, one a run.
class BoundedSearch {
 public:
  explicit BoundedSearch(unsigned bound) : bound_(bound) {}

  /// The one schedule that path() told.
  static BoundedSearch replay(std::string_view path) {
    BoundedSearch search(0);
    while (!path.empty()) {
      std::uint64_t call = 0;
      Actor actor = 0;
      const auto [colon, error] = std::from_chars(path.data(), path.data() + path.size(), call);
      if (error != std::errc() || *colon != ':') throw Error(ErrorKind::Invalid, "no schedule: {}", path);
      const auto [end, failure] = std::from_chars(colon + 1, path.data() + path.size(), actor);
      search.told_[call] = actor;
      path.remove_prefix(static_cast<std::size_t>(end - path.data()));
      if (!path.empty()) path.remove_prefix(1);
    }
    return search;
  }

  /// For Stage::run().
  Actor choose(const std::vector<Actor>& waiting) {
    const bool goes_on = current_ && std::ranges::count(waiting, *current_) > 0;
    if (depth_ == path_.size()) path_.push_back({options(waiting, goes_on), 0});
    const Actor chosen = path_[depth_].options[path_[depth_].taken];
    ++depth_;
    if (goes_on && chosen != *current_) ++interrupted_;
    current_ = chosen;
    return chosen;
  }

  /// Turns to the next schedule; false: all were seen.
  bool next() {
    depth_ = 0;
    interrupted_ = 0;
    current_.reset();
    while (!path_.empty() && path_.back().taken + 1 == path_.back().options.size()) path_.pop_back();
    if (path_.empty()) return false;
    ++path_.back().taken;
    return true;
  }

  /// The choices that differ from going on, "call:actor,call:actor".
  std::string path() const {
    std::string text;
    for (std::size_t i = 0; i < path_.size(); ++i)
      if (path_[i].taken > 0)
        text += fmt::format("{}{}:{}", text.empty() ? "" : ",", i, path_[i].options[path_[i].taken]);
    return text;
  }

 private:
  struct Choice {
    std::vector<Actor> options;  ///< going on comes first
    std::size_t taken;
  };

  std::vector<Actor> options(const std::vector<Actor>& waiting, bool goes_on) const {
    if (const auto told = told_.find(depth_); told != told_.end()) return {told->second};
    if (!told_.empty() || (goes_on && interrupted_ == bound_)) return {goes_on ? *current_ : waiting.front()};
    std::vector<Actor> options = waiting;
    if (goes_on) std::iter_swap(options.begin(), std::ranges::find(options, *current_));
    return options;
  }

  const unsigned bound_;
  std::map<std::uint64_t, Actor> told_;
  std::vector<Choice> path_;
  std::size_t depth_ = 0;
  unsigned interrupted_ = 0;
  std::optional<Actor> current_;
};

/// A snapshot that keeps one file of a pack whose other one is dead, and a dead tree: three packs. The
/// writers back up what is dead, one of them with the very tree; the collectors let everything go at once.
class SmallCase : public Scene {
 public:
  SmallCase() : Scene(8) {}

  struct Start {
    Objects objects;
    Reported reported;
  };

  static Start start() {
    SmallCase scene(7);
    net::run(init_raw(scene.memory_, scene.environment()));
    const auto repository = scene.open();
    const Snapshot both = net::run(make_snapshot(*repository, files({1, 2})));
    const Snapshot one = net::run(make_snapshot(*repository, files({1})));
    net::run(repository->impl().remove_snapshot(both.id));
    return {scene.memory_.objects(), {{one.id, files({1})}}};
  }

  /// What was lost in one run from `start`, or "".
  std::string run(const Start& start, BoundedSearch& search, Lie lie = Lie::None) {
    memory_.objects() = start.objects;
    reported_ = start.reported;
    const bool writers_lie = lie != Lie::HidesNewSnapshots;
    std::list<Process> processes;
    for (Actor actor = 0; actor < 4; ++actor) {
      const bool writes = actor < 2;
      processes.emplace_back(*this, actor, writes ? Role::Writer : Role::Collector,
                             writes == writers_lie ? lie : Lie::None);
      stage_.enter(writes ? write(processes.back(), actor == 0 ? files({2}) : files({1, 2}))
                          : collect(processes.back()));
    }
    try {
      stage_.run([&](const std::vector<Actor>& waiting) {
        ++calls;
        return search.choose(waiting);
      });
    } catch (const Error& e) {
      return fmt::format("not told by the program: {}", e.what());
    }
    return judge();
  }

 private:
  explicit SmallCase(std::uint64_t seed) : Scene(seed) {}

  /// The repository is opened before the schedule begins.
  struct Process {
    Process(SmallCase& scene, Actor actor, Role role, Lie lie)
        : store(scene.memory_, scene.stage_, actor, lie), seen(store, scene.ledger_, role) {
      store.waits = false;
      repository = net::run(open_raw(seen, scene.environment()));
      store.waits = true;
      store.trace = scene.trace;
    }
    ActorStore store;
    LedgerStore seen;
    std::unique_ptr<Repository> repository;
  };

  static Files files(std::initializer_list<unsigned> which) {
    Files files;
    for (const unsigned i : which) files[fmt::format("/data/{}", i)] = random_bytes(300, i);
    return files;
  }

  /// A writer that comes too late to copy what it relied on fails, and says so.
  Task<void> write(Process& process, Files files) {
    try {
      const Snapshot made = co_await make_snapshot(*process.repository, files);
      reported_[made.id] = std::move(files);
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::Corrupt) throw;
    }
  }

  /// A collector that meets the snapshot of such a writer refuses to go on.
  Task<void> collect(Process& process) {
    try {
      co_await prune(*process.repository, at_once());
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::Corrupt) throw;
    }
  }

  std::string judge() {
    const auto repository = open();
    std::string lost = whole(*repository, reported_);
    if (!lost.empty()) return lost;
    net::run(prune(*repository, at_once()));
    lost = whole(*repository, reported_);
    return lost.empty() ? ledger_.wrong() : lost;
  }
};

}  // namespace stash::engine::test

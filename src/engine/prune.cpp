// Collection without locks, beside any number of writers and other collectors.
//
//   survey    read the tombs, THEN the snapshots, THEN the index, THEN the list of packs;
//             mark what the snapshots need
//   sweep     delete packs whose tomb is old enough and of which every needed blob has a copy
//             in a pack that exists and is in no tomb
//   plan      choose packs to condemn: dead ones, and mostly dead ones worth copying the rest of
//   copy      put what is needed of those, and of condemned packs that could not be swept,
//             into new packs
//   condemn   publish a tomb that names them
//   tidy      rewrite the index segments that name deleted packs; drop tombs that nobody can
//             meet any more
//
// Why nothing needed is deleted. A pack P is deleted only under a tomb T that was published before the
// survey's list of snapshots. A snapshot S that relies on P was published
//   - before that list: the survey sees it. Its segments were durable before it, so the index read
//     afterwards knows them. The needed blobs of P have copies elsewhere, or P stays.
//   - after it: then after T too. A writer reads the tombs after it published S (commit.cpp), meets T
//     and copies what it needs of P before it reports success; blobs in condemned packs never count as
//     stored, T being final.
//
// The copy elsewhere, in a pack Q, cannot go at the same time through another collector: that one deletes Q
// only under a tomb that was published before its own survey, so one of the two surveys sees the other's
// tomb, finds that P and Q are both condemned, and keeps its pack. This needs only that a put that returned
// is seen by a later list, and that tombs stay longer than sessions last. Grace and youth only save writers
// the copying.
//
// A manifest or tree that cannot be read ends the prune before it changes anything. What the store refuses to
// delete stays, and is told.

#include <algorithm>

#include "engine/blob_writer.hpp"
#include "engine/copy_blobs.hpp"
#include "engine/liveness.hpp"
#include "engine/pack_list.hpp"
#include "engine/refusals.hpp"
#include "engine/repository_impl.hpp"
#include "engine/segment_merge.hpp"
#include "engine/store_io.hpp"
#include "engine/tombs.hpp"
#include "stash/base/log.hpp"
#include "stash/engine/forget.hpp"

namespace stash::engine {
namespace {

/// Packs with less dead than this are not worth copying.
constexpr double kMinDead = 0.10;
constexpr int kSurveys = 3;  ///< how often one that met a snapshot that is not whole is made

/// What the repository holds at one moment.
struct Survey {
  Tombs tombs;
  std::vector<Manifest> manifests;
  std::shared_ptr<const LoadedIndex> loaded;
  PackSizes stored;
  std::optional<Liveness> live;
  std::uint64_t lost = 0;  ///< needed blobs that the index knows, in packs that do not exist

  /// Needed blobs without a copy that we know of: a pack in no segment may hold them.
  bool misses_some() const { return live->missing() + lost > 0; }
  bool exists(const ObjectId& pack) const { return stored.contains(pack); }
};

/// One pack's share of what is needed.
struct PackUse {
  std::uint64_t live = 0;    ///< raw bytes of needed blobs for which this pack is the chosen copy
  std::uint64_t raw = 0;     ///< raw bytes of all its blobs
  bool needed_copy = false;  ///< condemned, and holds the only copies of needed blobs

  double dead_share() const {
    return raw == 0 ? 1.0 : static_cast<double>(raw - live) / static_cast<double>(raw);
  }
};

class Collector {
 public:
  Collector(Repository::Impl& repository, PruneOptions options)
      : repository_(repository), options_(options) {}

  Task<PruneResult> run();

 private:
  Task<void> survey();
  Task<std::exception_ptr> look();
  Task<std::exception_ptr> mark(const Manifest& manifest);
  void measure();
  void measure_kind(BlobKind kind);
  Task<void> sweep();
  std::vector<ObjectId> sweepable() const;
  void plan();
  void plan_repack(std::uint64_t dead, std::uint64_t live);
  void plan_unindexed();
  bool is_young(const ObjectId& pack) const;
  Task<std::exception_ptr> copy_needed();
  void leave_what_wants_copies(std::exception_ptr full);
  Task<void> condemn();
  Task<void> publish(std::vector<ObjectId> packs);
  Task<void> tidy();
  PackSet gone() const;
  Task<void> drop_broken();
  Task<void> drop_tombs();
  TimePoint now() const { return repository_.environment.timers.now(); }

  friend Task<void> copy_packs(Collector& collector, BlobWriter& writer);

  Repository::Impl& repository_;
  const PruneOptions options_;
  PruneResult result_;
  Survey now_;
  std::vector<PackUse> use_;         ///< parallel to the index's packs
  std::vector<ObjectId> condemned_;  ///< what this run condemns
  PackSet to_copy_;                  ///< packs whose needed blobs are copied
  PackSet deleted_;
  PackSet refused_;  ///< packs that the store refused to delete
  PackSet damaged_;  ///< condemned packs of which something needed cannot be read
};

Task<void> Collector::survey() {
  for (int tries = 1;; ++tries) {
    const std::exception_ptr failure = co_await look();
    if (!failure) break;
    if (tries == kSurveys) std::rethrow_exception(failure);
  }
  measure();
}

/// One look at everything. The answer is why some snapshot is not whole, or null: without grace another
/// collector can delete, after it copied what was needed, what this one's index still points to; and a writer
/// that lost what it relied on takes its snapshot back a moment later.
Task<std::exception_ptr> Collector::look() {
  now_ = Survey();
  now_.tombs = co_await read_tombs(repository_);
  now_.manifests = co_await repository_.manifests();
  repository_.index_is_old();
  co_await repository_.load_index(Index::Scope::Places);
  now_.loaded = repository_.loaded();
  now_.stored = co_await list_packs(repository_.store);
  now_.live.emplace(now_.loaded);
  for (const Manifest& manifest : now_.manifests) {
    const std::exception_ptr failure = co_await mark(manifest);
    if (failure) co_return failure;
  }
  co_return nullptr;
}

/// A snapshot that was forgotten meanwhile may be half gone already, and needs nothing any more.
Task<std::exception_ptr> Collector::mark(const Manifest& manifest) {
  std::exception_ptr failure;
  try {
    co_await now_.live->mark(repository_, manifest);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::Corrupt) throw;
    failure = std::current_exception();
  }
  if (!failure) co_return nullptr;
  const auto size = co_await repository_.store.size(std::string(kSnapshotsPrefix) + manifest.snapshot.id);
  co_return size ? failure : nullptr;
}

void Collector::measure() {
  use_.assign(now_.loaded->index.packs().size(), {});
  measure_kind(BlobKind::Data);
  measure_kind(BlobKind::Tree);
}

/// A needed blob has one copy that stays, in a pack that exists and is not condemned. Where there is none,
/// every copy is needed until the blob was copied: another collector that looked a moment earlier may be
/// deleting any one of them, because it takes the others for the ones that stay.
void Collector::measure_kind(BlobKind kind) {
  const Index& index = now_.loaded->index;
  const auto rows = index.rows(kind);
  for (std::size_t first = 0; first < rows.size();) {
    std::size_t next = first;
    const Index::Place* stays = nullptr;
    std::vector<const Index::Place*> dying;
    for (; next < rows.size() && rows[next].key == rows[first].key; ++next) {
      const Index::Place& place = rows[next].place;
      const Index::Pack& pack = index.packs()[place.pack];
      use_[place.pack].raw += place.length;
      if (!now_.exists(pack.id)) continue;
      if (pack.condemned)
        dying.push_back(&place);
      else if (!stays)
        stays = &place;
    }
    index.passed(next - first);
    const bool live = now_.live->is_live_row(kind, first);
    first = next;
    if (!live) continue;
    if (stays) {
      use_[stays->pack].live += stays->length;
      continue;
    }
    if (dying.empty()) ++now_.lost;
    for (const Index::Place* place : dying) {
      use_[place->pack].live += place->length;
      use_[place->pack].needed_copy = true;
    }
  }
}

bool Collector::is_young(const ObjectId& pack) const { return now() - pack.made() < options_.young; }

std::vector<ObjectId> Collector::sweepable() const {
  const Index& index = now_.loaded->index;
  PackSet needed;
  for (std::size_t i = 0; i < use_.size(); ++i)
    if (use_[i].needed_copy) needed.insert(index.packs()[i].id);
  PackSet ripe;
  for (const Tomb& tomb : now_.tombs.tombs) {
    if (now() - ulid_time(tomb.id) < options_.grace) continue;
    ripe.insert(tomb.packs.begin(), tomb.packs.end());
  }
  std::vector<ObjectId> packs;
  for (const ObjectId& pack : ripe) {
    // With blobs missing, what no segment names may be what is missed.
    const bool may_hold_missing = now_.misses_some() && !index.pack(pack);
    if (now_.exists(pack) && !needed.contains(pack) && !may_hold_missing && !refused_.contains(pack))
      packs.push_back(pack);
  }
  std::ranges::sort(packs);
  return packs;
}

Task<void> Collector::sweep() {
  const std::vector<ObjectId> packs = sweepable();
  if (packs.empty()) co_return;
  // The copies count on segments that others wrote a moment ago: they have to last longer than the packs.
  if (!options_.dry_run) co_await repository_.store.sync();
  for (const ObjectId& pack : packs) {
    const std::uint64_t size = now_.stored.at(pack);
    if (!options_.dry_run) {
      const bool removed = co_await try_remove(repository_.store, pack_name(pack), size, result_.refused);
      if (!removed) refused_.insert(pack);
      if (!removed) continue;
    }
    now_.stored.erase(pack);
    deleted_.insert(pack);
    ++result_.packs_deleted;
    result_.bytes_freed += size;
  }
}

void Collector::plan() {
  condemned_.clear();
  to_copy_.clear();
  const Index& index = now_.loaded->index;
  std::uint64_t dead = 0;
  std::uint64_t live = 0;
  for (std::size_t i = 0; i < use_.size(); ++i) {
    const Index::Pack& pack = index.packs()[i];
    if (!now_.exists(pack.id)) continue;
    if (pack.condemned) {
      if (use_[i].needed_copy) to_copy_.insert(pack.id);
      continue;
    }
    if (use_[i].live == 0) {
      if (!is_young(pack.id)) condemned_.push_back(pack.id);
      continue;
    }
    dead += use_[i].raw - use_[i].live;
    live += use_[i].live;
  }
  plan_repack(dead, live);
  plan_unindexed();
}

/// Packs that give back most for what has to be copied, until few enough dead bytes are left.
void Collector::plan_repack(std::uint64_t dead, std::uint64_t live) {
  const Index& index = now_.loaded->index;
  const double allowed = options_.max_unused * static_cast<double>(live);
  std::vector<std::size_t> candidates;
  for (std::size_t i = 0; i < use_.size(); ++i) {
    const Index::Pack& pack = index.packs()[i];
    if (now_.exists(pack.id) && !pack.condemned && !is_young(pack.id) && use_[i].live > 0 &&
        use_[i].dead_share() >= kMinDead)
      candidates.push_back(i);
  }
  std::ranges::sort(candidates, std::ranges::greater(), [&](std::size_t i) { return use_[i].dead_share(); });
  for (const std::size_t i : candidates) {
    if (static_cast<double>(dead) <= allowed) break;
    dead -= use_[i].raw - use_[i].live;
    condemned_.push_back(index.packs()[i].id);
    to_copy_.insert(index.packs()[i].id);
    ++result_.packs_rewritten;
  }
}

/// Packs that an interrupted session left in no segment.
void Collector::plan_unindexed() {
  if (now_.misses_some()) return;
  const std::set<ObjectId> in_tombs = now_.tombs.condemned();
  for (const auto& [pack, size] : now_.stored)
    if (!now_.loaded->index.pack(pack) && !in_tombs.contains(pack) && !is_young(pack))
      condemned_.push_back(pack);
}

/// The needed blobs of the packs to copy go through a writer for which no pack that goes counts.
Task<void> copy_packs(Collector& collector, BlobWriter& writer) {
  const Index& index = collector.now_.loaded->index;
  for (const BlobKind kind : {BlobKind::Data, BlobKind::Tree}) {
    std::vector<Index::Row> going;
    std::vector<Index::Row> condemned;
    for (const Index::Row& row : index.rows(kind)) {
      index.passed(1);
      const Index::Pack& pack = index.packs()[row.place.pack];
      const bool wanted = collector.to_copy_.contains(pack.id);
      if (wanted && collector.now_.live->is_live(kind, row.key))
        (pack.condemned ? condemned : going).push_back(row);
    }
    co_await copy_blobs(collector.repository_, index, kind, std::move(going), writer);
    // What is lost of a condemned pack, as repair leaves them, keeps it but not the others.
    co_await copy_blobs(collector.repository_, index, kind, std::move(condemned), writer,
                        &collector.damaged_);
  }
}

/// The answer is why the store has no room for the copies, or null.
Task<std::exception_ptr> Collector::copy_needed() {
  if (to_copy_.empty()) co_return nullptr;
  // A pack without a chosen copy may hold a second one: it goes all the same.
  std::vector<ObjectId> without = condemned_;
  without.insert(without.end(), to_copy_.begin(), to_copy_.end());
  const auto known = co_await repository_.read_index(Index::Scope::Members, without);
  Progress progress;
  std::exception_ptr full;
  try {
    co_await write_session(
        repository_, progress, [this](BlobWriter& writer) { return copy_packs(*this, writer); }, known);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::Exhausted) throw;
    full = std::current_exception();
  }
  co_return full;
}

/// A full store first gets room by what is dead; the next prune copies the rest.
void Collector::leave_what_wants_copies(std::exception_ptr full) {
  std::erase_if(condemned_, [this](const ObjectId& pack) { return to_copy_.contains(pack); });
  if (condemned_.empty() && deleted_.empty()) std::rethrow_exception(full);
  result_.packs_rewritten = 0;
  log::warn("there is no room to copy what is needed of mostly dead packs: prune again for those", {});
}

Task<void> Collector::condemn() {
  if (!condemned_.empty()) co_await publish(condemned_);
}

/// Puts a tomb that names these packs, for good.
Task<void> Collector::publish(std::vector<ObjectId> packs) {
  Tomb tomb;
  tomb.id = repository_.new_ulid();
  tomb.packs = std::move(packs);
  std::ranges::sort(tomb.packs);
  const Bytes sealed = seal_tomb(repository_.keys, tomb);
  co_await put_new(repository_.store, tomb_name(tomb.id), sealed);
  co_await repository_.store.sync();
}

Task<PruneResult> Collector::run() {
  if (!options_.dry_run) repository_.config.require_writable();
  co_await survey();
  co_await sweep();
  plan();
  if (!options_.dry_run) {
    const std::exception_ptr full = co_await copy_needed();
    if (full) leave_what_wants_copies(full);
  }
  const std::vector<ObjectId> fresh = condemned_;
  if (!options_.dry_run) {
    co_await condemn();
    // A second survey, after the tomb: without grace its packs can go at once.
    if (options_.grace <= Duration::zero() && (!fresh.empty() || !to_copy_.empty())) {
      co_await survey();
      co_await sweep();
    }
    co_await tidy();
  }
  result_.packs_condemned = fresh.size();
  result_.packs_damaged = damaged_.size();
  PackSet waiting(fresh.begin(), fresh.end());
  const std::set<ObjectId> in_tombs = now_.tombs.condemned();
  waiting.insert(in_tombs.begin(), in_tombs.end());
  for (const ObjectId& pack : waiting) {
    const auto it = now_.stored.find(pack);
    if (it != now_.stored.end()) result_.bytes_waiting += it->second;
  }
  co_return result_;
}

Task<void> Collector::tidy() {
  // What is deleted must be gone for good before its index entries are.
  co_await repository_.store.sync();
  std::optional<Error> refusal;
  try {
    co_await rewrite_segments(repository_, gone());
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::Denied) throw;
    refusal = e;
  }
  if (refusal) count_refusal(result_.refused, 0, *refusal);
  co_await drop_tombs();
  co_await drop_broken();
  co_await repository_.store.sync();
  repository_.index_is_old();
}

/// Deleted by us or by another collector: packs of tombs that do not exist any more never will again.
PackSet Collector::gone() const {
  PackSet packs = deleted_;
  for (const Tomb& tomb : now_.tombs.tombs)
    for (const ObjectId& pack : tomb.packs)
      if (!now_.exists(pack) && now_.loaded->index.pack(pack)) packs.insert(pack);
  return packs;
}

/// Snapshots that failed in their commit and could only be marked.
Task<void> Collector::drop_broken() {
  const std::string prefix(kSnapshotsPrefix);
  for (const storage::ObjectInfo& object : co_await storage::list_all(repository_.store, prefix)) {
    if (!object.name.ends_with(kBrokenSuffix)) continue;
    const std::string snapshot = object.name.substr(0, object.name.size() - kBrokenSuffix.size());
    const bool removed = co_await try_remove(repository_.store, snapshot, 0, result_.refused);
    if (!removed) continue;
    co_await repository_.store.sync();
    co_await try_remove(repository_.store, object.name, 0, result_.refused);
  }
}

/// A tomb goes when its packs are gone, no segment names them, and it is so old that no session that could
/// meet it is left. The last is only what clocks say, and they may be wrong by years: a tomb that names
/// nothing comes before the others go. A session that did not meet those meets this one, looks again at what
/// it relies on, and fails where that is gone.
Task<void> Collector::drop_tombs() {
  std::vector<const Tomb*> old;
  for (const Tomb& tomb : now_.tombs.tombs) {
    const bool in_use = std::ranges::any_of(tomb.packs, [&](const ObjectId& pack) {
      return now_.exists(pack) || (now_.loaded->index.pack(pack) && !deleted_.contains(pack));
    });
    if (!in_use && now() - ulid_time(tomb.id) >= kTombRetention) old.push_back(&tomb);
  }
  if (std::ranges::all_of(old, [](const Tomb* tomb) { return tomb->packs.empty(); }) && old.size() <= 1)
    co_return;
  co_await publish({});
  for (const Tomb* tomb : old)
    co_await try_remove(repository_.store, tomb_name(tomb->id), 0, result_.refused);
}

}  // namespace

Task<PruneResult> prune(Repository& repository, PruneOptions options) {
  Collector collector(repository.impl(), options);
  co_return co_await collector.run();
}

}  // namespace stash::engine

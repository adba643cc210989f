// Collection without locks, beside any number of writers and other collectors.
//
//   survey    read the tombs, THEN the snapshots, THEN the index, THEN the list of packs;
//             mark what the snapshots need
//   sweep     delete packs whose tomb is old enough and of which every needed blob has a copy
//             in a pack that exists and is in no tomb
//   plan      choose packs to condemn: dead ones, and mostly dead ones worth copying the rest of
//   copy      put what is needed of those, and of condemned packs that could not be swept,
//             into new packs
//   condemn   publish a tomb that names them, and the tombs of which nothing is left
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

#include "engine/blobs/blob_writer.hpp"
#include "engine/blobs/copy_blobs.hpp"
#include "engine/prune/prune_plan.hpp"
#include "engine/repository/refusals.hpp"
#include "engine/repository/repository_impl.hpp"
#include "engine/repository/segment_merge.hpp"
#include "engine/repository/store_io.hpp"
#include "stash/base/log.hpp"
#include "stash/engine/forget.hpp"

namespace stash::engine {
namespace {

/// What is known of so many blobs takes 6 MiB at most.
constexpr std::uint64_t kBlobsAtOnce = 1u << 16;

class Collector {
 public:
  Collector(Repository::Impl& repository, PruneOptions options)
      : repository_(repository), options_(options) {}

  Task<PruneResult> run();
  Task<PruneResult> foresee(std::set<std::string> forgotten);

 private:
  Task<void> sweep();
  void count_deleted(const ObjectId& pack);
  void plan();
  Task<std::exception_ptr> copy_needed();
  Task<void> copy_group(const PackSet& group, BlobKind kind, BlobWriter& writer);
  void leave_what_wants_copies(std::exception_ptr full);
  Task<void> condemn();
  bool goes_at_once() const { return options_.grace <= Duration::zero(); }
  bool in_use(const Tomb& tomb) const;
  Task<void> tidy();
  PackSet gone() const;
  Task<void> drop_broken();
  Task<void> drop_tombs();
  PruneResult tally();
  TimePoint now() const { return repository_.environment.timers.now(); }

  friend Task<void> copy_packs(Collector& collector, BlobWriter& writer);

  Repository::Impl& repository_;
  const PruneOptions options_;
  PruneResult result_;
  Survey now_;
  PrunePlan plan_;
  PackSet deleted_;
  PackSet refused_;  ///< packs that the store refused to delete
  PackSet damaged_;  ///< condemned packs of which something needed cannot be read
};

Task<void> Collector::sweep() {
  std::vector<ObjectId> packs = sweepable(now_, options_, now());
  std::erase_if(packs, [this](const ObjectId& pack) { return refused_.contains(pack); });
  if (packs.empty()) co_return;
  // The copies count on segments that others wrote a moment ago: they have to last longer than the packs.
  co_await repository_.store.sync();
  for (const ObjectId& pack : packs) {
    const bool removed =
        co_await try_remove(repository_.store, pack_name(pack), now_.stored.at(pack), result_.refused);
    if (removed)
      count_deleted(pack);
    else
      refused_.insert(pack);
  }
}

void Collector::count_deleted(const ObjectId& pack) {
  result_.bytes_freed += now_.stored.at(pack);
  ++result_.packs_deleted;
  now_.stored.erase(pack);
  deleted_.insert(pack);
}

Task<void> Collector::copy_group(const PackSet& group, BlobKind kind, BlobWriter& writer) {
  const Index& index = now_.index();
  std::vector<Index::Row> going;
  std::vector<Index::Row> condemned;
  for (const Index::Row& row : index.rows(kind)) {
    index.passed(1);
    const Index::Pack& pack = index.packs()[row.place.pack];
    if (group.contains(pack.id) && now_.live->is_live(kind, row.key))
      (pack.condemned ? condemned : going).push_back(row);
  }
  co_await copy_blobs(repository_, index, kind, std::move(going), writer);
  // What is lost of a condemned pack, as repair leaves them, keeps it but not the others.
  co_await copy_blobs(repository_, index, kind, std::move(condemned), writer, &damaged_);
}

/// The needed blobs of the packs to copy go through a writer for which no pack that goes counts.
Task<void> copy_packs(Collector& collector, BlobWriter& writer) {
  for (const PackSet& group : copy_groups(collector.now_, collector.plan_, kBlobsAtOnce))
    for (const BlobKind kind : {BlobKind::Data, BlobKind::Tree})
      co_await collector.copy_group(group, kind, writer);
}

/// The answer is why the store has no room for the copies, or null.
Task<std::exception_ptr> Collector::copy_needed() {
  if (plan_.to_copy.empty()) co_return nullptr;
  // A pack without a chosen copy may hold a second one: it goes all the same.
  std::vector<ObjectId> without = plan_.condemned;
  without.insert(without.end(), plan_.to_copy.begin(), plan_.to_copy.end());
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
  std::erase_if(plan_.condemned, [this](const ObjectId& pack) { return plan_.to_copy.contains(pack); });
  if (plan_.condemned.empty() && deleted_.empty()) std::rethrow_exception(full);
  result_.packs_rewritten = 0;
  log::warn("there is no room to copy what is needed of mostly dead packs: prune again for those", {});
}

Task<void> Collector::condemn() {
  if (plan_.condemned.empty()) co_return;
  Tomb tomb;
  tomb.packs = plan_.condemned;
  for (const Tomb& earlier : now_.tombs.tombs)
    if (!in_use(earlier)) tomb.settled.push_back(earlier.id);
  co_await publish_tomb(repository_, std::move(tomb));
}

bool Collector::in_use(const Tomb& tomb) const {
  return std::ranges::any_of(
      tomb.packs, [this](const ObjectId& pack) { return now_.exists(pack) || now_.index().pack(pack); });
}

Task<PruneResult> Collector::run() {
  repository_.config.require_writable();
  co_await take_survey(repository_, now_, {});
  co_await sweep();
  plan();
  const std::exception_ptr full = co_await copy_needed();
  if (full) leave_what_wants_copies(full);
  co_await condemn();
  // A second survey, after the tomb: without grace its packs can go at once.
  if (goes_at_once() && (!plan_.condemned.empty() || !plan_.to_copy.empty())) {
    co_await take_survey(repository_, now_, {});
    co_await sweep();
  }
  co_await tidy();
  co_return tally();
}

Task<PruneResult> Collector::foresee(std::set<std::string> forgotten) {
  co_await take_survey(repository_, now_, std::move(forgotten));
  for (const ObjectId& pack : sweepable(now_, options_, now())) count_deleted(pack);
  plan();
  if (goes_at_once()) {
    PackSet going = plan_.to_copy;
    going.insert(plan_.condemned.begin(), plan_.condemned.end());
    for (const ObjectId& pack : going)
      if (now_.exists(pack)) count_deleted(pack);
  }
  co_return tally();
}

void Collector::plan() {
  plan_ = plan_prune(now_, options_, now());
  result_.packs_rewritten = plan_.rewritten;
}

PruneResult Collector::tally() {
  result_.packs_condemned = plan_.condemned.size();
  result_.packs_damaged = damaged_.size();
  PackSet waiting(plan_.condemned.begin(), plan_.condemned.end());
  const std::set<ObjectId> in_tombs = now_.tombs.condemned();
  waiting.insert(in_tombs.begin(), in_tombs.end());
  for (const ObjectId& pack : waiting) {
    const auto it = now_.stored.find(pack);
    if (it != now_.stored.end()) result_.bytes_waiting += it->second;
  }
  return result_;
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
      if (!now_.exists(pack) && now_.index().pack(pack)) packs.insert(pack);
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

/// A tomb goes when one that settles it is so old that no session is left that began before that. Both dates
/// in this are a collector's: the tomb's own may be of a machine whose clock is wrong by years. The last tomb
/// is settled by none and stays: a session of which all others came and went meets that one, looks again at
/// what it relies on, and fails where that is gone.
Task<void> Collector::drop_tombs() {
  std::set<std::string> settled;
  for (const Tomb& tomb : now_.tombs.tombs)
    if (now() - ulid_time(tomb.id) >= kTombRetention)
      settled.insert(tomb.settled.begin(), tomb.settled.end());
  for (const Tomb& tomb : now_.tombs.tombs)
    if (settled.contains(tomb.id) && !in_use(tomb))
      co_await try_remove(repository_.store, tomb_name(tomb.id), 0, result_.refused);
}

}  // namespace

Task<PruneResult> prune(Repository& repository, PruneOptions options) {
  Collector collector(repository.impl(), options);
  co_return co_await collector.run();
}

Task<PruneResult> foresee_prune(Repository& repository, PruneOptions options,
                                std::set<std::string> forgotten) {
  Collector collector(repository.impl(), options);
  co_return co_await collector.foresee(std::move(forgotten));
}

}  // namespace stash::engine

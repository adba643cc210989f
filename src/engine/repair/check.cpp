// What a check proves. Structure: every snapshot opens, its tree can be walked, and every blob it needs lies
// in a pack that exists with the size the index knows. Data: in addition every frame of a pack opens, the
// footer says what the index says, and every blob has the content its id was made of.

#include "stash/engine/check.hpp"

#include <algorithm>
#include <unordered_set>

#include "engine/format/tree.hpp"
#include "engine/parallel/budget.hpp"
#include "engine/parallel/each_parallel.hpp"
#include "engine/repair/pack_check.hpp"
#include "engine/repair/pack_subset.hpp"
#include "engine/repository/damage.hpp"
#include "engine/repository/pack_list.hpp"
#include "engine/repository/repository_impl.hpp"
#include "engine/repository/snapshot_list.hpp"
#include "engine/snapshot/walk_blobs.hpp"

namespace stash::engine {
namespace {

constexpr std::size_t kMaxErrors = 1000;
constexpr std::size_t kPacksAtOnce = 8;
constexpr int kLooks = 4;  ///< how often index and packs are read before a finding is believed

bool is_finding(const Error& e) { return is_damage(e) || e.kind() == ErrorKind::NotFound; }

class Checker {
 public:
  Checker(Repository::Impl& repository, CheckOptions options, Progress& progress)
      : repository_(repository),
        options_(options),
        progress_(progress),
        budget_(repository.environment.memory_budget / 2) {}

  Task<CheckResult> run();

 private:
  Task<void> look();
  Task<void> check_snapshots(std::vector<std::string> ids);
  Task<std::vector<std::string>> findings_of(std::string id);
  Task<void> check_tree(const Manifest& manifest, std::vector<std::string>& findings);
  Task<std::uint64_t> entries_of(BlobId root);
  Task<void> check_packs();
  std::vector<std::string> findings_of_packs() const;
  bool is_stored(const NeededBlob& blob) const;
  Task<void> check_data();
  Task<void> check_pack(const Index::Pack& pack);
  void report(std::string what);

  Repository::Impl& repository_;
  const CheckOptions options_;
  Progress& progress_;
  Budget budget_;
  std::shared_ptr<const LoadedIndex> loaded_;
  PackSizes stored_;
  std::unordered_map<ObjectId, std::uint64_t, ObjectIdHash> blobs_in_;  ///< rows of the index, by pack
  std::unordered_set<BlobKey, BlobKeyHash> walked_;  ///< subtrees that were walked and found whole
  int looks_ = 1;
  CheckResult result_;
};

void Checker::report(std::string what) {
  progress_.errors.fetch_add(1, std::memory_order_relaxed);
  if (result_.errors.size() < kMaxErrors)
    result_.errors.push_back(std::move(what));
  else if (result_.errors.size() == kMaxErrors)
    result_.errors.emplace_back("and more");
}

Task<CheckResult> Checker::run() {
  // Snapshots before the index: it then knows all that they need.
  std::vector<std::string> snapshots = co_await list_snapshots(repository_.store);
  std::string unreadable;
  try {
    co_await look();
  } catch (const Error& e) {
    if (!is_finding(e)) throw;
    unreadable = e.what();
  }
  if (!unreadable.empty()) {
    report(std::move(unreadable));
    co_return std::move(result_);
  }
  if (loaded_->tomb_damage) report(loaded_->tomb_damage->what());
  co_await check_packs();
  co_await check_snapshots(std::move(snapshots));
  if (options_.read_data) co_await check_data();
  co_return std::move(result_);
}

Task<void> Checker::look() {
  repository_.index_is_old();
  co_await repository_.load_index(Index::Scope::Places);
  loaded_ = repository_.loaded();
  // After the index: packs only come, except for condemned ones.
  stored_ = co_await list_packs(repository_.store);
}

Task<void> Checker::check_packs() {
  std::vector<std::string> findings = findings_of_packs();
  if (!findings.empty()) {
    // A collector may have condemned one after the tombs were read, and deleted it before the packs were.
    ++looks_;
    co_await look();
    findings = findings_of_packs();
  }
  for (std::string& finding : findings) report(std::move(finding));
  result_.packs = stored_.size();
  result_.blobs = loaded_->index.blobs();
  for (const auto& [id, size] : stored_)
    if (!loaded_->index.pack(id)) ++result_.unused_packs;
}

std::vector<std::string> Checker::findings_of_packs() const {
  std::vector<std::string> findings;
  for (const Index::Pack& pack : loaded_->index.packs()) {
    const auto it = stored_.find(pack.id);
    if (it == stored_.end()) {
      if (!pack.condemned) findings.push_back(fmt::format("{} is missing", pack_name(pack.id)));
    } else if (it->second != pack.size) {
      findings.push_back(
          fmt::format("{} has {} bytes instead of {}", pack_name(pack.id), it->second, pack.size));
    }
    if (findings.size() > kMaxErrors) break;
  }
  return findings;
}

bool Checker::is_stored(const NeededBlob& blob) const {
  const auto places = loaded_->index.find(blob.kind, key_of(blob.ref.id));
  return std::ranges::any_of(places, [&](const BlobPlace& place) {
    const Index::Pack* pack = loaded_->index.pack(place.frame.pack);
    const auto it = stored_.find(place.frame.pack);
    return pack && it != stored_.end() && it->second == pack->size && place.length == blob.ref.size;
  });
}

Task<void> Checker::check_snapshots(std::vector<std::string> ids) {
  progress_.files_total = ids.size();
  for (const std::string& id : ids) {
    ++result_.snapshots;
    std::vector<std::string> findings = co_await findings_of(id);
    if (!findings.empty() && looks_ < kLooks) {
      // A collector may have copied what was needed, and deleted it, since the index was read.
      ++looks_;
      co_await look();
      findings = co_await findings_of(id);
    }
    // One that was forgotten since it was listed needs nothing any more.
    const std::string name = std::string(kSnapshotsPrefix) + id;
    const auto size = findings.empty() ? std::nullopt : co_await repository_.store.size(name);
    if (size)
      for (const std::string& finding : findings) report(fmt::format("snapshot {}: {}", id, finding));
    progress_.files_done.fetch_add(1, std::memory_order_relaxed);
  }
}

/// What keeps a snapshot from being restored.
Task<std::vector<std::string>> Checker::findings_of(std::string id) {
  std::vector<std::string> findings;
  try {
    const Manifest manifest = co_await repository_.manifest(std::move(id));
    co_await check_tree(manifest, findings);
  } catch (const Error& e) {
    if (!is_finding(e)) throw;
    findings.emplace_back(e.what());
  }
  co_return findings;
}

Task<void> Checker::check_tree(const Manifest& manifest, std::vector<std::string>& findings) {
  const std::uint64_t entries = co_await entries_of(manifest.root);
  if (entries != manifest.entries)
    findings.push_back(
        fmt::format("its tree has {} entries, its manifest says {}", entries, manifest.entries));
  std::vector<BlobKey> walked;
  bool whole = true;
  const auto wanted = [this](const BlobId& subtree) { return !walked_.contains(key_of(subtree)); };
  BlobWalk walk(repository_, manifest.root, wanted);
  for (;;) {
    const auto blob = co_await walk.next();
    if (!blob) break;
    if (blob->kind == BlobKind::Tree) walked.push_back(key_of(blob->ref.id));
    if (is_stored(*blob)) continue;
    whole = false;
    if (findings.size() < kMaxErrors)
      findings.push_back(fmt::format("{}: blob {} is in no pack", walk.path(), blob->ref.id.hex()));
  }
  if (whole) walked_.insert(walked.begin(), walked.end());
}

Task<std::uint64_t> Checker::entries_of(BlobId root) {
  BlobReader reader(repository_);
  Bytes bytes = co_await reader.read(BlobKind::Tree, root, true);
  std::uint64_t entries = 0;
  if (is_leaf(bytes)) {
    for (LeafCursor leaf(std::move(bytes)); leaf.peek(); leaf.pop()) ++entries;
  } else {
    for (const TreeRef& child : decode_node(bytes)) entries += child.entries;
  }
  co_return entries;
}

Task<void> Checker::check_data() {
  std::vector<const Index::Pack*> packs;
  for (const Index::Pack& pack : loaded_->index.packs())
    if (stored_.contains(pack.id)) packs.push_back(&pack);
  packs = choose_packs(std::move(packs), options_.subset, repository_.environment.random);
  std::uint64_t total = 0;
  for (const Index::Pack* pack : packs) total += pack->size;
  progress_.bytes_total = total;
  for (const BlobKind kind : {BlobKind::Data, BlobKind::Tree})
    for (const Index::Row& row : loaded_->index.rows(kind)) {
      loaded_->index.passed(1);
      ++blobs_in_[loaded_->index.packs()[row.place.pack].id];
    }
  co_await each_parallel(packs.size(), kPacksAtOnce, [&](std::size_t i) { return check_pack(*packs[i]); });
}

Task<void> Checker::check_pack(const Index::Pack& pack) {
  try {
    const auto rows = blobs_in_.find(pack.id);
    const std::uint64_t count = rows == blobs_in_.end() ? 0 : rows->second;
    const std::uint64_t bytes = co_await check_pack_data(repository_, loaded_->index, budget_, pack, count);
    result_.bytes_read += bytes;
    progress_.bytes_done.fetch_add(bytes, std::memory_order_relaxed);
  } catch (const Error& e) {
    if (!is_finding(e)) throw;
    // What was deleted by a collector since it was listed was needed by nobody.
    const bool gone = e.kind() == ErrorKind::NotFound && pack.condemned;
    if (!gone) report(fmt::format("{}", e.what()));
  }
}

}  // namespace

Task<CheckResult> check(Repository& repository, CheckOptions options, Progress& progress) {
  Checker checker(repository.impl(), options, progress);
  co_return co_await checker.run();
}

}  // namespace stash::engine

// Salvage, beside any number of writers and collectors. It does what a collector does that repacks: what can
// be read is stored once more and listed in a durable segment BEFORE a tomb names the old pack, and nothing
// is deleted here (prune.cpp has the argument). What cannot be read has no copy afterwards that counts, so
// the next backup that meets it stores it. Ended anywhere, there are second copies and nothing is lost.

#include <unordered_set>

#include "engine/blobs/blob_writer.hpp"
#include "engine/format/sealed.hpp"
#include "engine/parallel/budget.hpp"
#include "engine/parallel/each_parallel.hpp"
#include "engine/repair/pack_salvage.hpp"
#include "engine/repository/pack_list.hpp"
#include "engine/repository/repository_impl.hpp"
#include "engine/repository/store_io.hpp"
#include "engine/repository/tombs.hpp"
#include "stash/engine/repair.hpp"

namespace stash::engine {
namespace {

constexpr std::size_t kPacksAtOnce = 4;
constexpr std::size_t kMaxProblems = 100;

using KeySet = std::unordered_set<BlobKey, BlobKeyHash>;

void keep_none(ByteView) {}

class PackRepair {
 public:
  PackRepair(Repository::Impl& repository, RepairPacksOptions options, Progress& progress)
      : repository_(repository),
        options_(std::move(options)),
        progress_(progress),
        reader_(repository),
        budget_(repository.environment.memory_budget / 2) {}

  Task<RepairPacksResult> run();

 private:
  Task<void> look();
  std::vector<ObjectId> chosen() const;
  ObjectId named(const std::string& text) const;
  Task<void> examine(ObjectId pack);
  Task<std::optional<Bytes>> read(ObjectId pack);
  bool is_sound(const ObjectId& pack, ByteView bytes) const;
  Task<void> salvage_all(BlobWriter* writer);
  Task<void> salvage_pack(ObjectId pack, BlobWriter* writer);
  Task<std::vector<BlobKey>> salvage_frame(ObjectId pack, BlobKind kind, const ClaimedFrame& frame,
                                           ByteView bytes, BlobWriter* writer);
  Task<void> count_lost();
  Task<bool> has_other_copy(BlobKind kind, BlobKey key);
  Task<bool> is_copy(BlobKind kind, BlobKey key, BlobPlace place);
  Task<void> condemn();
  void report(std::string problem);

  friend Task<void> salvage_into(PackRepair& repair, BlobWriter& writer);

  Repository::Impl& repository_;
  const RepairPacksOptions options_;
  Progress& progress_;
  std::shared_ptr<const LoadedIndex> loaded_;
  PackSizes stored_;
  BlobReader reader_;
  Budget budget_;
  std::vector<ObjectId> damaged_;
  std::vector<ObjectId> to_condemn_;
  KeySet saved_[2];  ///< by kind
  KeySet lost_[2];
  RepairPacksResult result_;
};

Task<void> PackRepair::look() {
  repository_.index_is_old();
  co_await repository_.load_index(Index::Scope::Places);
  loaded_ = repository_.loaded();
  stored_ = co_await list_packs(repository_.store);
}

ObjectId PackRepair::named(const std::string& text) const {
  const auto of_name = parse_pack_name(text);
  const auto id = of_name ? of_name : ObjectId::parse(text);
  if (!id)
    throw Error(ErrorKind::Invalid, "\"{}\" is no pack: give its 32 hexadecimal digits, or its object name",
                text);
  if (!stored_.contains(*id)) throw Error(ErrorKind::NotFound, "there is no pack {}", id->hex());
  const Index::Pack* pack = loaded_->index.pack(*id);
  if (pack && pack->condemned)
    throw Error(ErrorKind::Conflict, "pack {} is condemned already: a prune copies what is needed of it",
                id->hex());
  return *id;
}

std::vector<ObjectId> PackRepair::chosen() const {
  std::vector<ObjectId> packs;
  for (const std::string& text : options_.ids) packs.push_back(named(text));
  if (options_.ids.empty())
    for (const Index::Pack& pack : loaded_->index.packs())
      if (!pack.condemned && stored_.contains(pack.id)) packs.push_back(pack.id);
  std::ranges::sort(packs);
  packs.erase(std::ranges::unique(packs).begin(), packs.end());
  return packs;
}

/// Nothing when the pack is gone: a collector was here meanwhile.
Task<std::optional<Bytes>> PackRepair::read(ObjectId pack) {
  try {
    const storage::Range range(0, kMaxPack + 1);
    Bytes bytes = co_await repository_.store.get(pack_name(pack), range);
    co_return bytes;
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::NotFound) throw;
  }
  co_return std::nullopt;
}

/// On the pool.
bool PackRepair::is_sound(const ObjectId& pack, ByteView bytes) const {
  const auto claims = claims_of(repository_.keys, loaded_->index, pack, bytes);
  if (!claims || !claims->fault.empty()) return false;
  return std::ranges::all_of(claims->frames, [&](const ClaimedFrame& frame) {
    return salvage(reader_, repository_.keys, pack, claims->kind, frame, bytes, keep_none).empty();
  });
}

Task<void> PackRepair::examine(ObjectId pack) {
  const Budget::Hold hold = co_await budget_.acquire(stored_.at(pack));
  const auto bytes = co_await read(pack);
  if (!bytes) co_return;
  const bool sound =
      co_await net::offload(repository_.environment.pool, [&] { return is_sound(pack, *bytes); });
  ++result_.packs_read;
  progress_.bytes_done += bytes->size();
  if (!sound) damaged_.push_back(pack);
}

Task<std::vector<BlobKey>> PackRepair::salvage_frame(ObjectId pack, BlobKind kind, const ClaimedFrame& frame,
                                                     ByteView bytes, BlobWriter* writer) {
  BlobWriter::Lease lease;
  if (writer) lease = co_await writer->admit(kind, frame.bytes(), frame.blobs.size());
  KeySet& saved = saved_[static_cast<std::size_t>(kind)];
  const auto keep = [&](ByteView blob) {
    if (writer) writer->store(lease, blob);
    saved.insert(key_of(repository_.keys.id_of(kind, blob)));
  };
  co_return co_await net::offload(repository_.environment.pool, [&] {
    return salvage(reader_, repository_.keys, pack, kind, frame, bytes, keep);
  });
}

Task<void> PackRepair::salvage_pack(ObjectId pack, BlobWriter* writer) {
  const auto bytes = co_await read(pack);
  if (!bytes) co_return;
  const auto claims = co_await net::offload(repository_.environment.pool, [&] {
    return claims_of(repository_.keys, loaded_->index, pack, *bytes);
  });
  if (!claims) {
    report(fmt::format("{}: nothing is known of what it holds, and it is left alone", pack_name(pack)));
    co_return;
  }
  std::uint64_t blobs = 0;
  std::uint64_t unreadable = 0;
  for (const ClaimedFrame& frame : claims->frames) {
    const std::vector<BlobKey> lost = co_await salvage_frame(pack, claims->kind, frame, *bytes, writer);
    lost_[static_cast<std::size_t>(claims->kind)].insert(lost.begin(), lost.end());
    blobs += frame.blobs.size();
    unreadable += lost.size();
  }
  to_condemn_.push_back(pack);
  report(fmt::format("{}: {} of {} blobs cannot be read{}{}", pack_name(pack), unreadable, blobs,
                     claims->fault.empty() ? "" : "; ", claims->fault));
}

Task<void> PackRepair::salvage_all(BlobWriter* writer) {
  for (const ObjectId& pack : damaged_) co_await salvage_pack(pack, writer);
}

Task<void> salvage_into(PackRepair& repair, BlobWriter& writer) { return repair.salvage_all(&writer); }

Task<bool> PackRepair::has_other_copy(BlobKind kind, BlobKey key) {
  for (const BlobPlace& place : loaded_->index.find(kind, key)) {
    if (std::ranges::count(damaged_, place.frame.pack) > 0) continue;
    const bool found = co_await is_copy(kind, key, place);
    if (found) co_return true;
  }
  co_return false;
}

Task<bool> PackRepair::is_copy(BlobKind kind, BlobKey key, BlobPlace place) {
  try {
    const Bytes bytes = co_await reader_.read_place(place, kind);
    co_return key_of(repository_.keys.id_of(kind, bytes)) == key;
  } catch (const Error& e) {
    if (!is_data_damage(e)) throw;
  }
  co_return false;
}

Task<void> PackRepair::count_lost() {
  for (const BlobKind kind : {BlobKind::Data, BlobKind::Tree}) {
    const KeySet& saved = saved_[static_cast<std::size_t>(kind)];
    result_.blobs_saved += saved.size();
    for (const BlobKey& key : lost_[static_cast<std::size_t>(kind)]) {
      const bool kept = saved.contains(key) || co_await has_other_copy(kind, key);
      if (!kept) ++result_.blobs_lost;
    }
  }
}

Task<void> PackRepair::condemn() {
  if (to_condemn_.empty()) co_return;
  Tomb tomb;
  tomb.packs = to_condemn_;
  co_await publish_tomb(repository_, std::move(tomb));
  result_.packs_condemned = to_condemn_.size();
  repository_.index_is_old();
}

void PackRepair::report(std::string problem) {
  progress_.errors.fetch_add(1, std::memory_order_relaxed);
  if (result_.problems.size() < kMaxProblems) result_.problems.push_back(std::move(problem));
}

Task<RepairPacksResult> PackRepair::run() {
  if (!options_.dry_run) repository_.config.require_writable();
  co_await look();
  if (!options_.dry_run) loaded_->require_tombs();
  const std::vector<ObjectId> packs = chosen();
  for (const ObjectId& pack : packs) progress_.bytes_total += stored_.at(pack);
  co_await each_parallel(packs.size(), kPacksAtOnce, [&](std::size_t i) { return examine(packs[i]); });
  std::ranges::sort(damaged_);
  result_.packs_damaged = damaged_.size();
  if (damaged_.empty()) co_return std::move(result_);
  if (options_.dry_run) {
    co_await salvage_all(nullptr);
  } else {
    // Nothing counts as stored: where another copy is, it may be as damaged.
    auto nothing = std::make_shared<LoadedIndex>(Index::Scope::Members);
    nothing->tombs = loaded_->tombs;
    co_await write_session(
        repository_, progress_, [this](BlobWriter& writer) { return salvage_into(*this, writer); }, nothing);
    co_await condemn();
  }
  co_await count_lost();
  co_return std::move(result_);
}

}  // namespace

Task<RepairPacksResult> repair_packs(Repository& repository, RepairPacksOptions options, Progress& progress) {
  PackRepair repair(repository.impl(), std::move(options), progress);
  co_return co_await repair.run();
}

}  // namespace stash::engine

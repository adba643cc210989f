#include "stash/engine/repair.hpp"

#include <algorithm>
#include <unordered_set>

#include "engine/blobs/pack_footer.hpp"
#include "engine/format/sealed.hpp"
#include "engine/format/segment.hpp"
#include "engine/parallel/each_parallel.hpp"
#include "engine/repository/damage.hpp"
#include "engine/repository/pack_list.hpp"
#include "engine/repository/repository_impl.hpp"
#include "engine/repository/segment_merge.hpp"
#include "engine/repository/store_io.hpp"
#include "engine/repository/tombs.hpp"
#include "stash/base/log.hpp"

namespace stash::engine {
namespace {

constexpr std::uint64_t kMaxSegment = std::uint64_t{4} << 30;
constexpr std::size_t kReadsAtOnce = 4;
constexpr std::size_t kSegmentPacks = 256;
constexpr std::size_t kSegmentBlobs = 1u << 15;  ///< of whatever packs: whoever reads it holds all of it
constexpr std::size_t kMaxProblems = 100;

class IndexRepair {
 public:
  IndexRepair(Repository::Impl& repository, bool dry_run, Progress& progress)
      : repository_(repository), dry_run_(dry_run), progress_(progress) {}

  Task<RepairResult> run() {
    if (!dry_run_) repository_.config.require_writable();
    // The segments first: a pack that comes later is in one that comes later still.
    co_await read_segments();
    stored_ = co_await list_packs(repository_.store);
    std::vector<ObjectId> unnamed;
    for (const auto& [pack, size] : stored_)
      if (!named_.contains(pack)) unnamed.push_back(pack);
    std::ranges::sort(unnamed);
    progress_.bytes_total = unnamed.size();
    co_await each_parallel(unnamed.size(), kReadsAtOnce,
                           [&](std::size_t i) { return read_pack(unnamed[i]); });
    co_await write_segment();
    co_await drop_unreadable();
    co_await forget_missing();
    co_await drop_damaged_tombs();
    repository_.index_is_old();
    co_return std::move(result_);
  }

 private:
  Task<void> read_segments() {
    for (const storage::ObjectInfo& object :
         co_await storage::list_all(repository_.store, std::string(kIndexPrefix))) {
      bool damaged = false;
      try {
        const Bytes sealed = co_await get_small(repository_.store, object.name, kMaxSegment);
        const Segment segment =
            decode_segment(open_object(repository_.keys, kSegmentMagic, object.name, sealed));
        for (const SegmentPack& pack : segment.packs) named_.insert(pack.id);
      } catch (const Error& e) {
        damaged = is_damage(e);
        if (!damaged && e.kind() != ErrorKind::NotFound) throw;
      }
      if (damaged) unreadable_.push_back(object.name);
    }
    result_.segments_dropped = unreadable_.size();
  }

  /// Adds what the pack's footer tells; a damaged one is a problem, one that went meanwhile is none.
  Task<void> read_pack(ObjectId pack) {
    std::string problem;
    try {
      co_await add_pack(pack, stored_.at(pack));
    } catch (const Error& e) {
      if (!is_damage(e) && e.kind() != ErrorKind::NotFound) throw;
      if (is_damage(e)) problem = e.what();
    }
    ++progress_.bytes_done;
    if (!problem.empty() && result_.problems.size() < kMaxProblems) result_.problems.push_back(problem);
    const bool full = segment_.packs.size() >= kSegmentPacks || segment_.blobs.size() >= kSegmentBlobs;
    if (full) co_await write_segment();
  }

  Task<void> add_pack(ObjectId pack, std::uint64_t size) {
    const StoredFooter stored = co_await read_footer(repository_, pack, size);
    append_pack(segment_, {pack, size, {}, stored.kind}, stored.footer);
    ++result_.packs_added;
  }

  Task<void> write_segment() {
    Segment done = std::exchange(segment_, Segment{});
    if (done.packs.empty() || dry_run_) co_return;
    // A segment names only packs that are durable: a writer may have died before it saw to that.
    co_await repository_.store.sync();
    const std::string name = repository_.new_segment_name();
    const Bytes sealed = seal_object(repository_.keys, kSegmentMagic, name, encode_segment(std::move(done)));
    co_await put_new(repository_.store, name, sealed);
  }

  /// Only once what takes their place is durable.
  Task<void> drop_unreadable() {
    if (dry_run_) co_return;
    co_await repository_.store.sync();
    for (const std::string& name : unreadable_) {
      log::warn("an index segment that cannot be read is removed", {{"segment", name}});
      co_await repository_.store.remove(name);
    }
    co_await repository_.store.sync();
  }

  Task<void> forget_missing() {
    PackSet missing;
    for (const ObjectId& pack : named_)
      if (!stored_.contains(pack)) missing.insert(pack);
    // One that is written just now was named before it was listed.
    for (auto it = missing.begin(); it != missing.end();) {
      const auto size = co_await repository_.store.size(pack_name(*it));
      it = size ? missing.erase(it) : std::next(it);
    }
    result_.packs_forgotten = missing.size();
    if (!dry_run_ && !missing.empty()) co_await rewrite_segments(repository_, std::move(missing));
  }

  /// Last: packs that it condemned and that are gone must be in no segment by now. What it condemned and is
  /// there counts as stored again, so nobody may be about to delete it. A tomb that names none takes its
  /// place, so that sessions under way look again at what they rely on.
  Task<void> drop_damaged_tombs() {
    const Tombs tombs = co_await read_tombs(repository_);
    if (tombs.damaged.empty()) co_return;
    // It cannot be made again: once may have been misread.
    const Tombs again = co_await read_tombs(repository_);
    std::vector<std::string> damaged = tombs.damaged;
    std::erase_if(damaged, [&](const std::string& name) { return !std::ranges::count(again.damaged, name); });
    result_.tombs_dropped = damaged.size();
    if (dry_run_ || damaged.empty()) co_return;
    Tomb instead;
    for (const std::string& name : damaged) instead.settled.push_back(name.substr(kTombPrefix.size()));
    co_await publish_tomb(repository_, std::move(instead));
    for (const std::string& name : damaged) {
      log::warn("a tomb that cannot be read is removed", {{"tomb", name}});
      co_await repository_.store.remove(name);
    }
    co_await repository_.store.sync();
  }

  Repository::Impl& repository_;
  const bool dry_run_;
  Progress& progress_;
  PackSet named_;
  std::vector<std::string> unreadable_;
  PackSizes stored_;
  Segment segment_;
  RepairResult result_;
};

}  // namespace

Task<RepairResult> repair_index(Repository& repository, bool dry_run, Progress& progress) {
  IndexRepair repair(repository.impl(), dry_run, progress);
  co_return co_await repair.run();
}

}  // namespace stash::engine

#include "engine/repository/index_loader.hpp"

#include <algorithm>
#include <mutex>
#include <set>

#include "engine/format/sealed.hpp"
#include "engine/index/index_file_writer.hpp"
#include "engine/parallel/budget.hpp"
#include "engine/parallel/each_parallel.hpp"
#include "engine/repository/damage.hpp"
#include "engine/repository/repository_impl.hpp"
#include "engine/repository/store_io.hpp"
#include "stash/base/log.hpp"
#include "stash/base/memory.hpp"

namespace stash::engine {
namespace {

constexpr int kLooks = 20;
constexpr std::size_t kSegmentsAtOnce = 3;
constexpr std::uint64_t kMaxSortMemory = std::uint64_t{16} << 20;
/// Blobs for which address space is taken at once, whatever a list says.
constexpr std::uint64_t kMaxReserved = std::uint64_t{1} << 27;

struct SegmentObject {
  ObjectId id;
  std::string name;
  std::uint64_t size = 0;  ///< sealed

  explicit SegmentObject(const ObjectId& i, const storage::ObjectInfo& object)
      : id(i), name(object.name), size(object.size) {}
};

Task<std::vector<SegmentObject>> list_segments(storage::Store& store) {
  std::vector<SegmentObject> segments;
  for (const storage::ObjectInfo& object : co_await storage::list_all(store, std::string(kIndexPrefix))) {
    const auto id = ObjectId::parse(std::string_view(object.name).substr(kIndexPrefix.size()));
    if (id) segments.emplace_back(*id, object);
  }
  co_return segments;
}

/// Reads segments, few at once, and hands each to `take`, on the pool and one after another.
class SegmentReader {
 public:
  using Take = std::function<void(const ObjectId&, const SegmentView&)>;

  /// `seen` are passed over.
  SegmentReader(Repository::Impl& repository, std::set<ObjectId> seen, Take take)
      : repository_(repository),
        seen_(std::move(seen)),
        take_(std::move(take)),
        budget_(repository.environment.memory_budget / 2) {}

  Task<void> run(std::vector<SegmentObject> listed);

 private:
  Task<void> read(SegmentObject segment);

  Repository::Impl& repository_;
  std::set<ObjectId> seen_;
  const Take take_;
  std::mutex taking_;
  Budget budget_;
  std::vector<std::string> vanished_;
};

/// A collector may replace segments between our list and our reads. What takes their place was put before
/// they went, so another list shows it; what was read stays good, and each look has less to read than the one
/// before.
Task<void> SegmentReader::run(std::vector<SegmentObject> listed) {
  for (int looks = 1;; ++looks) {
    std::erase_if(listed, [this](const SegmentObject& segment) { return !seen_.insert(segment.id).second; });
    vanished_.clear();
    co_await each_parallel(listed.size(), kSegmentsAtOnce, [&](std::size_t i) { return read(listed[i]); });
    if (vanished_.empty()) co_return;
    if (looks == kLooks)
      throw Error(ErrorKind::Unavailable,
                  "index segments go faster than they can be read, the last of them {}", vanished_.back());
    listed = co_await list_segments(repository_.store);
  }
}

Task<void> SegmentReader::read(SegmentObject segment) {
  const Budget::Hold hold = co_await budget_.acquire(2 * segment.size);
  std::optional<Bytes> sealed;
  try {
    sealed = co_await get_small(repository_.store, segment.name, kMaxSegmentBytes);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::NotFound) throw;
    vanished_.push_back(segment.name);
  }
  if (!sealed) co_return;
  try {
    co_await net::offload(repository_.environment.pool, [&] {
      const Bytes plain = open_object(repository_.keys, kSegmentMagic, segment.name, *sealed);
      sealed.reset();
      const SegmentView view(plain);
      const std::lock_guard lock(taking_);
      take_(segment.id, view);
    });
  } catch (const Error& e) {
    if (!is_damage(e)) throw;
    throw Error(e.kind(), "{}; stash repair index makes it again from the packs", e.what());
  }
}

/// Those of `old` that are listed.
std::set<ObjectId> kept_segments(const IndexFile& old, const std::set<ObjectId>& listed) {
  std::set<ObjectId> kept;
  for (const ObjectId& segment : old.segments())
    if (listed.contains(segment)) kept.insert(segment);
  return kept;
}

/// A new local file: what is kept of the old one, and the other segments.
Task<std::unique_ptr<const IndexFile>> make_file(Repository::Impl& repository,
                                                 std::unique_ptr<const IndexFile> old,
                                                 std::set<ObjectId> kept, std::set<ObjectId> listed,
                                                 std::vector<SegmentObject> segments) {
  const Environment& env = repository.environment;
  IndexFileWriter writer(env.index_directory, repository.config.id,
                         std::min(env.memory_budget / 4, kMaxSortMemory));
  if (old) co_await net::offload(env.pool, [&] { writer.keep(std::move(old), listed); });
  SegmentReader reader(repository, std::move(kept),
                       [&](const ObjectId& segment, const SegmentView& view) { writer.add(segment, view); });
  co_await reader.run(std::move(segments));
  co_return co_await net::offload(env.pool, [&] { return writer.finish(); });
}

/// The local file as it is, or made anew with what came and without what went.
Task<std::unique_ptr<const IndexFile>> fresh_file(Repository::Impl& repository,
                                                  std::vector<SegmentObject> segments) {
  const Environment& env = repository.environment;
  const ObjectId& id = repository.config.id;
  std::set<ObjectId> listed;
  for (const SegmentObject& segment : segments) listed.insert(segment.id);
  auto old = co_await net::offload(
      env.pool, [&] { return IndexFile::open(IndexFile::path(env.index_directory, id), id); });
  std::set<ObjectId> kept = old ? kept_segments(*old, listed) : std::set<ObjectId>();
  const bool some_went = old && kept.size() < old->segments().size();
  if (old && !some_went && kept.size() == listed.size()) co_return old;
  // A pack of a segment that went may be in another one that the file passed over.
  if (some_went && old->header().overlaps > 0) {
    old.reset();
    kept.clear();
  }
  auto made =
      co_await make_file(repository, std::move(old), std::move(kept), std::move(listed), std::move(segments));
  // What it took would else stay beside what the work itself takes.
  give_back_memory();
  co_return made;
}

/// Null when there is no place for the file, or its disk fails.
Task<std::unique_ptr<const IndexFile>> try_file(Repository::Impl& repository,
                                                std::vector<SegmentObject> segments) {
  if (repository.environment.index_directory.empty()) co_return nullptr;
  try {
    co_return co_await fresh_file(repository, std::move(segments));
  } catch (const IndexFileError& e) {
    log::debug("the index is held in memory",
               {{"directory", repository.environment.index_directory}, {"error", e.what()}});
  }
  co_return nullptr;
}

}  // namespace

Task<void> load_segments(Repository::Impl& repository, Index& index) {
  std::vector<SegmentObject> segments = co_await list_segments(repository.store);
  auto file = co_await try_file(repository, segments);
  if (file) {
    index.adopt(std::move(file));
    co_return;
  }
  std::uint64_t bytes = 0;
  for (const SegmentObject& segment : segments) bytes += segment.size;
  index.reserve(static_cast<std::size_t>(std::min(bytes / kSegmentBlobBytes, kMaxReserved)));
  SegmentReader reader(repository, {}, [&](const ObjectId&, const SegmentView& view) { index.add(view); });
  co_await reader.run(std::move(segments));
  co_await net::offload(repository.environment.pool, [&] { index.settle(); });
}

}  // namespace stash::engine

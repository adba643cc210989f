#include "engine/blobs/copy_blobs.hpp"

#include <algorithm>

#include "engine/blobs/fetch_plan.hpp"
#include "engine/blobs/open_frame.hpp"
#include "engine/parallel/each_parallel.hpp"
#include "engine/repository/repository_impl.hpp"
#include "engine/repository/store_io.hpp"
#include "stash/base/error.hpp"

namespace stash::engine {
namespace {

constexpr std::uint64_t kMaxCopyRun = std::uint64_t{2} << 20;
/// A run and a decoded frame are a sixth of it: the packs in the making have three fifths.
constexpr std::uint64_t kBudgetOfRun = 6 * (kMaxCopyRun + kMaxFrame);

/// Rows of one frame.
struct CopyFrame {
  FramePlace place;
  std::span<const Index::Row> rows;
  std::uint64_t needed = 0;  ///< raw bytes of the rows
};

/// `rows` are sorted by pack and frame.
std::vector<CopyFrame> frames_of(const Index& index, std::span<const Index::Row> rows) {
  std::vector<CopyFrame> frames;
  for (std::size_t first = 0; first < rows.size();) {
    const Index::Place& place = rows[first].place;
    std::size_t next = first;
    CopyFrame frame{index.frame(place), {}, 0};
    for (; next < rows.size() && rows[next].place.frame == place.frame && rows[next].place.pack == place.pack;
         ++next)
      frame.needed += rows[next].place.length;
    frame.rows = rows.subspan(first, next - first);
    frames.push_back(frame);
    first = next;
  }
  return frames;
}

std::vector<FetchRun> plan_copies(std::span<const CopyFrame> frames) {
  FetchPlanner planner(kMaxCopyRun);
  for (const CopyFrame& frame : frames) planner.add(frame.place);
  return std::move(planner).runs();
}

class Copier {
 public:
  Copier(Repository::Impl& repository, BlobKind kind, BlobWriter& writer, PackSet* damaged)
      : repository_(repository), kind_(kind), writer_(writer), damaged_(damaged), reader_(repository) {}

  /// `frames` are those of the run.
  Task<void> copy(const FetchRun& run, std::span<const CopyFrame> frames);

 private:
  Task<void> copy_frame(const CopyFrame& frame, ByteView stored);
  void store(const CopyFrame& frame, ByteView stored, BlobWriter::Lease& lease) const;
  void note_damage(const ObjectId& pack, const std::exception_ptr& damage) const;

  Repository::Impl& repository_;
  const BlobKind kind_;
  BlobWriter& writer_;
  PackSet* const damaged_;
  BlobReader reader_;
};

Task<void> Copier::copy(const FetchRun& run, std::span<const CopyFrame> frames) {
  Bytes stored;
  std::exception_ptr damage;
  try {
    stored = co_await reader_.fetch(run.pack, run.offset, run.length);
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::NotFound) co_return;
    if (e.kind() != ErrorKind::Corrupt) throw;
    damage = std::current_exception();
  }
  for (std::size_t i = 0; !damage && i < frames.size(); ++i) {
    const CopyFrame& frame = frames[i];
    const ByteView bytes = ByteView(stored).subspan(frame.place.offset - run.offset, frame.place.stored);
    try {
      co_await copy_frame(frame, bytes);
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::Corrupt) throw;
      note_damage(run.pack, std::current_exception());
    }
  }
  if (damage) note_damage(run.pack, damage);
}

void Copier::note_damage(const ObjectId& pack, const std::exception_ptr& damage) const {
  if (!damaged_) std::rethrow_exception(damage);
  damaged_->insert(pack);
}

Task<void> Copier::copy_frame(const CopyFrame& frame, ByteView stored) {
  if (frame.needed > frame.place.raw)
    throw Error(ErrorKind::Corrupt, "{}: the blobs of the frame at byte {} are longer than the frame",
                pack_name(frame.place.pack), frame.place.offset);
  BlobWriter::Lease lease = co_await writer_.admit(kind_, frame.needed, frame.rows.size());
  co_await net::offload(repository_.environment.pool, [&] { store(frame, stored, lease); });
}

/// On the pool.
void Copier::store(const CopyFrame& frame, ByteView stored, BlobWriter::Lease& lease) const {
  const OpenFrame open(reader_, frame.place, kind_, stored);
  for (const Index::Row& row : frame.rows) {
    const Index::Place& place = row.place;
    if (std::uint64_t{place.offset} + place.length > open.raw().size())
      throw Error(ErrorKind::Corrupt, "{}: the index points outside a frame", pack_name(frame.place.pack));
    const StoredBlob copy = open.store(writer_, lease, place.offset, place.length);
    // The id is made of the content, so a copy proves what it copies.
    if (key_of(copy.ref.id) != row.key)
      throw Error(ErrorKind::Corrupt,
                  "{}: damaged: the blob at byte {} of frame {} is not what the index says",
                  pack_name(frame.place.pack), place.offset, frame.place.offset);
  }
}

}  // namespace

Task<void> copy_blobs(Repository::Impl& repository, const Index& index, BlobKind kind,
                      std::vector<Index::Row> rows, BlobWriter& writer, PackSet* damaged) {
  std::ranges::sort(rows, {}, [](const Index::Row& row) {
    return std::tuple(row.place.pack, row.place.frame, row.place.offset);
  });
  const std::vector<CopyFrame> frames = frames_of(index, rows);
  const std::vector<FetchRun> runs = plan_copies(frames);
  Copier copier(repository, kind, writer, damaged);
  const auto width = std::max<std::uint64_t>(repository.environment.memory_budget / kBudgetOfRun, 1);
  co_await each_parallel(runs.size(), width, [&](std::size_t i) {
    return copier.copy(runs[i], std::span(frames).subspan(runs[i].first, runs[i].count));
  });
}

}  // namespace stash::engine

#include "engine/blobs/blob_writer.hpp"

#include <boost/asio/this_coro.hpp>

#include <atomic>
#include <cassert>

#include "engine/blobs/frame_group.hpp"
#include "engine/blobs/pack_lane.hpp"
#include "engine/format/sealed.hpp"
#include "engine/index/key_set.hpp"
#include "engine/parallel/signal.hpp"
#include "engine/repository/repository_impl.hpp"
#include "engine/repository/store_io.hpp"
#include "engine/repository/tombs.hpp"
#include "stash/crypto/xxh3.hpp"

namespace stash::engine {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::size_t kSegmentPacks = 64;
constexpr std::size_t kSegmentBlobs = 1u << 16;
constexpr Duration kSegmentAge = std::chrono::minutes(5);
constexpr std::uint64_t kMaxCosts = kMiB;  ///< of the blobs of one lease

/// Of the budget three fifths are for data packs and a twelfth for tree packs, each of which its last frame
/// takes beyond its target; the rest is for who reads, for the segments in the making and for the decoded
/// metadata.
PackLimits data_limits(std::uint64_t budget) {
  return {std::clamp(budget / 20 * 3, 4 * kMiB, 64 * kMiB), 2, 4};
}
PackLimits tree_limits(std::uint64_t budget) { return {std::clamp(budget / 24, 4 * kMiB, 16 * kMiB), 1, 2}; }

/// Counts who waits for the store while it lives.
class StoreWaiter {
 public:
  explicit StoreWaiter(Progress& progress) : progress_(progress) { ++progress_.store_waiters; }
  ~StoreWaiter() { --progress_.store_waiters; }
  StoreWaiter(const StoreWaiter&) = delete;
  StoreWaiter& operator=(const StoreWaiter&) = delete;

 private:
  Progress& progress_;
};

}  // namespace

struct BlobWriter::Impl {
  Impl(Repository::Impl& r, Progress& p, std::shared_ptr<const LoadedIndex> known_before)
      : repository(r),
        progress(p),
        lanes{PackLane(r.keys, r.environment, BlobKind::Data, data_limits(r.environment.memory_budget)),
              PackLane(r.keys, r.environment, BlobKind::Tree, tree_limits(r.environment.memory_budget))},
        loaded(std::move(known_before)),
        index(loaded->index),
        begun(r.environment.timers.steady()),
        last_segment(begun) {}

  PackLane& lane(BlobKind kind) { return lanes[static_cast<std::size_t>(kind)]; }
  FrameGroup& group(BlobKind kind) { return groups[static_cast<std::size_t>(kind)]; }

  Task<void> start_uploads();
  Task<void> upload_loop();
  Task<void> upload(PackLane& lane, OpenPack& pack);
  Task<void> write_segment();
  Task<void> make_segment_room();
  bool segment_is_due() const;
  void rethrow_failure() const {
    if (failure) std::rethrow_exception(failure);
  }

  Repository::Impl& repository;
  Progress& progress;
  std::array<PackLane, 2> lanes;
  std::array<FrameGroup, 2> groups{FrameGroup(lanes[0]), FrameGroup(lanes[1])};
  const std::shared_ptr<const LoadedIndex> loaded;
  const Index& index;
  KeySet known;
  std::atomic<std::uint64_t> blobs_new{0};
  std::atomic<std::uint64_t> bytes_new{0};

  // Control thread only.
  net::TaskGroup uploads;
  bool started = false;
  bool stopping = false;
  std::size_t uploading = 0;
  std::exception_ptr failure;
  Signal changed;  ///< packs became ready, room became free, an upload ended
  Segment segment;
  bool writing_segment = false;
  bool unsynced = false;  ///< a segment was put since the last barrier
  const std::chrono::steady_clock::time_point begun;
  std::chrono::steady_clock::time_point last_segment;
  std::uint64_t bytes_stored = 0;
};

// --- Leases and blobs ---

BlobWriter::Lease::Lease(Lease&& other) noexcept
    : writer_(std::exchange(other.writer_, nullptr)),
      kind_(other.kind_),
      left_(std::exchange(other.left_, 0)),
      costs_left_(std::exchange(other.costs_left_, 0)) {}

BlobWriter::Lease& BlobWriter::Lease::operator=(Lease&& other) noexcept {
  if (this != &other) {
    release();
    writer_ = std::exchange(other.writer_, nullptr);
    kind_ = other.kind_;
    left_ = std::exchange(other.left_, 0);
    costs_left_ = std::exchange(other.costs_left_, 0);
  }
  return *this;
}

std::uint64_t BlobWriter::Lease::take(std::uint64_t bytes) {
  const std::uint64_t cost = std::min(costs_left_, kBlobCost);
  left_ -= bytes;
  costs_left_ -= cost;
  return bytes + cost;
}

void BlobWriter::Lease::release() {
  if (!writer_) return;
  writer_->lane(kind_).give_back(left_ + costs_left_);
  writer_->changed.notify_all();
  writer_ = nullptr;
  left_ = 0;
  costs_left_ = 0;
}

BlobWriter::BlobWriter(Repository::Impl& repository, Progress& progress,
                       std::shared_ptr<const LoadedIndex> known)
    : impl_(std::make_unique<Impl>(repository, progress, known ? std::move(known) : repository.loaded())) {
  repository.config.require_writable();
  impl_->loaded->require_tombs();
}

BlobWriter::~BlobWriter() {
  assert((!impl_->started || impl_->stopping) && "finish() or abandon() a writer");
}

Task<BlobWriter::Lease> BlobWriter::admit(BlobKind kind, std::uint64_t bytes, std::uint64_t blobs) {
  if (bytes > kMaxLease) throw Error(ErrorKind::Internal, "a lease of {} bytes is too large", bytes);
  const std::uint64_t costs = std::min(blobs, kMaxCosts / kBlobCost) * kBlobCost;
  co_await impl_->start_uploads();
  for (;;) {
    impl_->rethrow_failure();
    if (impl_->lane(kind).try_admit(bytes + costs)) co_return Lease(*impl_, kind, bytes, costs);
    const StoreWaiter waiter(impl_->progress);
    co_await impl_->changed.wait();
  }
}

StoredBlob BlobWriter::store(Lease& lease, ByteView bytes) {
  return store(lease, bytes, impl_->repository.keys.id_of(lease.kind_, bytes), nullptr);
}

StoredBlob BlobWriter::store(Lease& lease, ByteView bytes, const Payload& payload) {
  return store(lease, bytes, impl_->repository.keys.id_of(lease.kind_, bytes), &payload);
}

std::vector<BlobRef> BlobWriter::store_all(Lease& lease, std::span<const ByteView> blobs) {
  const std::vector<BlobId> ids = impl_->repository.keys.ids_of(lease.kind_, blobs);
  std::vector<BlobRef> refs;
  refs.reserve(blobs.size());
  for (std::size_t i = 0; i < blobs.size(); ++i) refs.push_back(store(lease, blobs[i], ids[i], nullptr).ref);
  return refs;
}

StoredBlob BlobWriter::store(Lease& lease, ByteView bytes, const BlobId& id, const Payload* payload) {
  Impl& w = *impl_;
  const BlobKind kind = lease.kind_;
  if (bytes.empty() || bytes.size() > kMaxBlob || bytes.size() > lease.left_)
    throw Error(ErrorKind::Internal, "a blob of {} bytes under a lease of {}", bytes.size(), lease.left_);
  const BlobKey key = key_of(id);
  const auto size = static_cast<std::uint32_t>(bytes.size());
  if (w.index.has(kind, key) || !w.known.insert(key)) return {{id, size}, false};
  const std::uint64_t set_aside = lease.take(bytes.size());
  w.blobs_new.fetch_add(1, std::memory_order_relaxed);
  w.bytes_new.fetch_add(size, std::memory_order_relaxed);
  w.progress.bytes_new.fetch_add(size, std::memory_order_relaxed);
  if (bytes.size() < kGroupBelow)
    w.group(kind).add(id, bytes, set_aside);
  else if (payload && payload->bytes.size() <= bytes.size())
    w.lane(kind).put(*payload, bytes.size(), {FrameBlob{id, 0, size}}, set_aside);
  else
    w.lane(kind).put(bytes, {FrameBlob{id, 0, size}}, set_aside);
  return {{id, size}, true};
}

Task<BlobRef> BlobWriter::add(BlobKind kind, Bytes bytes) {
  Lease lease = co_await admit(kind, bytes.size());
  const StoredBlob stored =
      co_await net::offload(impl_->repository.environment.pool, [&] { return store(lease, bytes); });
  co_return stored.ref;
}

const std::set<std::string>& BlobWriter::tombs() const { return impl_->loaded->tombs; }

void BlobWriter::require_young() const {
  if (impl_->repository.environment.timers.steady() - impl_->begun > kTombRetention - std::chrono::hours(24))
    throw Error(ErrorKind::Unavailable,
                "the session ran for so long that what it relies on may be gone; run it again");
}

std::uint64_t BlobWriter::blobs_new() const { return impl_->blobs_new; }
std::uint64_t BlobWriter::bytes_new() const { return impl_->bytes_new; }
std::uint64_t BlobWriter::bytes_stored() const { return impl_->bytes_stored; }

// --- Uploads ---

Task<void> BlobWriter::Impl::start_uploads() {
  if (started) co_return;
  started = true;
  const std::size_t parallel = data_limits(repository.environment.memory_budget).buffers;
  for (std::size_t i = 0; i < parallel; ++i) co_await uploads.spawn(upload_loop());
}

Task<void> BlobWriter::Impl::upload_loop() {
  try {
    for (;;) {
      std::unique_ptr<OpenPack> pack;
      PackLane* from = nullptr;
      for (PackLane& lane : lanes) {
        from = &lane;
        pack = lane.take_ready();
        if (pack) break;
      }
      if (pack) {
        ++uploading;
        co_await upload(*from, *pack);
        --uploading;
        from->give_back(std::move(pack));
        if (segment_is_due() && !writing_segment) co_await write_segment();
        changed.notify_all();
      } else if (stopping) {
        co_return;
      } else {
        co_await changed.wait();
      }
    }
  } catch (...) {
    if (!failure) failure = std::current_exception();
    changed.notify_all();
    throw;
  }
}

Task<void> BlobWriter::Impl::upload(PackLane& lane, OpenPack& pack) {
  const auto checksum = co_await net::offload(repository.environment.pool, [&] {
    lane.complete(pack);
    return crypto::xxh3_128(pack.view());
  });
  co_await put_new(repository.store, pack_name(pack.id), pack.view());
  bytes_stored += pack.used;
  progress.bytes_stored.fetch_add(pack.used, std::memory_order_relaxed);
  co_await make_segment_room();
  append_pack(segment, {pack.id, pack.used, checksum, lane.kind()}, pack.footer);
}

/// A segment is held as a whole by whoever writes or reads it: to one that is due nothing is added.
Task<void> BlobWriter::Impl::make_segment_room() {
  while (segment_is_due()) {
    if (writing_segment)
      co_await changed.wait();
    else
      co_await write_segment();
  }
}

bool BlobWriter::Impl::segment_is_due() const {
  return segment.packs.size() >= kSegmentPacks || segment.blobs.size() >= kSegmentBlobs ||
         (!segment.packs.empty() && repository.environment.timers.steady() - last_segment >= kSegmentAge);
}

Task<void> BlobWriter::Impl::write_segment() {
  if (segment.packs.empty()) co_return;
  writing_segment = true;
  last_segment = repository.environment.timers.steady();
  Segment done = std::exchange(segment, Segment{});
  // A segment names only packs that are durable.
  co_await repository.store.sync();
  const std::string name = repository.new_segment_name();
  const Bytes sealed = co_await net::offload(repository.environment.pool, [&] {
    return seal_object(repository.keys, kSegmentMagic, name, encode_segment(std::move(done)));
  });
  co_await put_new(repository.store, name, sealed);
  unsynced = true;
  bytes_stored += sealed.size();
  repository.index_is_old();
  writing_segment = false;
  changed.notify_all();
}

Task<void> BlobWriter::flush() {
  Impl& w = *impl_;
  if (!w.started) co_return;
  co_await net::offload(w.repository.environment.pool, [&w] {
    for (const BlobKind kind : {BlobKind::Data, BlobKind::Tree}) {
      w.group(kind).put();
      w.lane(kind).close_all();
    }
  });
  w.changed.notify_all();
  const StoreWaiter waiter(w.progress);
  for (;;) {
    w.rethrow_failure();
    const bool idle =
        w.uploading == 0 && !w.lanes[0].has_ready() && !w.lanes[1].has_ready() && !w.writing_segment;
    if (idle) break;
    co_await w.changed.wait();
  }
  co_await w.write_segment();
  if (std::exchange(w.unsynced, false)) co_await w.repository.store.sync();
  // A commit may have to copy, with a writer of its own.
  for (PackLane& lane : w.lanes) lane.release_memory();
}

Task<void> BlobWriter::finish() {
  co_await flush();
  impl_->stopping = true;
  impl_->changed.notify_all();
  co_await impl_->uploads.join();
}

Task<void> BlobWriter::abandon() {
  impl_->stopping = true;
  impl_->uploads.cancel();
  try {
    co_await impl_->uploads.join();
  } catch (...) {
    // Whatever made the session fail is known to the caller already.
  }
}

Task<void> then_abandon(BlobWriter& writer, Task<void> work) {
  namespace this_coro = boost::asio::this_coro;
  std::exception_ptr failure;
  try {
    co_await std::move(work);
  } catch (...) {
    failure = std::current_exception();
  }
  // A cancelled coroutine could await nothing more, but the uploads must have ended before the writer goes.
  const bool throws = co_await this_coro::throw_if_cancelled();
  co_await this_coro::throw_if_cancelled(false);
  co_await writer.abandon();
  co_await this_coro::throw_if_cancelled(throws);
  if (failure) std::rethrow_exception(failure);
}

namespace {

Task<void> finish_after(BlobWriter& writer, Task<void> work) {
  co_await std::move(work);
  co_await writer.finish();
}

}  // namespace

Task<void> write_session(Repository::Impl& repository, Progress& progress,
                         std::function<Task<void>(BlobWriter&)> work,
                         std::shared_ptr<const LoadedIndex> known) {
  BlobWriter writer(repository, progress, std::move(known));
  co_await then_abandon(writer, finish_after(writer, work(writer)));
}

}  // namespace stash::engine

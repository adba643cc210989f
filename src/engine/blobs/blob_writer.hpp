#pragma once

// From bytes to acknowledged packs.
//
//   control thread   admit(kind, bytes) gives a lease
//   pool threads     store(): id, known?, lz4, seal
//   control thread   upload of full packs, then index segments
//
// One chunk stays on one core: store() does everything a blob needs, back to back, and never waits, because
// admit() has set aside the pack memory beforehand. Its result is written straight into the open pack.

#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "engine/format/entry.hpp"
#include "engine/format/frame.hpp"
#include "stash/engine/progress.hpp"
#include "stash/engine/repository.hpp"

namespace stash::engine {

struct LoadedIndex;

struct StoredBlob {
  BlobRef ref;
  bool fresh = false;  ///< not known before this session
};

/// Puts blobs of one session into a repository. Made and used on the control thread, but for store().
///
/// finish() or abandon() must have returned before it goes.
class BlobWriter {
 public:
  /// Most bytes one lease may be for.
  static constexpr std::uint64_t kMaxLease = std::uint64_t{4} << 20;

  struct Impl;

  /// Pack memory set aside for blobs of one kind. Dies on the control thread; gives back what was not used.
  class Lease {
   public:
    Lease() = default;
    Lease(Lease&& other) noexcept;
    Lease& operator=(Lease&& other) noexcept;
    ~Lease() { release(); }
    void release();

   private:
    friend class BlobWriter;
    Lease(Impl& writer, BlobKind kind, std::uint64_t bytes, std::uint64_t costs)
        : writer_(&writer), kind_(kind), left_(bytes), costs_left_(costs) {}
    /// What is set aside for a blob of so many bytes, which leaves the lease.
    std::uint64_t take(std::uint64_t bytes);
    Impl* writer_ = nullptr;
    BlobKind kind_ = BlobKind::Data;
    std::uint64_t left_ = 0;
    std::uint64_t costs_left_ = 0;  ///< for kBlobCost of each
  };

  /// `known` tells what is stored already; by default the index of the repository, which must be loaded
  /// (Repository::Impl::load_index). `progress` gets bytes_new and bytes_stored. Error(Corrupt) when a tomb
  /// cannot be read: what is stored may be condemned.
  BlobWriter(Repository::Impl& repository, Progress& progress, std::shared_ptr<const LoadedIndex> known = {});
  ~BlobWriter();
  BlobWriter(const BlobWriter&) = delete;
  BlobWriter& operator=(const BlobWriter&) = delete;

  /// Waits for pack memory for blobs of `bytes` in all (at most kMaxLease). `blobs`: how many, where they may
  /// be small; what they take beside their bytes is memory, too. Throws what made an upload fail.
  Task<Lease> admit(BlobKind kind, std::uint64_t bytes, std::uint64_t blobs = 1);

  /// Stores one blob of 1 to kMaxBlob bytes under a lease that still covers it. Any thread, several at once
  /// with a lease each; never waits for the store. Known blobs cost a hash and a lookup.
  StoredBlob store(Lease& lease, ByteView bytes);
  /// The same of a blob that is all of the frame with this payload: where it gets a frame of its own again,
  /// it is not compressed again.
  StoredBlob store(Lease& lease, ByteView bytes, const Payload& payload);
  /// The same for many blobs, together covered by the lease, in their order; their ids come faster.
  std::vector<BlobRef> store_all(Lease& lease, std::span<const ByteView> blobs);

  /// admit() and store() on the pool: for the few blobs that are not file content.
  Task<BlobRef> add(BlobKind kind, Bytes bytes);

  /// Everything stored so far is durable and listed in durable index segments when this returns. No lease may
  /// be out. Blobs may be added again afterwards.
  Task<void> flush();
  /// flush(), then ends the uploads.
  Task<void> finish();
  /// Stops the uploads and forgets what was not uploaded; ignores cancellation, never throws. Fine after
  /// finish().
  Task<void> abandon();

  /// Tombs that were known when this session decided what is stored already.
  const std::set<std::string>& tombs() const;
  /// Error(Unavailable) when the session is so old that a tomb may have come and gone meanwhile.
  void require_young() const;

  std::uint64_t blobs_new() const;
  std::uint64_t bytes_new() const;     ///< raw
  std::uint64_t bytes_stored() const;  ///< packs and segments acknowledged by the store

 private:
  StoredBlob store(Lease& lease, ByteView bytes, const BlobId& id, const Payload* payload);

  std::unique_ptr<Impl> impl_;
};

/// Awaits `work`, which uses the writer, and then abandon() whatever became of it, also when it was
/// cancelled; throws what `work` threw.
Task<void> then_abandon(BlobWriter& writer, Task<void> work);

/// Runs `work` with a writer and ends it properly whatever happens: finish() after success, abandon() after a
/// failure or cancellation. `work` is a function that calls a coroutine, not a capturing coroutine itself.
Task<void> write_session(Repository::Impl& repository, Progress& progress,
                         std::function<Task<void>(BlobWriter&)> work,
                         std::shared_ptr<const LoadedIndex> known = {});

}  // namespace stash::engine

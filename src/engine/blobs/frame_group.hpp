#pragma once

#include <mutex>
#include <vector>

#include "engine/blobs/pack_lane.hpp"

namespace stash::engine {

/// Small blobs of one lane that share a frame, collected until there are enough. Any thread.
///
/// What was set aside in the lane for a blob stays so until its frame is put.
class FrameGroup {
 public:
  /// `lane` must outlive it.
  explicit FrameGroup(PackLane& lane) : lane_(lane) {}

  /// Adds a blob of fewer than kGroupBelow bytes for which `set_aside` bytes were, and puts the frame when it
  /// is full.
  void add(const BlobId& id, ByteView bytes, std::uint64_t set_aside);
  /// Puts the frame as it is, if it holds anything.
  void put();

 private:
  struct Frame {
    Bytes raw;
    std::vector<FrameBlob> blobs;
    std::uint64_t set_aside = 0;

    bool is_full() const;
  };
  void put(const Frame& frame) { lane_.put(frame.raw, frame.blobs, frame.set_aside); }

  PackLane& lane_;
  std::mutex mutex_;
  Frame filling_;  ///< under mutex_
};

}  // namespace stash::engine

#include "engine/segment_merge.hpp"

#include <algorithm>

#include "engine/format/sealed.hpp"
#include "engine/format/segment.hpp"
#include "engine/repository_impl.hpp"
#include "engine/store_io.hpp"

namespace stash::engine {
namespace {

constexpr std::uint64_t kMaxSegment = std::uint64_t{4} << 30;
constexpr std::uint64_t kSmallSegment = std::uint64_t{4} << 20;
constexpr std::size_t kManySegments = 32;
constexpr std::size_t kMaxMergedBlobs = 1u << 20;

std::optional<ObjectId> segment_id(std::string_view name) {
  return ObjectId::parse(name.substr(kIndexPrefix.size()));
}

/// Adds a segment to another, without the packs of `without`; those it adds are put there.
void merge_into(Segment& merged, const Segment& part, PackSet& without) {
  std::vector<std::optional<std::uint32_t>> pack_at(part.packs.size());
  std::vector<std::uint32_t> frame_base(part.packs.size());
  for (std::size_t i = 0; i < part.packs.size(); ++i) {
    SegmentPack pack = part.packs[i];
    if (!without.insert(pack.id).second) continue;
    const auto frames = part.frames.begin() + pack.first_frame;
    pack_at[i] = static_cast<std::uint32_t>(merged.packs.size());
    frame_base[i] = static_cast<std::uint32_t>(merged.frames.size()) - pack.first_frame;
    pack.first_frame = static_cast<std::uint32_t>(merged.frames.size());
    merged.frames.insert(merged.frames.end(), frames, frames + pack.frames);
    merged.packs.push_back(pack);
  }
  for (const SegmentBlob& blob : part.blobs) {
    const auto pack = pack_at[blob.pack];
    if (!pack) continue;
    merged.blobs.push_back({blob.id, *pack, frame_base[blob.pack] + blob.frame, blob.offset, blob.length});
  }
}

class Merge {
 public:
  Merge(Repository::Impl& repository, PackSet gone)
      : repository_(repository), gone_(gone), without_(std::move(gone)) {}

  Task<void> run();

 private:
  Task<std::optional<Segment>> read(std::string name);
  Task<void> replace();

  Repository::Impl& repository_;
  const PackSet gone_;
  PackSet without_;  ///< gone, or merged already
  Segment merged_;
  std::vector<std::string> old_;
};

Task<void> Merge::run() {
  std::vector<storage::ObjectInfo> objects =
      co_await storage::list_all(repository_.store, std::string(kIndexPrefix));
  std::erase_if(objects, [](const storage::ObjectInfo& object) { return !segment_id(object.name); });
  const auto is_small = [](const storage::ObjectInfo& object) { return object.size < kSmallSegment; };
  const bool merge_small = static_cast<std::size_t>(std::ranges::count_if(objects, is_small)) > kManySegments;
  if (gone_.empty() && !merge_small) co_return;
  for (const storage::ObjectInfo& object : objects) {
    const auto part = co_await read(object.name);
    if (!part) continue;
    const bool names_gone =
        std::ranges::any_of(part->packs, [&](const SegmentPack& pack) { return gone_.contains(pack.id); });
    if (!names_gone && !(merge_small && is_small(object))) continue;
    merge_into(merged_, *part, without_);
    old_.push_back(object.name);
    if (merged_.blobs.size() >= kMaxMergedBlobs) co_await replace();
  }
  co_await replace();
}

Task<std::optional<Segment>> Merge::read(std::string name) {
  try {
    const Bytes sealed = co_await get_small(repository_.store, name, kMaxSegment);
    const Bytes plain = open_object(repository_.keys, kSegmentMagic, name, sealed);
    co_return decode_segment(plain);
  } catch (const Error& e) {
    // Another collector merged it meanwhile.
    if (e.kind() != ErrorKind::NotFound) throw;
  }
  co_return std::nullopt;
}

/// Puts what was merged so far and removes what it was merged from, in this order.
Task<void> Merge::replace() {
  if (old_.empty()) co_return;
  for (const std::string& name : old_) merged_.superseded.push_back(*segment_id(name));
  if (!merged_.packs.empty()) {
    const std::string name = repository_.new_segment_name();
    const Bytes plain = encode_segment(std::exchange(merged_, Segment{}));
    const Bytes sealed = seal_object(repository_.keys, kSegmentMagic, name, plain);
    co_await put_new(repository_.store, name, sealed);
    co_await repository_.store.sync();
  }
  for (const std::string& name : std::exchange(old_, {})) co_await repository_.store.remove(name);
  merged_ = {};
}

}  // namespace

Task<void> rewrite_segments(Repository::Impl& repository, PackSet gone) {
  Merge merge(repository, std::move(gone));
  co_await merge.run();
}

}  // namespace stash::engine

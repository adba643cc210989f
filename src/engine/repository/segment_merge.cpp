#include "engine/repository/segment_merge.hpp"

#include <algorithm>
#include <array>

#include "engine/format/sealed.hpp"
#include "engine/format/segment.hpp"
#include "engine/repository/repository_impl.hpp"
#include "engine/repository/store_io.hpp"

namespace stash::engine {
namespace {

// Segments stand on levels by their size, eight times as large on each as on the one below. Where eight have
// come together on one level they become one that belongs above, with all that is below. So there are few
// that are not full, a blob is written again at most once a level, and what is full is left alone.
constexpr std::uint64_t kFullSegment = std::uint64_t{2} << 20;
constexpr std::uint64_t kLowestLevel = kFullSegment / 512;
constexpr std::size_t kFanout = 8;
constexpr std::size_t kLevels = 4;

/// kLevels for a full one.
std::size_t level_of(std::uint64_t size) {
  std::size_t level = 0;
  for (std::uint64_t below = kLowestLevel; level < kLevels && size >= below; below *= kFanout) ++level;
  return level;
}

/// Segments on lower levels are merged.
std::size_t merge_below(const std::vector<storage::ObjectInfo>& segments) {
  std::array<std::size_t, kLevels + 1> on{};
  for (const storage::ObjectInfo& segment : segments) ++on[level_of(segment.size)];
  std::size_t below = 0;
  for (std::size_t level = 0; level < kLevels; ++level)
    if (on[level] >= kFanout) below = level + 1;
  return below;
}

std::optional<ObjectId> segment_id(std::string_view name) {
  return ObjectId::parse(name.substr(kIndexPrefix.size()));
}

bool is_full(const Segment& segment) { return encoded_size(segment) >= kFullSegment; }

/// Adds packs of a segment to another until that is full, from number `first` on and without those of
/// `without`; those it adds are put there. Gives the number of the first pack that is left.
std::size_t merge_into(Segment& merged, const SegmentView& part, std::size_t first, PackSet& without) {
  std::vector<std::size_t> blobs_in(part.packs().size());
  for (std::size_t i = 0; i < part.blobs(); ++i) ++blobs_in[part.pack_of(i)];
  std::vector<std::optional<std::uint32_t>> pack_at(part.packs().size());
  std::vector<std::uint32_t> frame_base(part.packs().size());
  std::size_t size = encoded_size(merged);
  std::size_t next = first;
  for (; next < part.packs().size() && size < kFullSegment; ++next) {
    SegmentPack pack = part.packs()[next];
    if (!without.insert(pack.id).second) continue;
    size += blobs_in[next] * kSegmentBlobBytes;
    pack_at[next] = static_cast<std::uint32_t>(merged.packs.size());
    frame_base[next] = static_cast<std::uint32_t>(merged.frames.size()) - pack.first_frame;
    for (std::uint32_t f = 0; f < pack.frames; ++f) merged.frames.push_back(part.frame(pack.first_frame + f));
    pack.first_frame += frame_base[next];
    merged.packs.push_back(pack);
  }
  for (std::size_t i = 0; i < part.blobs(); ++i) {
    const auto pack = pack_at[part.pack_of(i)];
    if (!pack) continue;
    SegmentBlob blob = part.blob(i);
    blob.frame += frame_base[blob.pack];
    blob.pack = *pack;
    merged.blobs.push_back(blob);
  }
  return next;
}

class Merge {
 public:
  Merge(Repository::Impl& repository, PackSet gone)
      : repository_(repository), gone_(gone), without_(std::move(gone)) {}

  Task<void> run();

 private:
  Task<std::optional<Bytes>> read(std::string name);
  bool names_gone(const SegmentView& segment) const;
  Task<void> merge(std::string name, Bytes plain);
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
  const std::size_t small = merge_below(objects);
  if (gone_.empty() && small == 0) co_return;
  // Where nothing may be deleted, merged segments would only pile up: asked with a name that nobody has.
  co_await repository_.store.remove(repository_.new_segment_name());
  for (const storage::ObjectInfo& object : objects) {
    const bool is_small = level_of(object.size) < small;
    if (gone_.empty() && !is_small) continue;
    auto plain = co_await read(object.name);
    if (plain && (is_small || names_gone(SegmentView(*plain))))
      co_await merge(object.name, std::move(*plain));
  }
  co_await replace();
}

bool Merge::names_gone(const SegmentView& segment) const {
  return std::ranges::any_of(segment.packs(),
                             [this](const SegmentPack& pack) { return gone_.contains(pack.id); });
}

Task<void> Merge::merge(std::string name, Bytes plain) {
  const SegmentView part(plain);
  for (std::size_t pack = 0; pack < part.packs().size();) {
    pack = merge_into(merged_, part, pack, without_);
    // What is left of this one is put with the next: until then it stays.
    if (is_full(merged_)) co_await replace();
  }
  old_.push_back(std::move(name));
}

Task<std::optional<Bytes>> Merge::read(std::string name) {
  try {
    const Bytes sealed = co_await get_small(repository_.store, name, kMaxSegmentBytes);
    co_return open_object(repository_.keys, kSegmentMagic, name, sealed);
  } catch (const Error& e) {
    // Another collector merged it meanwhile.
    if (e.kind() != ErrorKind::NotFound) throw;
  }
  co_return std::nullopt;
}

/// Puts what was merged so far and removes what it was merged from, in this order.
Task<void> Merge::replace() {
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

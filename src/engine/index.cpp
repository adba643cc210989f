#include "engine/index.hpp"

#include <algorithm>

#include "stash/base/error.hpp"

namespace stash::engine {
namespace {

const BlobKey& key_in(const BlobKey& key) { return key; }
const BlobKey& key_in(const Index::Row& row) { return row.key; }

/// First element not below `key`. Keys are uniform, so its place is near where its value says: a few steps of
/// interpolation, then bisection.
template <class T>
typename std::vector<T>::const_iterator find_first(const std::vector<T>& sorted, const BlobKey& key) {
  std::size_t low = 0;
  std::size_t high = sorted.size();
  // Invariant: what stands before `low` is below the key, and the answer is at most `high`.
  for (int step = 0; step < 4 && high - low > 16; ++step) {
    const std::uint64_t from = key_in(sorted[low]).high;
    const std::uint64_t to = key_in(sorted[high - 1]).high;
    if (key.high <= from || key.high > to) break;
    const auto share = static_cast<unsigned __int128>(key.high - from) * (high - 1 - low) / (to - from);
    const std::size_t guess = low + static_cast<std::size_t>(share);
    if (key_in(sorted[guess]) < key)
      low = guess + 1;
    else
      high = guess + 1;
  }
  const auto begin = sorted.begin() + static_cast<std::ptrdiff_t>(low);
  const auto end = sorted.begin() + static_cast<std::ptrdiff_t>(high);
  return std::lower_bound(begin, end, key, [](const T& a, const BlobKey& b) { return key_in(a) < b; });
}

bool by_key(const BlobKey& a, const BlobKey& b) { return a < b; }
bool by_key(const Index::Row& a, const Index::Row& b) {
  return std::tie(a.key, a.place.pack) < std::tie(b.key, b.place.pack);
}

/// Sorts what follows the first `sorted` elements into them.
template <class T>
void settle_tail(std::vector<T>& items, std::size_t& sorted) {
  if (sorted == items.size()) return;
  const auto less = [](const T& a, const T& b) { return by_key(a, b); };
  const auto middle = items.begin() + static_cast<std::ptrdiff_t>(sorted);
  // A merge needs half as much memory again, so only a short tail is merged.
  const bool short_tail = items.size() - sorted < sorted / 8;
  std::sort(short_tail ? middle : items.begin(), items.end(), less);
  if (short_tail) std::inplace_merge(items.begin(), middle, items.end(), less);
  sorted = items.size();
}

}  // namespace

void Index::add(const Segment& segment) {
  constexpr std::uint32_t kSkipped = UINT32_MAX;
  std::vector<std::uint32_t> pack_at(segment.packs.size(), kSkipped);
  std::vector<std::uint32_t> frame_base(segment.packs.size());
  for (std::size_t i = 0; i < segment.packs.size(); ++i) {
    const SegmentPack& pack = segment.packs[i];
    const auto number = static_cast<std::uint32_t>(packs_.size());
    if (!pack_index_.try_emplace(pack.id, number).second) continue;
    const bool condemned = condemned_.contains(pack.id);
    holds_condemned_ = holds_condemned_ || condemned;
    packs_.push_back({pack.id, pack.kind, pack.size, pack.checksum, condemned});
    if (condemned && !keeps_places(pack.kind)) continue;
    pack_at[i] = number;
    frame_base[i] = static_cast<std::uint32_t>(frames_.size()) - pack.first_frame;
    if (!keeps_places(pack.kind)) continue;
    for (std::uint32_t f = 0; f < pack.frames; ++f) {
      const FrameInfo& frame = segment.frames[pack.first_frame + f];
      frames_.push_back(
          {frame.offset, frame.stored, frame.raw << 1 | static_cast<std::uint32_t>(frame.codec)});
    }
  }
  for (const SegmentBlob& blob : segment.blobs) {
    if (pack_at[blob.pack] == kSkipped) continue;
    const BlobKind kind = segment.packs[blob.pack].kind;
    Table& into = kind == BlobKind::Tree ? trees_ : data_;
    const BlobKey key = key_of(blob.id);
    if (!keeps_places(kind)) {
      into.keys.push_back(key);
      continue;
    }
    into.rows.push_back(
        {key, {pack_at[blob.pack], frame_base[blob.pack] + blob.frame, blob.offset, blob.length}});
  }
}

void Index::settle() {
  settle_tail(trees_.rows, trees_.sorted);
  if (scope_ == Scope::Places)
    settle_tail(data_.rows, data_.sorted);
  else
    settle_tail(data_.keys, data_.sorted);
}

bool Index::has(BlobKind kind, const BlobKey& key) const {
  const Table& t = table(kind);
  if (!keeps_places(kind)) {
    const auto it = find_first(t.keys, key);
    return it != t.keys.end() && *it == key;
  }
  for (auto it = find_first(t.rows, key); it != t.rows.end() && it->key == key; ++it)
    if (!packs_[it->place.pack].condemned) return true;
  return false;
}

std::vector<BlobPlace> Index::find(BlobKind kind, const BlobKey& key) const {
  std::vector<BlobPlace> places;
  std::vector<BlobPlace> condemned;
  const Table& t = table(kind);
  for (auto it = find_first(t.rows, key); it != t.rows.end() && it->key == key; ++it) {
    const BlobPlace place{frame(it->place), it->place.offset, it->place.length};
    (packs_[it->place.pack].condemned ? condemned : places).push_back(place);
  }
  places.insert(places.end(), condemned.begin(), condemned.end());
  return places;
}

std::size_t Index::first_row(BlobKind kind, const BlobKey& key) const {
  const Table& t = table(kind);
  return static_cast<std::size_t>(find_first(t.rows, key) - t.rows.begin());
}

const Index::Pack* Index::pack(const ObjectId& id) const {
  const auto it = pack_index_.find(id);
  return it == pack_index_.end() ? nullptr : &packs_[it->second];
}

std::uint64_t Index::blobs() const { return trees_.rows.size() + data_.rows.size() + data_.keys.size(); }

FramePlace Index::frame(const Place& place) const {
  const Frame& f = frames_[place.frame];
  return {packs_[place.pack].id, f.offset, f.stored, f.raw_codec >> 1, static_cast<Codec>(f.raw_codec & 1)};
}

}  // namespace stash::engine

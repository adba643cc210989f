#include "engine/index/index.hpp"

#include <algorithm>

#include "engine/index/index_file.hpp"

namespace stash::engine {
namespace {

const BlobKey& key_in(const BlobKey& key) { return key; }
const BlobKey& key_in(const Index::Row& row) { return row.key; }

/// First element not below `key`. Keys are uniform, so its place is near where its value says: a few steps of
/// interpolation, then bisection.
template <class T>
typename std::span<const T>::iterator find_first(std::span<const T> sorted, const BlobKey& key) {
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

constexpr std::uint32_t kSkipped = UINT32_MAX;
/// What a lookup maps of a file: two pages, each with what the kernel maps around it.
constexpr std::size_t kBytesOfLookup = std::size_t{128} << 10;

}  // namespace

Index::Index(Scope scope) : scope_(scope) {}
Index::~Index() = default;

void Index::reserve(std::size_t blobs) {
  if (scope_ == Scope::Members) {
    data_.keys.reserve(blobs);
    return;
  }
  data_.own.reserve(blobs);
  own_frames_.reserve(blobs);
}

void Index::add_pack(Pack pack) {
  pack.condemned = condemned_.contains(pack.id);
  holds_condemned_ = holds_condemned_ || pack.condemned;
  packs_.push_back(pack);
}

void Index::add_packs(const SegmentView& segment, std::vector<std::uint32_t>& pack_at,
                      std::vector<std::uint32_t>& frame_base) {
  for (std::size_t i = 0; i < pack_at.size(); ++i) {
    const SegmentPack& pack = segment.packs()[i];
    const auto number = static_cast<std::uint32_t>(packs_.size());
    if (!pack_index_.try_emplace(pack.id, number).second) continue;
    add_pack({pack.id, pack.kind, pack.size, pack.checksum});
    if (packs_.back().condemned && !keeps_places(pack.kind)) continue;
    pack_at[i] = number;
    frame_base[i] = static_cast<std::uint32_t>(own_frames_.size()) - pack.first_frame;
    if (!keeps_places(pack.kind)) continue;
    for (std::uint32_t f = 0; f < pack.frames; ++f)
      own_frames_.emplace_back(segment.frame(pack.first_frame + f));
  }
}

void Index::add(const SegmentView& segment) {
  std::vector<std::uint32_t> pack_at(segment.packs().size(), kSkipped);
  std::vector<std::uint32_t> frame_base(segment.packs().size());
  add_packs(segment, pack_at, frame_base);
  for (std::size_t i = 0; i < segment.blobs(); ++i) {
    const std::uint32_t pack = segment.pack_of(i);
    if (pack_at[pack] == kSkipped) continue;
    const BlobKind kind = segment.packs()[pack].kind;
    if (!keeps_places(kind)) {
      data_.keys.push_back(segment.key(i));
      continue;
    }
    const SegmentBlob blob = segment.blob(i);
    Table& into = kind == BlobKind::Tree ? trees_ : data_;
    into.own.push_back(
        {key_of(blob.id), {pack_at[pack], frame_base[pack] + blob.frame, blob.offset, blob.length}});
  }
}

void Index::settle() {
  std::ranges::sort(data_.keys);
  for (Table* t : {&data_, &trees_}) {
    std::ranges::sort(t->own, by_key);
    t->rows = t->own;
  }
  frames_ = own_frames_;
}

void Index::adopt(std::unique_ptr<const IndexFile> file) {
  file_ = std::move(file);
  scope_ = Scope::Places;
  data_.rows = file_->rows(BlobKind::Data);
  trees_.rows = file_->rows(BlobKind::Tree);
  frames_ = file_->frames();
  packs_.reserve(file_->packs().size());
  pack_index_.reserve(file_->packs().size());
  for (const IndexFile::Pack& pack : file_->packs()) {
    pack_index_.emplace(pack.id, static_cast<std::uint32_t>(packs_.size()));
    add_pack({pack.id, pack.kind, pack.size, pack.checksum});
  }
}

void Index::passed(std::size_t rows) const {
  if (file_) file_->touched(rows * sizeof(Row));
}

void Index::looked_up() const {
  if (file_) file_->touched(kBytesOfLookup);
}

bool Index::has(BlobKind kind, const BlobKey& key) const {
  const Table& t = table(kind);
  looked_up();
  if (!keeps_places(kind)) {
    const std::span<const BlobKey> keys = t.keys;
    const auto it = find_first(keys, key);
    return it != keys.end() && *it == key;
  }
  for (auto it = find_first(t.rows, key); it != t.rows.end() && it->key == key; ++it)
    if (!packs_[it->place.pack].condemned) return true;
  return false;
}

std::vector<BlobPlace> Index::find(BlobKind kind, const BlobKey& key) const {
  std::vector<BlobPlace> places;
  std::vector<BlobPlace> condemned;
  const Table& t = table(kind);
  looked_up();
  for (auto it = find_first(t.rows, key); it != t.rows.end() && it->key == key; ++it) {
    const BlobPlace place{frame(it->place), it->place.offset, it->place.length};
    (packs_[it->place.pack].condemned ? condemned : places).push_back(place);
  }
  places.insert(places.end(), condemned.begin(), condemned.end());
  return places;
}

std::size_t Index::first_row(BlobKind kind, const BlobKey& key) const {
  const Table& t = table(kind);
  looked_up();
  return static_cast<std::size_t>(find_first(t.rows, key) - t.rows.begin());
}

const Index::Pack* Index::pack(const ObjectId& id) const {
  const auto it = pack_index_.find(id);
  return it == pack_index_.end() ? nullptr : &packs_[it->second];
}

std::uint64_t Index::blobs() const { return trees_.rows.size() + data_.rows.size() + data_.keys.size(); }

FramePlace Index::frame(const Place& place) const {
  const IndexFrame& f = frames_[place.frame];
  return {packs_[place.pack].id, f.offset, f.stored, f.raw(), f.codec()};
}

}  // namespace stash::engine

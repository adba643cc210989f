#include "engine/blobs/blob_reader.hpp"

#include <algorithm>

#include "engine/repository/repository_impl.hpp"

namespace stash::engine {
namespace {

constexpr std::uint64_t kMaxGap = std::uint64_t{128} << 10;  ///< cheaper to read over than to ask again
constexpr int kMaxVainReloads = 4;

/// decode() on the pool.
Task<std::shared_ptr<const Bytes>> decoded(net::Pool& pool, const BlobReader& reader, FramePlace place,
                                           BlobKind kind, ByteView stored) {
  co_return co_await net::offload(
      pool, [&] { return std::make_shared<const Bytes>(reader.decode(place, kind, stored)); });
}

}  // namespace

BlobReader::BlobReader(Repository::Impl& repository, std::uint64_t cache_bytes)
    : repository_(repository), cache_limit_(cache_bytes) {}

Task<Bytes> BlobReader::read(BlobKind kind, BlobId id, bool verify) {
  std::string trouble;
  for (bool fresh_index = false;;) {
    const std::weak_ptr<const LoadedIndex> tried = repository_.loaded();
    auto bytes = co_await read_any_copy(kind, id, verify, trouble);
    if (bytes && fresh_index) vain_reloads_ = 0;
    if (bytes) co_return std::move(*bytes);
    if (fresh_index) break;
    const Budget::Hold turn = co_await reload_turn_.acquire(1);
    if (tried.lock() != repository_.loaded()) continue;
    if (vain_reloads_ == kMaxVainReloads) break;
    // A collector may have moved it since the index was loaded.
    ++vain_reloads_;
    co_await repository_.reload_index();
    fresh_index = true;
  }
  const char* const what = kind == BlobKind::Tree ? "tree" : "data";
  if (find(kind, id).empty())
    throw LostBlob(ErrorKind::Corrupt, "{} blob {} cannot be read: no pack holds it", what, id.hex());
  throw Error(ErrorKind::Corrupt, "{} blob {} cannot be read: {}", what, id.hex(), trouble);
}

Task<std::optional<Bytes>> BlobReader::read_any_copy(BlobKind kind, BlobId id, bool verify,
                                                     std::string& trouble) {
  for (const BlobPlace& place : find(kind, id)) {
    try {
      Bytes bytes = co_await read_place(place, kind);
      if (verify) this->verify(kind, id, bytes);
      co_return bytes;
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::NotFound && e.kind() != ErrorKind::Corrupt) throw;
      trouble = e.what();
    }
  }
  co_return std::nullopt;
}

Task<std::optional<Bytes>> BlobReader::read_copy(BlobKind kind, BlobId id) {
  std::string trouble;
  co_return co_await read_any_copy(kind, id, true, trouble);
}

Task<Bytes> BlobReader::read_place(BlobPlace place, BlobKind kind) {
  const Frame whole = co_await frame(place.frame, kind);
  if (std::uint64_t{place.offset} + place.length > whole->size())
    throw Error(ErrorKind::Corrupt, "{}: the index points outside a frame", pack_name(place.frame.pack));
  co_return copy_of(ByteView(*whole).subspan(place.offset, place.length));
}

std::vector<BlobPlace> BlobReader::find(BlobKind kind, const BlobId& id) const {
  const Index& index = repository_.index();
  if (kind == BlobKind::Data && index.scope() == Index::Scope::Members)
    throw Error(ErrorKind::Internal, "the index was loaded without the places of data blobs");
  return index.find(kind, key_of(id));
}

Task<Bytes> BlobReader::fetch(ObjectId pack, std::uint64_t offset, std::uint64_t length) {
  const storage::Range range(offset, length);
  Bytes bytes = co_await repository_.store.get(pack_name(pack), range);
  if (bytes.size() != length)
    throw Error(ErrorKind::Corrupt, "{}: it ends before byte {}", pack_name(pack), offset + length);
  co_return bytes;
}

Bytes BlobReader::open(const FramePlace& place, BlobKind kind, ByteView stored) const {
  const Keys& keys = repository_.keys;
  if (stored.size() != place.stored || stored.size() < crypto::kTagSize)
    throw Error(ErrorKind::Corrupt, "{}: a frame has the wrong length", pack_name(place.pack));
  Bytes payload(stored.size() - crypto::kTagSize);
  const auto aad = frame_aad(keys.repository(), static_cast<std::uint8_t>(kind), place.codec, place.raw);
  if (!crypto::Aes256Gcm(keys.pack_key(place.pack)).open(offset_nonce(place.offset), aad, stored, payload))
    throw Error(ErrorKind::Corrupt, "{}: the frame at byte {} is damaged", pack_name(place.pack),
                place.offset);
  return payload;
}

Bytes BlobReader::decode(const FramePlace& place, BlobKind kind, ByteView stored) const {
  Bytes payload = open(place, kind, stored);
  if (place.codec == Codec::Raw && payload.size() == place.raw) return payload;
  return decompress(payload, place.codec, place.raw);
}

void BlobReader::verify(BlobKind kind, const BlobId& id, ByteView bytes) const {
  if (repository_.keys.id_of(kind, bytes) != id)
    throw Error(ErrorKind::Corrupt, "a blob's content does not have the id {}", id.hex());
}

bool BlobReader::Run::covers(const FramePlace& place) const {
  return pack == place.pack && begin <= place.offset && std::uint64_t{place.offset} + place.stored <= end;
}

std::shared_ptr<const BlobReader::Run> BlobReader::run_with(const FramePlace& place) const {
  for (const auto& run : ahead_)
    if (run && run->covers(place)) return run;
  return nullptr;
}

bool BlobReader::has(const FramePlace& place) const {
  return run_with(place) || std::ranges::any_of(cache_, [&](const Cached& cached) {
           return cached.offset == place.offset && cached.pack == place.pack;
         });
}

/// The first of them, and of the others those that are near it. Not all are: several cores made them, and
/// some came into the pack long after their turn.
BlobReader::Run BlobReader::plan_run(BlobKind kind, const std::vector<BlobId>& wanted,
                                     std::uint64_t most) const {
  Run run;
  std::uint64_t needed = 0;
  for (const BlobId& id : wanted) {
    const std::vector<BlobPlace> places = find(kind, id);
    if (places.empty()) continue;
    const FramePlace& frame = places.front().frame;
    const std::uint64_t frame_end = std::uint64_t{frame.offset} + frame.stored;
    if (needed == 0) run = {frame.pack, frame.offset, frame_end, {}};
    const std::uint64_t begin = std::min<std::uint64_t>(run.begin, frame.offset);
    const std::uint64_t end = std::max(run.end, frame_end);
    const bool near = end - begin <= std::min(most, needed + frame.stored + kMaxGap);
    if (frame.pack != run.pack || (needed > 0 && !near)) continue;
    run.begin = begin;
    run.end = end;
    needed += frame.stored;
  }
  return run;
}

Task<void> BlobReader::read_ahead(BlobKind kind, std::vector<BlobId> wanted, std::uint64_t most) {
  const std::vector<BlobPlace> first = find(kind, wanted.front());
  if (first.empty() || has(first.front().frame)) co_return;
  Run run = plan_run(kind, wanted, most);
  try {
    run.bytes = co_await fetch(run.pack, run.begin, run.end - run.begin);
    ahead_[1] = std::exchange(ahead_[0], std::make_shared<const Run>(std::move(run)));
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::NotFound && e.kind() != ErrorKind::Corrupt) throw;
  }
}

/// Null when it was not read ahead, or is damaged there: the store is asked for it alone then.
Task<BlobReader::Frame> BlobReader::decode_ahead(FramePlace place, BlobKind kind) {
  const std::shared_ptr<const Run> run = run_with(place);
  if (!run) co_return nullptr;
  const ByteView stored = ByteView(run->bytes).subspan(place.offset - run->begin, place.stored);
  try {
    co_return co_await decoded(repository_.environment.pool, *this, place, kind, stored);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::Corrupt) throw;
  }
  co_return nullptr;
}

Task<BlobReader::Frame> BlobReader::frame(FramePlace place, BlobKind kind) {
  for (auto it = cache_.begin(); it != cache_.end(); ++it) {
    if (it->offset != place.offset || it->pack != place.pack) continue;
    cache_.splice(cache_.begin(), cache_, it);
    co_return it->bytes;
  }
  Frame bytes = co_await decode_ahead(place, kind);
  if (!bytes) {
    const Bytes stored = co_await fetch(place.pack, place.offset, place.stored);
    bytes = co_await decoded(repository_.environment.pool, *this, place, kind, stored);
  }
  cached_bytes_ += bytes->size();
  cache_.push_front({place.pack, place.offset, bytes});
  while (cached_bytes_ > cache_limit_ && cache_.size() > 1) {
    cached_bytes_ -= cache_.back().bytes->size();
    cache_.pop_back();
  }
  co_return bytes;
}

}  // namespace stash::engine

#include "engine/copy/snapshot_copier.hpp"

#include "engine/blobs/open_frame.hpp"
#include "engine/format/frame.hpp"
#include "engine/parallel/each_parallel.hpp"
#include "stash/base/error.hpp"

namespace stash::engine {
namespace {

constexpr std::uint64_t kBatchBytes = std::uint64_t{64} << 20;
constexpr std::size_t kBatchRefs = 1u << 15;
constexpr std::size_t kBatchEntries = 4096;
constexpr std::uint64_t kBatchHeld = std::uint64_t{4} << 20;
constexpr std::uint64_t kRun = std::uint64_t{2} << 20;
/// A run and a decoded frame are a sixth of the budget: the packs in the making have most of the rest.
constexpr std::uint64_t kBudgetOfRun = 6 * (kRun + kMaxFrame);
/// What CopiedBlobs takes for one, all told, and its part of the budget.
constexpr std::uint64_t kBytesOfCopied = 96;
constexpr std::uint64_t kBudgetOfCopied = 16;

/// The pieces at the front that are in one frame.
std::span<const WantedPiece> first_frame(std::span<const WantedPiece> pieces) {
  std::size_t count = 1;
  while (count < pieces.size() && pieces[count].frame.offset == pieces[0].frame.offset) ++count;
  return pieces.first(count);
}

/// Whether a copy has all that its source has: after a repair it may have less.
bool is_whole_copy(const Entry& source, const Entry& copy) {
  return !source.unreadable && !copy.unreadable && copy.size == source.size && copy.sparse == source.sparse &&
         copy.extents == source.extents;
}

bool is_again(std::span<const WantedPiece> pieces, std::size_t i) {
  return i > 0 && pieces[i].frame_offset == pieces[i - 1].frame_offset && pieces[i].id == pieces[i - 1].id;
}

std::uint64_t distinct_bytes(std::span<const WantedPiece> pieces) {
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < pieces.size(); ++i)
    if (!is_again(pieces, i)) bytes += pieces[i].length;
  return bytes;
}

}  // namespace

void CopiedBlobs::insert(const BlobId& from, const BlobId& to) {
  if (blobs_.size() >= limit_) blobs_.clear();
  blobs_.emplace(key_of(from), to);
}

const BlobId* CopiedBlobs::find(const BlobId& from) const {
  const auto found = blobs_.find(key_of(from));
  return found == blobs_.end() ? nullptr : &found->second;
}

SnapshotCopier::SnapshotCopier(Repository::Impl& from, Repository::Impl& to, BlobWriter& writer,
                               Progress& progress)
    : from_(from),
      to_(to),
      writer_(writer),
      progress_(progress),
      reader_(from),
      copy_reader_(to),
      tree_(writer, to.tree_seed),
      copied_(from.environment.memory_budget / kBudgetOfCopied / kBytesOfCopied) {}

Task<TreeRef> SnapshotCopier::run(BlobId root, std::optional<CopiedTree> before) {
  if (before) {
    source_before_ = ParentStream(std::make_unique<TreeReader>(reader_, before->from));
    copy_before_ = ParentStream(std::make_unique<TreeReader>(copy_reader_, before->to));
  }
  TreeReader tree(reader_, root);
  for (;;) {
    std::optional<Entry> entry = co_await tree.next();
    if (!entry) break;
    co_await take(std::move(*entry));
  }
  co_await resolve();
  co_return co_await tree_.finish();
}

Task<void> SnapshotCopier::take(Entry entry) {
  if (entry.xattr_blob) {
    std::vector<Xattr> xattrs = co_await read_xattrs(reader_, entry);
    co_await store_xattrs(writer_, std::move(xattrs), entry);
  }
  Waiting& waiting = waiting_.emplace_back();
  waiting.entry = entry;
  const bool known = entry.blobs.empty() || co_await take_over(waiting.entry);
  if (!known) {
    waiting.entry.blobs = std::vector<BlobRef>();  // those of the copy come in their place
    co_await collect(waiting, std::move(entry));
  }
  waiting.whole = true;
  held_ += held_by(waiting.entry);
  if (waiting_.size() >= kBatchEntries || held_ >= kBatchHeld) co_await resolve();
}

/// Where an earlier snapshot had the same content under the same path, its copy has the refs already.
Task<bool> SnapshotCopier::take_over(Entry& entry) {
  if (!source_before_.ready(entry.path)) co_await source_before_.advance_to(entry.path);
  const Entry* was = source_before_.at(entry.path);
  if (!was || was->blobs != entry.blobs || was->list_level != entry.list_level) co_return false;
  if (!copy_before_.ready(entry.path)) co_await copy_before_.advance_to(entry.path);
  const Entry* copy = copy_before_.at(entry.path);
  if (!copy || !is_whole_copy(*was, *copy)) co_return false;
  const bool stored = co_await is_stored(*copy);
  if (!stored) co_return false;
  entry.blobs = copy->blobs;
  entry.list_level = copy->list_level;
  progress_.bytes_done += entry.size;
  co_return true;
}

/// What the copy names may be condemned since: then it is stored again.
Task<bool> SnapshotCopier::is_stored(const Entry& copy) {
  const auto loaded = to_.loaded();
  bool all = true;
  const auto ask = [&](BlobKind kind, const BlobRef& ref) {
    all = all && loaded->index.has(kind, key_of(ref.id));
  };
  const BlobKind kind = copy.list_level == 0 ? BlobKind::Data : BlobKind::Tree;
  for (const BlobRef& ref : copy.blobs) ask(kind, ref);
  if (copy.list_level == 0) co_return all;
  ContentReader content(copy_reader_, copy);
  content.on_blob([&](const BlobRef& list) { ask(BlobKind::Tree, list); });
  while (all) {
    const std::optional<BlobRef> ref = co_await content.next();
    if (!ref) break;
    ask(BlobKind::Data, *ref);
  }
  co_return all;
}

Task<void> SnapshotCopier::collect(Waiting& file, Entry source) {
  ContentReader content(reader_, source);
  for (;;) {
    const std::optional<BlobRef> ref = co_await content.next();
    if (!ref) break;
    refs_.push_back(*ref);
    ++file.refs;
    bytes_ += ref->size;
    if (bytes_ >= kBatchBytes || refs_.size() >= kBatchRefs) co_await resolve();
  }
}

Task<void> SnapshotCopier::resolve() {
  fresh_ = refs_;
  std::vector<WantedPiece> pieces;
  for (std::uint32_t i = 0; i < refs_.size(); ++i) {
    if (const BlobId* known = copied_.find(refs_[i].id)) {
      fresh_[i].id = *known;
      continue;
    }
    WantedPiece piece;
    piece.id = refs_[i].id;
    piece.length = refs_[i].size;
    piece.file = i;
    const std::vector<BlobPlace> places = reader_.find(BlobKind::Data, piece.id);
    if (places.empty() || places[0].length != piece.length) {
      co_await copy_singly(std::span(&piece, 1));  // another look at the index may know it
      continue;
    }
    piece.frame = places[0].frame;
    piece.frame_offset = places[0].offset;
    pieces.push_back(piece);
  }
  const std::vector<FetchRun> runs = plan_runs(pieces, kRun);
  const auto width = std::max<std::uint64_t>(from_.environment.memory_budget / kBudgetOfRun, 1);
  const std::span<const WantedPiece> all(pieces);
  co_await each_parallel(runs.size(), width, [&](std::size_t i) {
    return copy_run(runs[i], all.subspan(runs[i].first, runs[i].count));
  });
  for (const WantedPiece& piece : pieces) copied_.insert(piece.id, fresh_[piece.file].id);
  co_await emit();
}

Task<void> SnapshotCopier::copy_run(const FetchRun& run, std::span<const WantedPiece> pieces) {
  bool damaged = false;
  try {
    co_await copy_frames(run, pieces);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::Corrupt && e.kind() != ErrorKind::NotFound) throw;
    damaged = true;
  }
  if (damaged) co_await copy_singly(pieces);
}

Task<void> SnapshotCopier::copy_frames(const FetchRun& run, std::span<const WantedPiece> pieces) {
  const Bytes stored = co_await reader_.fetch(run.pack, run.offset, run.length);
  while (!pieces.empty()) {
    const std::span<const WantedPiece> frame = first_frame(pieces);
    const FramePlace& place = frame[0].frame;
    const std::uint64_t needed = distinct_bytes(frame);
    if (needed > place.raw)
      throw Error(ErrorKind::Corrupt, "{}: the blobs of the frame at byte {} are longer than the frame",
                  pack_name(place.pack), place.offset);
    BlobWriter::Lease lease = co_await writer_.admit(BlobKind::Data, needed, frame.size());
    const ByteView sealed = ByteView(stored).subspan(place.offset - run.offset, place.stored);
    co_await net::offload(from_.environment.pool, [&] { store_frame(frame, sealed, lease); });
    pieces = pieces.subspan(frame.size());
  }
}

/// On the pool. Verified, since a copy is the chance to find out.
void SnapshotCopier::store_frame(std::span<const WantedPiece> pieces, ByteView stored,
                                 BlobWriter::Lease& lease) {
  const OpenFrame open(reader_, pieces[0].frame, BlobKind::Data, stored);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const WantedPiece& piece = pieces[i];
    if (is_again(pieces, i)) {
      fresh_[piece.file] = fresh_[pieces[i - 1].file];
      continue;
    }
    if (std::uint64_t{piece.frame_offset} + piece.length > open.raw().size())
      throw Error(ErrorKind::Corrupt, "{}: the index points outside a frame", pack_name(piece.frame.pack));
    reader_.verify(BlobKind::Data, piece.id, open.raw().subspan(piece.frame_offset, piece.length));
    fresh_[piece.file] = open.store(writer_, lease, piece.frame_offset, piece.length).ref;
  }
}

/// One blob after another, with every copy there is and a fresh index: for packs that moved or are damaged.
Task<void> SnapshotCopier::copy_singly(std::span<const WantedPiece> pieces) {
  for (const WantedPiece& piece : pieces) {
    Bytes bytes = co_await reader_.read(BlobKind::Data, piece.id, true);
    if (bytes.size() != piece.length)
      throw Error(ErrorKind::Corrupt, "blob {} has another length", piece.id.hex());
    fresh_[piece.file] = co_await writer_.add(BlobKind::Data, std::move(bytes));
  }
}

Task<void> SnapshotCopier::emit() {
  std::size_t next = 0;
  while (!waiting_.empty()) {
    Waiting& file = waiting_.front();
    for (; file.refs > 0; --file.refs) {
      if (!content_) content_.emplace(writer_);
      progress_.bytes_done += fresh_[next].size;
      const bool full = content_->push(fresh_[next++]);
      if (full) co_await content_->spill();
    }
    if (!file.whole) break;  // the rest of its content is in the next batch
    if (content_) co_await content_->finish(file.entry);
    content_.reset();
    if (file.entry.type == EntryType::File) ++progress_.files_done;
    const bool full = tree_.add(file.entry);
    if (full) co_await tree_.flush();
    waiting_.pop_front();
  }
  refs_.clear();
  fresh_.clear();
  bytes_ = 0;
  held_ = 0;
}

}  // namespace stash::engine

// The content half of a restore: which bytes to fetch, in which order, and where they go.

#include <fcntl.h>

#include <algorithm>
#include <cstring>

#include "engine/content.hpp"
#include "engine/restorer.hpp"
#include "stash/base/error.hpp"

namespace stash::engine {
namespace {

constexpr std::uint64_t kPlanBytes = std::uint64_t{64} << 20;  ///< content planned at once
constexpr std::uint64_t kLargeWrite = std::uint64_t{256} << 10;
constexpr std::uint64_t kZeroBlock = std::uint64_t{64} << 10;

bool is_damage(const Error& e) { return e.kind() == ErrorKind::Corrupt || e.kind() == ErrorKind::NotFound; }

bool all_zero(ByteView bytes) {
  return bytes[0] == std::byte{0} && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

/// Writes what is not zero: the file is fresh, so that what is left out stays a hole.
void write_around_zeros(int fd, std::uint64_t offset, ByteView bytes) {
  while (!bytes.empty()) {
    const std::uint64_t block = std::min<std::uint64_t>(kZeroBlock - offset % kZeroBlock, bytes.size());
    if (!all_zero(bytes.first(block))) write_at(fd, offset, bytes.first(block));
    bytes = bytes.subspan(block);
    offset += block;
  }
}

}  // namespace

Task<void> Restorer::write_contents() {
  std::vector<WantedPiece> pieces;
  std::uint64_t bytes = 0;
  for (std::uint32_t i = 0; i < window_.size(); ++i) {
    if (!window_[i].takes_content() || !window_[i].entry.inline_content.empty()) continue;
    std::string damage;
    try {
      co_await want(i, pieces, bytes);
    } catch (const Error& e) {
      if (!is_damage(e)) throw;
      damage = e.what();
    }
    if (damage.empty()) continue;
    ++damaged_;
    fail(window_[i], damage);
  }
  co_await fetch(pieces);
  co_await net::offload(pool_, [this] { release_pages(); });
}

/// Adds the pieces of one file, and fetches what has come together whenever that is enough.
Task<void> Restorer::want(std::uint32_t number, std::vector<WantedPiece>& pieces, std::uint64_t& bytes) {
  const Item& item = window_[number];
  ContentReader content(blobs_, item.entry);
  std::uint64_t offset = 0;
  for (;;) {
    const std::vector<BlobRef> refs = co_await next_refs(content);
    if (refs.empty()) break;
    std::vector<bool> held(refs.size());
    const auto compare = [&] { held = compare_.held(*item.map, item.fd(), offset, refs); };
    if (item.state == State::Patching) co_await net::offload(pool_, compare);
    for (std::size_t i = 0; i < refs.size(); ++i) {
      WantedPiece piece;
      piece.id = refs[i].id;
      piece.length = refs[i].size;
      piece.file = number;
      piece.content_offset = offset;
      offset += piece.length;
      if (offset > item.map->length()) throw Error(ErrorKind::Corrupt, "its blobs are longer than the file");
      if (held[i])
        progress_.bytes_done += piece.length;
      else
        co_await want(piece, pieces, bytes);
    }
  }
  if (offset != item.map->length()) throw Error(ErrorKind::Corrupt, "its blobs are shorter than the file");
}

Task<void> Restorer::want(WantedPiece piece, std::vector<WantedPiece>& pieces, std::uint64_t& bytes) {
  window_[piece.file].wanted += piece.length;
  const std::vector<BlobPlace> places = blobs_.find(BlobKind::Data, piece.id);
  if (places.empty() || places[0].length != piece.length) {
    co_await fetch_singly(std::span(&piece, 1));  // another look at the index may know it
    co_return;
  }
  piece.frame = places[0].frame;
  piece.frame_offset = places[0].offset;
  pieces.push_back(piece);
  bytes += piece.length;
  if (bytes < kPlanBytes) co_return;
  co_await fetch(pieces);
  pieces.clear();
  bytes = 0;
}

Task<void> Restorer::fetch(std::vector<WantedPiece>& pieces) {
  const std::vector<FetchRun> runs = plan_runs(pieces);
  net::TaskGroup group;
  co_await group.spawn(start_runs(runs, pieces, group));
  co_await group.join();
  co_await write_behind(pieces);
}

/// Restored data goes to the disk while the next is fetched, and then leaves the page cache: it would crowd
/// out what the node's applications use, and fresh pages cost more than written ones that are used again.
Task<void> Restorer::write_behind(std::span<const WantedPiece> pieces) {
  std::map<std::uint32_t, std::uint64_t> written;
  for (const WantedPiece& piece : pieces) written[piece.file] += piece.length;
  std::erase_if(written, [](const auto& file) { return file.second < kLargeWrite; });
  co_await net::offload(pool_, [&] {
    release_pages();
    for (const auto& [number, bytes] : written) {
      const Item& item = window_[number];
      if (!item.takes_content()) continue;
      sync_file_range(item.fd(), 0, 0, SYNC_FILE_RANGE_WRITE);
      flowing_.push_back(number);
    }
  });
}

void Restorer::release_pages() {
  for (const std::uint32_t number : std::exchange(flowing_, {})) {
    const Item& item = window_[number];
    if (!item.takes_content()) continue;
    sync_file_range(item.fd(), 0, 0,
                    SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
    posix_fadvise(item.fd(), 0, 0, POSIX_FADV_DONTNEED);
  }
}

/// A member of the group like the runs that it starts as the budget allows.
Task<void> Restorer::start_runs(std::span<const FetchRun> runs, std::span<const WantedPiece> pieces,
                                net::TaskGroup& group) {
  for (const FetchRun& run : runs) {
    Budget::Hold hold = co_await bytes_.acquire(run.length + run.largest_frame);
    co_await group.spawn(fetch_run(run, pieces.subspan(run.first, run.count), std::move(hold)));
  }
}

Task<void> Restorer::fetch_run(FetchRun run, std::span<const WantedPiece> pieces, Budget::Hold hold) {
  std::vector<Failure> failures;
  bool damage = false;
  try {
    const Bytes stored = co_await blobs_.fetch(run.pack, run.offset, run.length);
    const auto write = [&] { return write_run(run, pieces, stored); };
    failures = co_await net::offload(pool_, write);
  } catch (const Error& e) {
    if (!is_damage(e)) throw;
    damage = true;
  }
  hold.release();
  if (damage) co_await fetch_singly(pieces);
  take_failures(failures);
}

/// One blob after another, with every copy there is and a fresh index: for packs that moved or are damaged.
Task<void> Restorer::fetch_singly(std::span<const WantedPiece> pieces) {
  for (const WantedPiece& piece : pieces) {
    std::vector<Failure> failures;
    std::string damage;
    try {
      const Bytes bytes = co_await blobs_.read(BlobKind::Data, piece.id);
      if (bytes.size() != piece.length)
        throw Error(ErrorKind::Corrupt, "blob {} has another length", piece.id.hex());
      const auto write = [&] { write_piece(piece, bytes, failures); };
      co_await net::offload(pool_, write);
    } catch (const Error& e) {
      if (!is_damage(e)) throw;
      damage = e.what();
    }
    take_failures(failures);
    Item& item = window_[piece.file];
    if (damage.empty() || item.state == State::Failed) continue;
    ++damaged_;
    fail(item, damage);
  }
}

std::vector<Restorer::Failure> Restorer::write_run(const FetchRun& run, std::span<const WantedPiece> pieces,
                                                   ByteView stored) {
  std::vector<Failure> failures;
  Bytes frame;
  const FramePlace* decoded = nullptr;
  for (const WantedPiece& piece : pieces) {
    if (!decoded || decoded->offset != piece.frame.offset) {
      frame = blobs_.decode(piece.frame, BlobKind::Data,
                            stored.subspan(piece.frame.offset - run.offset, piece.frame.stored));
      decoded = &piece.frame;
    }
    if (std::uint64_t{piece.frame_offset} + piece.length > frame.size())
      throw Error(ErrorKind::Corrupt, "the index points outside a frame");
    write_piece(piece, ByteView(frame).subspan(piece.frame_offset, piece.length), failures);
  }
  return failures;
}

/// On the pool. The item's state is the control thread's: only its file and map are touched here.
void Restorer::write_piece(const WantedPiece& piece, ByteView bytes, std::vector<Failure>& failures) {
  Item& item = window_[piece.file];
  try {
    item.map->each(piece.content_offset, bytes.size(),
                   [&](std::uint64_t to, std::uint64_t from, std::uint64_t size) {
                     if (options_.sparse && item.file)
                       write_around_zeros(item.fd(), to, bytes.subspan(from, size));
                     else
                       write_at(item.fd(), to, bytes.subspan(from, size));
                   });
    progress_.bytes_done += bytes.size();
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::Exhausted) throw;
    failures.push_back({piece.file, e.what()});
  }
}

void Restorer::take_failures(const std::vector<Failure>& failures) {
  for (const Failure& failure : failures) fail(window_[failure.file], failure.what);
}

Task<void> Restorer::verify_existing() {
  for (Item& item : window_) {
    if (item.state != State::Right) continue;
    // A hole's bytes are not in the content: whether it still is one would have to be read as well.
    bool same = false;
    try {
      if (!item.entry.sparse) same = co_await compare_.same(item.entry, *item.map, item.fd());
    } catch (const Error& e) {
      if (!is_damage(e)) throw;  // else told when it is written anew
    }
    if (same) {
      ++result_.files_verified;
      continue;
    }
    std::string problem;
    try {
      const auto again = [&] {
        item.existing = Fd();
        start_content(item, *dir_of(item.level, item.entry.path));
      };
      co_await net::offload(pool_, again);
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::Exhausted || e.kind() == ErrorKind::Cancelled) throw;
      problem = e.what();
    }
    if (!problem.empty()) fail(item, problem);
  }
}

Task<void> Restorer::verify_written() {
  for (Item& item : window_) {
    if (!item.takes_content()) continue;
    bool same = false;
    try {
      same = co_await compare_.same(item.entry, *item.map, item.fd());
    } catch (const Error& e) {
      if (!is_damage(e)) throw;
    }
    if (same)
      ++result_.files_verified;
    else
      fail(item, "what was written does not read back with the right content");
  }
}

}  // namespace stash::engine

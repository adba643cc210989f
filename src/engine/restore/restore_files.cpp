// Where restored content goes: large files region by region past the page cache, small ones whole, with all
// that belongs to them.

#include <fcntl.h>

#include "engine/parallel/each_parallel.hpp"
#include "engine/restore/restorer.hpp"
#include "stash/base/error.hpp"

namespace stash::engine {
namespace {

constexpr std::size_t kWriters = 4;       ///< threads that wait for the disk
constexpr std::size_t kFilesAtOnce = 32;  ///< made in one turn on a core
constexpr std::size_t kTurns = 4;

}  // namespace

/// On the pool. The item's state is the control thread's, but for small files, which nobody else has to do
/// with once their content is whole.
void Restorer::put_piece(Plan& plan, const WantedPiece& piece, ByteView bytes, Put& put) {
  Item& item = window_[piece.file];
  const auto whole = [&](Region& region) {
    if (item.is_small)
      make_small(item, region.bytes(), put);
    else
      put.whole.push_back(&region);
  };
  item.map->each(piece.content_offset, bytes.size(),
                 [&](std::uint64_t to, std::uint64_t from, std::uint64_t size) {
                   plan.regions.put(piece.file, to, bytes.subspan(from, size), whole);
                 });
  progress_.bytes_done += bytes.size();
}

/// On threads of its own: a write past the cache waits for the disk.
Task<void> Restorer::write_whole(const Region& region) {
  Item& item = window_[region.file];
  if (item.state == State::Failed) co_return;
  if (!writers_) writers_.emplace(pool_.runs_inline() ? 0 : kWriters);
  std::string problem;
  try {
    const bool around_zeros = options_.sparse && item.file;
    const auto write = [&] { write_region(region, item.fd(), item.direct.get(), around_zeros); };
    co_await net::offload(*writers_, write);
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::Exhausted || e.kind() == ErrorKind::Cancelled) throw;
    problem = e.what();
  }
  if (!problem.empty()) fail(item, problem);
}

/// On the pool.
void Restorer::make_small(Item& item, ByteView content, Put& put) {
  try {
    make_small(item, content);
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::Exhausted || e.kind() == ErrorKind::Internal) throw;
    put.failures.push_back({item.number, e.what()});
  }
}

void Restorer::make_small(Item& item, ByteView content) {
  if (item.state == State::Failed) return;  // only a part of it was wanted
  const std::string name = item.name();
  TargetFile file = item.dir->create_named(name, names_);
  write_at(file.fd(), 0, content);
  metadata_.set(file.fd(), item.entry, item.xattrs);
  require_written(file.fd());
  file.publish(name, names_);
  item.dir.reset();
  item.state = State::Done;
  const std::lock_guard lock(results_);
  count(item.entry, &FileCounts::files_new);
  result_.bytes_written += content.size();
}

/// Small files whose content stands in the tree: all that is to be done for them is to make them.
Task<void> Restorer::make_inline_files() {
  std::vector<Item*> items;
  for (Item& item : window_)
    if (item.is_small && item.state == State::Writing && item.entry.blobs.empty()) items.push_back(&item);
  const std::size_t turns = (items.size() + kFilesAtOnce - 1) / kFilesAtOnce;
  const std::span<Item* const> all(items);
  co_await each_parallel(turns, kTurns, [&](std::size_t turn) {
    const std::size_t first = turn * kFilesAtOnce;
    return make_inline_files(all.subspan(first, std::min(kFilesAtOnce, all.size() - first)));
  });
}

Task<void> Restorer::make_inline_files(std::span<Item* const> items) {
  Put put;
  const auto make = [&] {
    for (Item* item : items) make_small(*item, as_bytes(item->entry.inline_content), put);
  };
  co_await net::offload(pool_, make);
  take_failures(put.failures);
}

void Restorer::sync() {
  for (const auto& [device, dir] : file_systems_) {
    const Fd fd(openat(dir->fd(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    // One that may only be passed through cannot be synced alone.
    if (!fd)
      ::sync();
    else if (syncfs(fd.get()) != 0)
      throw errno_error(errno, "make durable what was restored");
  }
}

void Restorer::note_file_system(const std::shared_ptr<TargetDir>& dir) {
  struct stat info {};
  if (fstat(dir->fd(), &info) == 0) file_systems_.try_emplace(info.st_dev, dir);
}

}  // namespace stash::engine

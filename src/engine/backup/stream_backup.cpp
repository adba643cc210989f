#include <unistd.h>

#include <cstring>

#include "engine/backup/change.hpp"
#include "engine/backup/source_reader.hpp"
#include "engine/repository/repository_impl.hpp"
#include "engine/snapshot/commit.hpp"
#include "engine/snapshot/content.hpp"
#include "engine/snapshot/tree_writer.hpp"
#include "stash/base/error.hpp"
#include "stash/engine/backup.hpp"

namespace stash::engine {
namespace {

using ReadStream = std::function<Task<std::size_t>(std::span<std::byte>)>;

constexpr std::size_t kWindow = 2 * Chunker::kMax;

/// "/name" for "name"; Error(Invalid) for what cannot be a file's path.
std::string stream_path(const std::string& name) {
  std::string path = name.starts_with('/') ? name : "/" + name;
  const bool odd = path.size() < 2 || path.ends_with('/') || path.find('\0') != std::string::npos ||
                   path.find("//") != std::string::npos || (path + "/").find("/../") != std::string::npos ||
                   (path + "/").find("/./") != std::string::npos || path.size() > Entry::kMaxPath;
  if (odd) throw Error(ErrorKind::Invalid, "'{}' cannot be the name of a file", name);
  return path;
}

/// Reads the stream to its end into the repository; sets size and content of `entry`.
Task<void> store_stream(Repository::Impl& impl, BlobWriter& blobs, ReadStream read, Entry& entry,
                        Progress& progress) {
  ContentWriter content(blobs);
  Bytes buffer(kWindow);
  std::size_t filled = 0;
  for (bool last = false; !last;) {
    while (filled < buffer.size() && !last) {
      const std::size_t got = co_await read(std::span(buffer).subspan(filled));
      last = got == 0;
      filled += got;
      entry.size += got;
      progress.bytes_done += got;
    }
    if (last && entry.size <= Entry::kMaxInline) {
      entry.inline_content = as_text(ByteView(buffer).first(filled));
      co_return;
    }
    BlobWriter::Lease lease = co_await blobs.admit(BlobKind::Data, kWindow);
    const auto store = [&] {
      const std::vector<ByteView> chunks = cut_all(impl.chunker, ByteView(buffer).first(filled), last);
      return blobs.store_all(lease, chunks);
    };
    const std::vector<BlobRef> refs = co_await net::offload(impl.environment.pool, store);
    lease.release();
    std::size_t used = 0;
    for (const BlobRef& ref : refs) {
      used += ref.size;
      const bool full = content.push(ref);
      if (full) co_await content.spill();
    }
    filled -= used;
    std::memmove(buffer.data(), buffer.data() + used, filled);
  }
  co_await content.finish(entry);
}

Task<void> backup_with(Repository::Impl& impl, BlobWriter& blobs, BackupOptions options, std::string name,
                       ReadStream read, Progress& progress, BackupResult& result) {
  const auto& timers = impl.environment.timers;
  const auto began = timers.steady();
  const TimePoint start = timers.now();
  Entry entry;
  entry.path = stream_path(name);
  entry.mode = 0644;
  entry.uid = geteuid();
  entry.gid = getegid();
  const Accounts accounts = Accounts::load();
  entry.user = accounts.user(entry.uid);
  entry.group = accounts.group(entry.gid);
  entry.mtime = entry.ctime = start;
  co_await store_stream(impl, blobs, std::move(read), entry, progress);
  ++progress.files_done;

  TreeWriter tree(blobs, impl.tree_seed);
  const bool full = tree.add(entry);
  if (full) co_await tree.flush();
  const TreeRef root = co_await tree.finish();
  co_await blobs.flush();

  Manifest manifest;
  manifest.root = root.blob.id;
  manifest.entries = root.entries;
  Snapshot& snapshot = manifest.snapshot;
  snapshot.start = start;
  snapshot.end = timers.now();
  snapshot.host = options.host;
  snapshot.paths = {entry.path};
  snapshot.tags = options.tags;
  snapshot.source = options.source;
  snapshot.program = "stash " STASH_VERSION;
  snapshot.counts.files_new = 1;
  snapshot.counts.bytes = entry.size;
  const Manifest committed = co_await commit(impl, blobs, manifest);
  result.snapshot = committed.snapshot;
  result.blobs_new = blobs.blobs_new();
  result.duration = timers.steady() - began;
}

}  // namespace

Task<BackupResult> backup_stream(Repository& repository, BackupOptions options, std::string name,
                                 std::function<Task<std::size_t>(std::span<std::byte>)> read,
                                 Progress& progress) {
  if (options.dry_run)
    throw Error(ErrorKind::Invalid, "a stream cannot be backed up on trial: reading it uses it up");
  Repository::Impl& impl = repository.impl();
  co_await impl.load_index(Index::Scope::Members);
  BlobWriter blobs(impl, progress);
  BackupResult result;
  co_await then_abandon(blobs, backup_with(impl, blobs, std::move(options), std::move(name), std::move(read),
                                           progress, result));
  co_return result;
}

}  // namespace stash::engine

// The commit of a backup, and why nothing a snapshot names can be gone.
//
// Order: packs durable, segments durable, manifest durable. A crash anywhere before the manifest leaves packs
// that nobody names. A collector works at the same time: it publishes a tomb (packs it will delete) and THEN
// reads the snapshots again; we publish the snapshot and THEN read the tombs again. Whatever the order, one
// of the two sees the other (Dekker's argument): we copy what a tomb condemned, or the collector copies what
// we use before it deletes. No clock or lock takes part. We read them once before that as well: then only
// what a collector both condemned and deleted while the manifest was put can make a visible snapshot fail.

#include "engine/snapshot/commit.hpp"

#include <boost/asio/this_coro.hpp>

#include <unordered_set>

#include "engine/blobs/blob_reader.hpp"
#include "engine/format/sealed.hpp"
#include "engine/repository/store_io.hpp"
#include "engine/repository/tombs.hpp"
#include "engine/snapshot/content.hpp"
#include "engine/snapshot/walk_blobs.hpp"
#include "stash/base/log.hpp"

namespace stash::engine {
namespace {

Task<void> copy_blob(BlobReader& reader, BlobWriter& writer, BlobKind kind, BlobId id) {
  // Verified, since a copy is the chance to find out.
  Bytes bytes = co_await reader.read(kind, id, true);
  co_await writer.add(kind, std::move(bytes));
}

/// Stores again every blob of a snapshot that lives in condemned packs only.
Task<void> copy_condemned(Repository::Impl& repository, BlobId root, BlobWriter& writer) {
  const auto loaded = repository.loaded();
  BlobReader reader(repository);
  std::unordered_set<BlobKey, BlobKeyHash> seen;
  BlobWalk walk(repository, root);
  for (;;) {
    const auto blob = co_await walk.next();
    if (!blob) break;
    const BlobKey key = key_of(blob->ref.id);
    if (loaded->index.has(blob->kind, key) || !seen.insert(key).second) continue;
    co_await copy_blob(reader, writer, blob->kind, blob->ref.id);
  }
}

Task<void> put_manifest(Repository::Impl& repository, const Manifest& manifest) {
  const std::string text = write_manifest(manifest);
  const std::string name = std::string(kSnapshotsPrefix) + manifest.snapshot.id;
  const Bytes sealed = seal_object(repository.keys, kSnapshotMagic, name, as_bytes(text));
  co_await put_new(repository.store, name, sealed);
  co_await repository.store.sync();
  const Manifest read_back = co_await repository.manifest(manifest.snapshot.id);
  if (write_manifest(read_back) != text)
    throw Error(ErrorKind::Corrupt, "{}: it reads back other than it was written", name);
}

/// Copies what this snapshot needs of packs condemned by tombs that were not `seen`, until a look shows no
/// new one. The answer is all that were seen then.
Task<std::set<std::string>> settle_tombs(Repository::Impl& repository, const Manifest& manifest,
                                         std::set<std::string> seen) {
  for (;;) {
    const std::set<std::string> now = co_await list_tombs(repository);
    if (std::ranges::includes(seen, now)) co_return seen;
    log::info("a prune ran meanwhile; looking for blobs it condemned", {{"snapshot", manifest.snapshot.id}});
    repository.index_is_old();
    co_await repository.load_index(Index::Scope::Places);
    seen = repository.loaded()->tombs;
    Progress unseen;
    co_await write_session(repository, unseen, [&](BlobWriter& writer) {
      return copy_condemned(repository, manifest.root, writer);
    });
  }
}

Task<void> withdraw(Repository::Impl& repository, std::string id) {
  const std::string name = std::string(kSnapshotsPrefix) + id;
  repository.forget_manifest(id);
  bool removed = false;
  try {
    co_await repository.store.remove(name);
    co_await repository.store.sync();
    removed = true;
  } catch (const Error& e) {
    log::warn("a snapshot that failed could not be removed; marking it",
              {{"snapshot", id}, {"error", e.what()}});
  }
  if (removed) co_return;
  try {
    const std::string mark = name + std::string(kBrokenSuffix);
    const Bytes sealed = seal_object(repository.keys, kBrokenMagic, mark, {});
    co_await put_new(repository.store, mark, sealed);
    co_await repository.store.sync();
  } catch (const Error& e) {
    log::error("a snapshot that failed could be neither removed nor marked",
               {{"snapshot", id}, {"error", e.what()}});
  }
}

}  // namespace

Task<Manifest> commit(Repository::Impl& repository, BlobWriter& blobs, Manifest manifest) {
  co_await blobs.flush();
  // Also when nothing was put: what others put, and this snapshot relies on, must last as long as it does.
  co_await repository.store.sync();
  blobs.require_young();
  manifest.snapshot.bytes_added += blobs.bytes_new();
  manifest.snapshot.bytes_stored += blobs.bytes_stored();
  manifest.snapshot.id = repository.new_ulid();
  // Also before it is visible: one that comes too late, or dies while it copies, is never seen.
  std::set<std::string> seen = co_await settle_tombs(repository, manifest, blobs.tombs());
  std::exception_ptr failure;
  try {
    co_await put_manifest(repository, manifest);
    co_await settle_tombs(repository, manifest, std::move(seen));
  } catch (...) {
    failure = std::current_exception();
  }
  if (!failure) co_return manifest;
  namespace this_coro = boost::asio::this_coro;
  const bool throws = co_await this_coro::throw_if_cancelled();
  co_await this_coro::throw_if_cancelled(false);
  co_await withdraw(repository, manifest.snapshot.id);
  co_await this_coro::throw_if_cancelled(throws);
  std::rethrow_exception(failure);
}

}  // namespace stash::engine

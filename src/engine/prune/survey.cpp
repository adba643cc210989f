#include "engine/prune/survey.hpp"

#include "engine/repository/snapshot_list.hpp"
#include "engine/repository/store_io.hpp"
#include "stash/base/error.hpp"

namespace stash::engine {
namespace {

constexpr int kLooks = 3;  ///< how often one that met a snapshot that is not whole is made

/// A snapshot that was forgotten meanwhile may be half gone already, and needs nothing any more.
Task<std::exception_ptr> mark(Repository::Impl& repository, Liveness& live, const Manifest& manifest) {
  std::exception_ptr failure;
  try {
    co_await live.mark(repository, manifest);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::Corrupt) throw;
    failure = std::current_exception();
  }
  if (!failure) co_return nullptr;
  const auto size = co_await repository.store.size(std::string(kSnapshotsPrefix) + manifest.snapshot.id);
  co_return size ? failure : nullptr;
}

/// One look at everything. The answer is why some snapshot is not whole, or null: without grace another
/// collector can delete, after it copied what was needed, what this one's index still points to; and a writer
/// that lost what it relied on takes its snapshot back a moment later.
Task<std::exception_ptr> look(Repository::Impl& repository, Survey& now,
                              const std::set<std::string>& forgotten) {
  now = Survey();
  now.tombs = co_await read_tombs(repository);
  if (now.tombs.damage) throw Error(*now.tombs.damage);
  std::vector<std::string> snapshots = co_await list_snapshots(repository.store);
  std::erase_if(snapshots, [&](const std::string& id) { return forgotten.contains(id); });
  now.manifests = co_await repository.manifests_of(std::move(snapshots));
  repository.index_is_old();
  co_await repository.load_index(Index::Scope::Places);
  now.loaded = repository.loaded();
  now.loaded->require_tombs();
  now.stored = co_await list_packs(repository.store);
  now.live.emplace(now.loaded);
  for (const Manifest& manifest : now.manifests) {
    const std::exception_ptr failure = co_await mark(repository, *now.live, manifest);
    if (failure) co_return failure;
  }
  co_return nullptr;
}

/// Of two copies of a blob, which one stays: that in the newer pack. Every collector chooses alike then, and
/// each time, whatever order the segments came in; and what is left alone for its youth does not keep
/// another.
bool outlasts(const Index::Pack& pack, const Index::Pack& other) {
  return std::pair(pack.id.made(), pack.id) > std::pair(other.id.made(), other.id);
}

/// A needed blob has one copy that stays, in a pack that exists and is not condemned. Where there is none,
/// every copy is needed until the blob was copied: another collector that looked a moment earlier may be
/// deleting any one of them, because it takes the others for the ones that stay.
void measure(Survey& now, BlobKind kind) {
  const Index& index = now.index();
  const auto rows = index.rows(kind);
  for (std::size_t first = 0; first < rows.size();) {
    std::size_t next = first;
    const Index::Place* stays = nullptr;
    std::vector<const Index::Place*> dying;
    for (; next < rows.size() && rows[next].key == rows[first].key; ++next) {
      const Index::Place& place = rows[next].place;
      const Index::Pack& pack = index.packs()[place.pack];
      now.use[place.pack].raw += place.length;
      ++now.use[place.pack].blobs;
      if (!now.exists(pack.id)) continue;
      if (pack.condemned)
        dying.push_back(&place);
      else if (!stays || outlasts(pack, index.packs()[stays->pack]))
        stays = &place;
    }
    index.passed(next - first);
    const bool live = now.live->is_live_row(kind, first);
    first = next;
    if (!live) continue;
    if (stays) {
      now.use[stays->pack].live += stays->length;
      continue;
    }
    if (dying.empty()) ++now.lost;
    for (const Index::Place* place : dying) {
      now.use[place->pack].live += place->length;
      now.use[place->pack].needed_copy = true;
    }
  }
}

}  // namespace

Task<void> take_survey(Repository::Impl& repository, Survey& now, std::set<std::string> forgotten) {
  for (int tries = 1;; ++tries) {
    const std::exception_ptr failure = co_await look(repository, now, forgotten);
    if (!failure) break;
    if (tries == kLooks) std::rethrow_exception(failure);
  }
  now.use.assign(now.index().packs().size(), {});
  measure(now, BlobKind::Data);
  measure(now, BlobKind::Tree);
}

}  // namespace stash::engine

#include "stash/engine/restore.hpp"

#include "engine/repository/repository_impl.hpp"
#include "engine/restore/restore_preview.hpp"
#include "engine/restore/restorer.hpp"
#include "stash/base/error.hpp"

namespace stash::engine {
namespace {

constexpr std::size_t kMaxListed = 100;

/// The manifest of a snapshot that is about to be restored; the index is loaded then.
Task<Manifest> begin(Repository::Impl& impl, std::string id, bool whole, Progress& progress) {
  co_await impl.load_index(Index::Scope::Places);
  Manifest manifest = co_await impl.manifest(std::move(id));
  if (whole) {
    progress.files_total = manifest.snapshot.counts.files();
    progress.bytes_total = manifest.snapshot.counts.bytes;
  }
  co_return manifest;
}

bool is_whole(const RestoreOptions& options) {
  return options.includes.empty() && options.iincludes.empty() && options.excludes.empty() &&
         options.iexcludes.empty();
}

}  // namespace

void RestoreResult::add_error(const std::string& path, const std::string& what) {
  ++errors;
  if (first_errors.size() < kMaxListed) first_errors.emplace_back(path, what);
}

void RestoreResult::add_warning(const std::string& path, const std::string& what) {
  ++warnings;
  if (first_warnings.size() < kMaxListed) first_warnings.emplace_back(path, what);
}

Task<RestoreResult> restore(Repository& repository, const Snapshot& snapshot, RestoreOptions options,
                            Progress& progress) {
  Repository::Impl& impl = repository.impl();
  const auto began = impl.environment.timers.steady();
  const Manifest manifest = co_await begin(impl, snapshot.id, is_whole(options), progress);
  Restorer restorer(repository, manifest, std::move(options), progress);
  RestoreResult result = co_await restorer.run();
  result.duration = impl.environment.timers.steady() - began;
  if (restorer.damaged() > 0)
    throw Error(
        ErrorKind::Corrupt,
        "{} entries of snapshot {} could not be restored whole, their stored data is damaged; the first "
        "problem: {}: {}",
        restorer.damaged(), snapshot.short_id(), result.first_errors.front().path,
        result.first_errors.front().what);
  co_return result;
}

Task<RestoreResult> preview_restore(Repository& repository, const Snapshot& snapshot, RestoreOptions options,
                                    Progress& progress, ChangeVisitor visit) {
  Repository::Impl& impl = repository.impl();
  const auto began = impl.environment.timers.steady();
  const Manifest manifest = co_await begin(impl, snapshot.id, is_whole(options), progress);
  RestorePreview preview(repository, manifest, std::move(options), progress, std::move(visit));
  RestoreResult result = co_await preview.run();
  result.duration = impl.environment.timers.steady() - began;
  co_return result;
}

}  // namespace stash::engine

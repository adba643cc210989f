#include "stash/engine/restore.hpp"

#include "engine/repository_impl.hpp"
#include "engine/restorer.hpp"
#include "stash/base/error.hpp"

namespace stash::engine {

Task<RestoreResult> restore(Repository& repository, const Snapshot& snapshot, RestoreOptions options,
                            Progress& progress) {
  Repository::Impl& impl = repository.impl();
  const auto began = impl.environment.timers.steady();
  co_await impl.load_index(Index::Scope::Places);
  const Manifest manifest = co_await impl.manifest(snapshot.id);
  const bool whole = options.includes.empty() && options.iincludes.empty() && options.excludes.empty() &&
                     options.iexcludes.empty();
  if (whole) {
    progress.files_total = manifest.snapshot.counts.files();
    progress.bytes_total = manifest.snapshot.counts.bytes;
  }
  Restorer restorer(repository, manifest, std::move(options), progress);
  RestoreResult result = co_await restorer.run();
  result.duration = impl.environment.timers.steady() - began;
  if (restorer.damaged() > 0)
    throw Error(ErrorKind::Corrupt,
                "{} files of snapshot {} could not be restored, their stored data is damaged; the first "
                "problem: {}: {}",
                restorer.damaged(), snapshot.short_id(), result.first_errors.front().path,
                result.first_errors.front().what);
  co_return result;
}

}  // namespace stash::engine

#include "stash/storage/local_store.hpp"

#include <algorithm>
#include <mutex>
#include <set>

#include "storage/local_files.hpp"
#include "storage/names.hpp"

namespace stash::storage {
namespace {

constexpr std::size_t kThreads = 6;

}  // namespace

/// State shared with work on the pool, so that a cancelled call cannot outlive it.
struct LocalStore::Files {
  explicit Files(std::string r) : root(std::move(r)) {}

  const std::string root;
  std::mutex mutex;
  std::set<std::string> unsynced;  ///< directories whose names are not durable yet

  std::string path(const std::string& name) const { return root + "/" + name; }

  /// The directories on the way to an object. Another process may have put an entry into any of them, which
  /// is not durable yet.
  std::set<std::string> dirs_of(const std::string& name) const {
    std::set<std::string> dirs{root};
    for (auto end = name.find('/'); end != std::string::npos; end = name.find('/', end + 1))
      dirs.insert(path(name.substr(0, end)));
    return dirs;
  }

  void touched(const std::set<std::string>& dirs) {
    const std::lock_guard lock(mutex);
    unsynced.insert(dirs.begin(), dirs.end());
  }
};

LocalStore::LocalStore(std::string root) : threads_(kThreads) {
  while (root.size() > 1 && root.ends_with('/')) root.pop_back();
  if (root.empty()) throw Error(ErrorKind::Invalid, "the path of a local repository is empty");
  files_ = std::make_shared<Files>(std::move(root));
}

LocalStore::~LocalStore() = default;

std::string LocalStore::describe() const { return files_->root; }

Task<void> LocalStore::put(std::string name, std::vector<ByteView> parts) {
  check_name(name);
  auto work = [files = files_, name, parts = std::move(parts)] {
    const std::string path = files->path(name);
    const std::string dir = parent_of(path);
    std::set<std::string> dirs = files->dirs_of(name);
    for (std::string& changed : make_dirs(dir)) dirs.insert(std::move(changed));
    write_new_file(dir, path, parts);
    files->touched(dirs);
  };
  co_await net::offload(threads_, std::move(work));
}

Task<Bytes> LocalStore::get(std::string name, Range range) {
  check_name(name);
  auto work = [path = files_->path(name), range] { return read_file(path, range); };
  co_return co_await net::offload(threads_, std::move(work));
}

Task<std::optional<std::uint64_t>> LocalStore::size(std::string name) {
  check_name(name);
  auto work = [path = files_->path(name)] { return file_size(path); };
  co_return co_await net::offload(threads_, std::move(work));
}

Task<ListPage> LocalStore::list(std::string prefix, std::string token) {
  auto work = [files = files_, prefix = std::move(prefix), token = std::move(token)] {
    ListPage page = list_files(files->root, prefix, token, 1000);
    // The caller will rely on what is there, whoever put it.
    std::set<std::string> dirs;
    for (const ObjectInfo& object : page.objects) dirs.merge(files->dirs_of(object.name));
    files->touched(dirs);
    return page;
  };
  co_return co_await net::offload(threads_, std::move(work));
}

Task<void> LocalStore::remove(std::string name) {
  check_name(name);
  auto work = [files = files_, name] {
    const std::string path = files->path(name);
    remove_file(path);
    files->touched({parent_of(path)});
  };
  co_await net::offload(threads_, std::move(work));
}

Task<void> LocalStore::sync() {
  auto work = [files = files_] {
    std::set<std::string> dirs;
    {
      const std::lock_guard lock(files->mutex);
      dirs.swap(files->unsynced);
    }
    try {
      for (const std::string& dir : dirs) sync_dir(dir);
    } catch (const Error&) {
      const std::lock_guard lock(files->mutex);
      files->unsynced.insert(dirs.begin(), dirs.end());
      throw;
    }
  };
  co_await net::offload(threads_, std::move(work));
}

}  // namespace stash::storage

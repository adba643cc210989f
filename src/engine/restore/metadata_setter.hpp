#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "engine/format/entry.hpp"
#include "engine/restore/target_dir.hpp"

namespace stash::engine {

/// Brings back owners, modes, xattrs with ACLs, and times, in the order in which none undoes another. What
/// cannot be set is told, never thrown. Blocking; any thread, one object each.
class MetadataSetter {
 public:
  /// `warn` gets the path of the entry and what could not be set.
  explicit MetadataSetter(std::function<void(const std::string&, const std::string&)> warn)
      : warn_(std::move(warn)) {}

  /// Of an open file or directory.
  void set(int fd, const Entry& entry, const std::vector<Xattr>& xattrs);
  /// Immutable, append-only and nodump: last of all, since names and metadata cannot be changed afterwards.
  void set_flags(int fd, const Entry& entry);
  /// Of a symlink, device, fifo or socket, by name.
  void set(const TargetDir& dir, const std::string& name, const Entry& entry,
           const std::vector<Xattr>& xattrs);

  /// True when set() and set_flags() would change nothing of `name`, which `info` was read from. Times of
  /// access do not count: looking changes them.
  static bool is_set(const TargetDir& dir, const std::string& name, const struct stat& info,
                     const Entry& entry, const std::vector<Xattr>& xattrs);

  /// False as soon as one owner or group could not be given back.
  bool owners_kept() const { return owners_kept_; }

 private:
  struct Handle;
  static Handle handle_of(const TargetDir& dir, const std::string& name);
  void set(const Handle& handle, const Entry& entry, const std::vector<Xattr>& xattrs);
  void remove_superfluous(const Handle& handle, const Entry& entry, const std::vector<Xattr>& xattrs);
  void put_xattrs(const Handle& handle, const Entry& entry, const std::vector<Xattr>& xattrs, bool acls);

  std::function<void(const std::string&, const std::string&)> warn_;
  std::atomic<bool> owners_kept_{true};
};

}  // namespace stash::engine

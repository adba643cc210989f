#pragma once

#include "engine/backup/accounts.hpp"
#include "engine/backup/file_tree.hpp"
#include "engine/format/entry.hpp"

namespace stash::engine {

/// What counts as a change of a file since the parent snapshot.
struct ChangeRule {
  bool force = false;  ///< everything does
  bool ignore_inode = false;
  bool ignore_ctime = false;
};

/// True when the content of a regular file cannot have changed since `before` was taken.
bool content_unchanged(const Entry& before, const FileStat& now, const ChangeRule& rule);

/// True when a file can be in this snapshot just as it was in the one before: its content cannot have
/// changed, nor can anything else that its stat tells and that put_stat() would set.
bool all_unchanged(const Entry& before, const FileStat& now, const Accounts& accounts, std::uint32_t device,
                   const ChangeRule& rule);

/// True when a file that looked like this `now`, in a backup begun at `start`, may still change without its
/// times telling: they are so recent that the next change may get the same ones. It is read again next time.
/// Times far in the future are not recent: a change would set others.
bool is_racy(const FileStat& stat, TimePoint start, TimePoint now);

/// Sets all members that a stat tells: type, mode, owners with names, times, links, device and flags.
/// `device` is the number of the file system in this snapshot.
void put_stat(const FileStat& stat, const Accounts& accounts, std::uint32_t device, bool with_atime,
              Entry& entry);

}  // namespace stash::engine

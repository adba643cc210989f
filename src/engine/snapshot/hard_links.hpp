#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "engine/format/entry.hpp"

namespace stash::engine {

inline bool has_other_names(const Entry& entry) { return entry.links > 1 && entry.type != EntryType::Dir; }

/// Equal for entries that are names of one file. The inode alone does not tell: in the course of a backup a
/// file may be removed and another get its inode. Where no time of birth is known, the size and the time of
/// the last change tell them apart.
struct FileIdentity {
  std::uint64_t inode;
  std::uint32_t device;
  EntryType type;
  bool born;  ///< `time` is the one of birth
  TimePoint time;
  std::uint64_t size;  ///< 0 with a time of birth

  explicit FileIdentity(const Entry& entry)
      : inode(entry.inode),
        device(entry.device),
        type(entry.type),
        born(entry.btime.has_value()),
        time(entry.btime.value_or(entry.mtime)),
        size(born ? 0 : entry.size) {}
  auto operator<=>(const FileIdentity&) const = default;
};

/// The files with several names among entries that come in path order, each with a First that the caller
/// keeps for its first name. A file is forgotten some time after as many names came as it has links; there
/// may be more of them, of a directory that was met twice or links made during the backup: those are a file
/// of their own then.
template <class First>
class HardLinks {
 public:
  /// What is kept of the entry's file, and true when this is its first name. For an entry that
  /// has_other_names(). Valid until forget_complete() at least.
  std::pair<First*, bool> take(const Entry& entry) {
    const auto [file, is_first] = files_.try_emplace(FileIdentity(entry), entry.links);
    Group& group = file->second;
    if (group.left > 0 && --group.left == 0) complete_.push_back(file);
    return {&group.first, is_first};
  }

  /// Forgets the files of which all names came.
  void forget_complete() {
    for (const auto& file : complete_) files_.erase(file);
    complete_.clear();
  }

 private:
  struct Group {
    explicit Group(std::uint32_t links) : left(links) {}
    First first{};
    std::uint32_t left;  ///< names that did not come yet
  };
  using Files = std::map<FileIdentity, Group>;

  Files files_;
  std::vector<typename Files::iterator> complete_;
};

}  // namespace stash::engine

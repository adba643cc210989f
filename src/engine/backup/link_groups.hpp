#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>

namespace stash::engine {

/// Which file a name is of.
struct Inode {
  std::uint32_t device = 0;
  std::uint64_t number = 0;

  bool operator==(const Inode&) const = default;
};

struct InodeHash {
  std::size_t operator()(const Inode& inode) const noexcept {
    return std::hash<std::uint64_t>{}(inode.number * 31 + inode.device);
  }
};

/// The first names of files of which others are to come, so that these need not be read. Bounded in number
/// and in bytes: a file whose first name is not kept is read at each name.
template <class Name>
class LinkGroups {
 public:
  using NamePtr = std::shared_ptr<Name>;

  /// `most_bytes`: what all that is kept may hold together.
  explicit LinkGroups(std::uint64_t most_bytes) : most_bytes_(most_bytes) {}

  /// The first name of a file with `links` names, or null when `name` has to be read.
  NamePtr meet(const Inode& inode, std::uint32_t links, const NamePtr& name) {
    if (links < 2) return nullptr;
    const auto known = groups_.find(inode);
    if (known == groups_.end()) {
      if (groups_.size() < kMost) groups_.emplace(inode, Group{name, links - 1});
      return nullptr;
    }
    Group& group = known->second;
    NamePtr first = group.first;
    if (--group.left == 0) {
      bytes_ -= group.bytes;
      groups_.erase(known);
    }
    return first;
  }

  /// Once it is known how much a name holds. A first name that is too much is let go; its group stays, for
  /// its names are counted.
  void weigh(const Inode& inode, const NamePtr& name, std::uint64_t bytes) {
    const auto known = groups_.find(inode);
    if (known == groups_.end() || known->second.first != name) return;
    Group& group = known->second;
    if (bytes_ + bytes > most_bytes_) {
      group.first.reset();
      return;
    }
    group.bytes = bytes;
    bytes_ += bytes;
  }

 private:
  static constexpr std::size_t kMost = 10'000;

  struct Group {
    NamePtr first;
    std::uint32_t left = 0;   ///< names not met yet
    std::uint64_t bytes = 0;  ///< of `first`
  };

  const std::uint64_t most_bytes_;
  std::uint64_t bytes_ = 0;
  std::unordered_map<Inode, Group, InodeHash> groups_;
};

}  // namespace stash::engine

#include "engine/backup/change.hpp"

namespace stash::engine {

bool content_unchanged(const Entry& before, const FileStat& now, const ChangeRule& rule) {
  if (rule.force || before.racy || before.unreadable) return false;
  if (before.type != EntryType::File || now.type != EntryType::File) return false;
  if (before.size != now.size || before.mtime != now.mtime) return false;
  return (rule.ignore_ctime || before.ctime == now.ctime) && (rule.ignore_inode || before.inode == now.inode);
}

bool all_unchanged(const Entry& before, const FileStat& now, const Accounts& accounts, std::uint32_t device,
                   const ChangeRule& rule) {
  return content_unchanged(before, now, rule) && before.ctime == now.ctime && before.inode == now.inode &&
         before.mode == now.mode && before.uid == now.uid && before.gid == now.gid &&
         before.links == now.links && before.device == device && before.btime == now.btime &&
         before.inode_flags == now.inode_flags && before.user == accounts.user(now.uid) &&
         before.group == accounts.group(now.gid);
}

bool is_racy(const FileStat& stat, TimePoint start, TimePoint now) {
  constexpr auto kCoarsest = std::chrono::seconds(2);  // the time steps of FAT
  constexpr auto kSkew = std::chrono::hours(24);       // a file server's clock may be ahead of ours
  const auto recent = [&](TimePoint time) { return time >= start - kCoarsest && time <= now + kSkew; };
  return recent(stat.mtime) || recent(stat.ctime);
}

void put_stat(const FileStat& stat, const Accounts& accounts, std::uint32_t device, bool with_atime,
              Entry& entry) {
  entry.type = stat.type;
  entry.mode = stat.mode;
  entry.uid = stat.uid;
  entry.gid = stat.gid;
  entry.user = accounts.user(stat.uid);
  entry.group = accounts.group(stat.gid);
  entry.mtime = stat.mtime;
  entry.ctime = stat.ctime;
  entry.atime = with_atime ? std::optional(stat.atime) : std::nullopt;
  entry.btime = stat.btime;
  entry.inode = stat.inode;
  entry.device = device;
  entry.links = stat.type == EntryType::Dir ? 1 : stat.links;
  entry.device_major = stat.device_major;
  entry.device_minor = stat.device_minor;
  entry.inode_flags = stat.inode_flags;
}

}  // namespace stash::engine

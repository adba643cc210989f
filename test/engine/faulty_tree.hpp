#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "engine/backup/file_tree.hpp"
#include "stash/base/error.hpp"

namespace stash::engine::test {

/// How a name misbehaves.
enum class Fault {
  VanishesBeforeStat,
  VanishesBeforeOpen,
  Denied,
  ReadFails,
  StatFails,
  AlwaysChanges,
  ChangesOnce,
  Shrinks,
  Holed,  ///< every second byte, up to as many as an entry has extents
  NoXattrs
};

/// The machine's file system with faults by file name, and a count of what was opened.
class FaultyTree final : public FileTree {
 public:
  std::map<std::string, Fault> faults;
  std::atomic<int> files_opened{0};
  std::atomic<int> bytes_read{0};
  std::function<void()> on_open;  ///< called before a file is opened

  std::unique_ptr<SourceDir> open(const std::string& path) override {
    return std::make_unique<Dir>(*this, path, real_.open(path));
  }

  bool has(const std::string& name, Fault fault) const {
    const auto found = faults.find(name);
    return found != faults.end() && found->second == fault;
  }

 private:
  class File final : public SourceFile {
   public:
    File(FaultyTree& tree, std::string name, std::unique_ptr<SourceFile> real)
        : tree_(tree), name_(std::move(name)), real_(std::move(real)) {}

    FileStat opened() override { return looked_at(real_->opened()); }
    FileStat stat() override { return looked_at(real_->stat()); }
    FileStat looked_at(FileStat info) {
      ++stats_;
      const bool once = stats_ > 1 && tree_.has(name_, Fault::ChangesOnce) && tree_.first_time(name_);
      if (once || tree_.has(name_, Fault::AlwaysChanges)) info.mtime += std::chrono::nanoseconds(stats_);
      if (tree_.has(name_, Fault::Shrinks)) info.size += 1000;
      if (tree_.has(name_, Fault::Holed)) info.allocated = 0;
      return info;
    }
    std::size_t read(std::uint64_t offset, std::span<std::byte> out) override {
      if (tree_.has(name_, Fault::ReadFails) && offset + out.size() > 100'000)
        throw Error(ErrorKind::Unavailable, "read: Input/output error");
      const std::size_t got = real_->read(offset, out);
      tree_.bytes_read += static_cast<int>(got);
      return got;
    }
    std::vector<Extent> extents(std::uint64_t size) override {
      if (tree_.has(name_, Fault::Shrinks)) return {Extent{0, size}};
      if (!tree_.has(name_, Fault::Holed)) return real_->extents(size);
      std::vector<Extent> runs;
      for (std::uint64_t at = 0; at < size && runs.size() < Entry::kMaxExtents; at += 2)
        runs.push_back({at, 1});
      return runs;
    }
    std::vector<Xattr> xattrs() override {
      return tree_.xattrs(name_, [&] { return real_->xattrs(); });
    }

   private:
    FaultyTree& tree_;
    std::string name_;
    std::unique_ptr<SourceFile> real_;
    int stats_ = 0;  ///< opening takes one, its end another
  };

  class Dir final : public SourceDir {
   public:
    Dir(FaultyTree& tree, std::string name, std::unique_ptr<SourceDir> real)
        : tree_(tree), name_(std::move(name)), real_(std::move(real)) {}

    FileStat stat() override { return real_->stat(); }
    std::vector<Xattr> xattrs() override {
      return tree_.xattrs(name_, [&] { return real_->xattrs(); });
    }
    NameList names() override { return real_->names(); }
    FileStat stat(const std::string& name) override {
      if (tree_.has(name, Fault::VanishesBeforeStat))
        throw Error(ErrorKind::NotFound, "stat: No such file or directory");
      if (tree_.has(name, Fault::StatFails)) throw Error(ErrorKind::Denied, "stat: Permission denied");
      return real_->stat(name);
    }
    std::unique_ptr<SourceDir> open_dir(const std::string& name) override {
      if (tree_.has(name, Fault::VanishesBeforeOpen))
        throw Error(ErrorKind::NotFound, "open directory: gone");
      if (tree_.has(name, Fault::Denied)) throw Error(ErrorKind::Denied, "open directory: Permission denied");
      return std::make_unique<Dir>(tree_, name, real_->open_dir(name));
    }
    std::unique_ptr<SourceFile> open_file(const std::string& name) override {
      if (tree_.on_open) tree_.on_open();
      ++tree_.files_opened;
      if (tree_.has(name, Fault::VanishesBeforeOpen))
        throw Error(ErrorKind::NotFound, "open: No such file or directory");
      if (tree_.has(name, Fault::Denied)) throw Error(ErrorKind::Denied, "open: Permission denied");
      return std::make_unique<File>(tree_, name, real_->open_file(name));
    }
    std::string link_target(const std::string& name) override { return real_->link_target(name); }
    std::vector<Xattr> xattrs(const std::string& name) override {
      return tree_.xattrs(name, [&] { return real_->xattrs(name); });
    }

   private:
    FaultyTree& tree_;
    std::string name_;
    std::unique_ptr<SourceDir> real_;
  };

  template <class Read>
  std::vector<Xattr> xattrs(const std::string& name, Read read) const {
    if (has(name, Fault::NoXattrs))
      throw Error(ErrorKind::Unavailable, "list extended attributes: Input/output error");
    return read();
  }

  bool first_time(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return seen_.insert(name).second;
  }

  LinuxTree real_;
  std::mutex mutex_;
  std::set<std::string> seen_;
};

}  // namespace stash::engine::test

#pragma once

// A restore on the control thread, in windows of entries that come in path order:
//
//   prepare   (pool)  directories are made, everything but regular files is restored,
//                     files already right are told apart
//   contents          pieces of all files of the window, sorted by place, fetched in runs,
//                     decoded and written (pool)
//   finish    (pool)  files get their metadata and then their names
//   links     (pool)  further names of files
//   close     (pool)  directories left behind get their metadata, deepest first
//
// The window bounds open files and directories, and what a kill can cost: what was finished with an earlier
// window is found right by the next run. The budget bounds bytes in flight.

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/blob_reader.hpp"
#include "engine/budget.hpp"
#include "engine/content_map.hpp"
#include "engine/file_compare.hpp"
#include "engine/metadata_setter.hpp"
#include "engine/paths.hpp"
#include "engine/pattern.hpp"
#include "engine/repository_impl.hpp"
#include "engine/restore_plan.hpp"
#include "engine/target_dir.hpp"
#include "engine/tree_reader.hpp"
#include "stash/engine/restore.hpp"

namespace stash::engine {

class Restorer {
 public:
  Restorer(Repository& repository, const Manifest& manifest, RestoreOptions options, Progress& progress);

  /// To the end of the tree. Throws what makes going on useless: no space, the store does not answer,
  /// cancellation.
  Task<RestoreResult> run();
  /// Files whose stored data is damaged.
  std::uint64_t damaged() const { return damaged_; }

 private:
  /// A directory of the snapshot on the way to the current entry, or one just left.
  struct Level {
    Entry entry;
    std::vector<Xattr> xattrs;
    std::shared_ptr<Level> parent;  ///< null: a path of the backup itself
    std::shared_ptr<TargetDir> dir;
    bool chosen = false;
    bool made = false;
    bool reached = false;  ///< was open once
    std::string failure;
  };
  using LevelPtr = std::shared_ptr<Level>;

  /// Writing: a new file. Patching: the one that is there, in place. Right: nothing but metadata.
  enum class State { Waiting, Writing, Patching, Right, Done, Failed };
  /// An entry of the window that is not a directory.
  struct Item {
    Entry entry;
    std::vector<Xattr> xattrs;
    LevelPtr level;  ///< null: a path of the backup itself
    State state = State::Waiting;
    std::optional<TargetFile> file;   ///< Writing
    Fd existing;                      ///< Patching, Right
    std::unique_ptr<ContentMap> map;  ///< of a regular file
    std::uint64_t wanted = 0;         ///< bytes of content that are written
    bool is_link = false;
    bool reshaped = false;  ///< Patching: its size or its holes changed

    bool takes_content() const { return state == State::Writing || state == State::Patching; }
    int fd() const { return file ? file->fd() : existing.get(); }
    std::string name() const { return name_of(entry.path); }
  };
  /// The first name of a file that has several.
  struct LinkTarget {
    LevelPtr level;
    std::string path;
    bool restored = false;
    std::uint32_t left = 0;
  };
  /// What could not be written, from a pool thread.
  struct Failure {
    std::uint32_t file;
    std::string what;
  };

  // restorer.cpp
  Task<void> take(Entry entry);
  void leave(std::string_view path);
  Task<void> flush();
  void prepare();
  void prepare(Item& item);
  void prepare_file(Item& item, TargetDir& dir);
  void start_content(Item& item, TargetDir& dir);
  bool start_patching(Item& item, TargetDir& dir);
  void start_writing(Item& item, TargetDir& dir);
  void restore_special(Item& item, TargetDir& dir);
  void finish();
  void finish(Item& item);
  void link_names();
  void link_name(Item& item);
  void close();
  void close(Level& level);
  void forget_handles();
  std::shared_ptr<TargetDir> dir_of(const LevelPtr& level, const std::string& path);
  std::shared_ptr<TargetDir> reach(const LevelPtr& level);
  void fail(Item& item, const std::string& what);
  void error(const std::string& path, const std::string& what);
  void warn(const std::string& path, const std::string& what);
  void count(const Entry& entry, std::uint64_t FileCounts::*files);

  // restore_content.cpp
  Task<void> write_contents();
  Task<void> want(std::uint32_t number, std::vector<WantedPiece>& pieces, std::uint64_t& bytes);
  Task<void> want(WantedPiece piece, std::vector<WantedPiece>& pieces, std::uint64_t& bytes);
  Task<void> fetch(std::vector<WantedPiece>& pieces);
  Task<void> write_behind(std::span<const WantedPiece> pieces);
  void release_pages();
  Task<void> start_runs(std::span<const FetchRun> runs, std::span<const WantedPiece> pieces,
                        net::TaskGroup& group);
  Task<void> fetch_run(FetchRun run, std::span<const WantedPiece> pieces, Budget::Hold hold);
  Task<void> fetch_singly(std::span<const WantedPiece> pieces);
  std::vector<Failure> write_run(const FetchRun& run, std::span<const WantedPiece> pieces, ByteView stored);
  void write_piece(const WantedPiece& piece, ByteView bytes, std::vector<Failure>& failures);
  void take_failures(const std::vector<Failure>& failures);
  Task<void> verify_existing();
  Task<void> verify_written();

  Repository::Impl& repository_;
  RestoreOptions options_;
  Progress& progress_;
  Selection selection_;
  BlobReader blobs_;
  FileCompare compare_;
  TreeReader tree_;
  Budget bytes_;
  net::Pool& pool_;
  TemporaryNames names_;
  MetadataSetter metadata_;
  std::shared_ptr<TargetDir> target_;
  std::vector<LevelPtr> levels_;
  std::deque<Item> window_;
  std::vector<std::uint32_t> flowing_;  ///< files of the window that the kernel is writing out
  std::vector<LevelPtr> entered_;       ///< directories chosen in this window
  std::vector<LevelPtr> left_;          ///< directories left in this window, deepest first
  std::vector<LevelPtr> open_;          ///< directories with a handle
  std::map<std::pair<std::uint32_t, std::uint64_t>, LinkTarget> links_;
  std::size_t window_size_;
  std::uint64_t window_bytes_ = 0;  ///< of the files in it
  std::uint64_t damaged_ = 0;
  RestoreResult result_;
};

}  // namespace stash::engine

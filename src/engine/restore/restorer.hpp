#pragma once

// A restore on the control thread, in windows of entries that come in path order:
//
//   prepare   (pool)  directories are made, everything but regular files is restored,
//                     files already right are told apart
//   contents          in plans of some MiB: pieces sorted by place, fetched in runs, decoded into regions
//                     (pool); a region that is whole is written past the page cache (threads of their own),
//                     a small file is made at once with all that belongs to it (pool)
//   finish    (pool)  other files get their metadata and then their names
//   links     (pool)  further names of files; what cannot be a link goes through all of this once more, as a
//                     file of its own
//   close     (pool)  directories left behind get their metadata, deepest first
//
// The window bounds open files and directories, and what a kill can cost: what was finished with an earlier
// window is found right by the next run. The budget bounds bytes in flight.

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/blobs/blob_reader.hpp"
#include "engine/blobs/fetch_plan.hpp"
#include "engine/parallel/budget.hpp"
#include "engine/parallel/signal.hpp"
#include "engine/repository/repository_impl.hpp"
#include "engine/restore/file_compare.hpp"
#include "engine/restore/metadata_setter.hpp"
#include "engine/restore/region.hpp"
#include "engine/restore/target_dir.hpp"
#include "engine/select/paths.hpp"
#include "engine/select/selected_entries.hpp"
#include "engine/snapshot/content_map.hpp"
#include "engine/snapshot/hard_links.hpp"
#include "engine/snapshot/tree_reader.hpp"
#include "stash/base/error.hpp"
#include "stash/engine/restore.hpp"
#include "stash/net/pool.hpp"

namespace stash::engine {

/// Going on would only repeat the same failure for every file.
inline void rethrow_if_final(const Error& e) {
  if (e.kind() == ErrorKind::Exhausted || e.kind() == ErrorKind::Cancelled || e.kind() == ErrorKind::Internal)
    throw e;
}

class Restorer {
 public:
  static constexpr std::size_t kOpenLevels =
      64;  ///< directories on the way down that stay open between windows

  Restorer(Repository& repository, const Manifest& manifest, RestoreOptions options, Progress& progress);

  /// To the end of the tree. Throws what makes going on useless: no space, the store does not answer,
  /// cancellation.
  Task<RestoreResult> run();
  /// Entries whose stored data is damaged, and parts of the tree that cannot be read.
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
    std::string failure;
  };
  using LevelPtr = std::shared_ptr<Level>;

  /// Writing: a new file. Patching: the one that is there, in place. Right: nothing but metadata.
  enum class State { Waiting, Writing, Patching, Right, Done, Failed };
  /// The first name of a file that has several.
  struct LinkTarget {
    LevelPtr level;
    std::string path;
    bool restored = false;
  };
  /// An entry of the window that is not a directory.
  struct Item {
    Entry entry;
    std::vector<Xattr> xattrs;
    LevelPtr level;  ///< null: a path of the backup itself
    State state = State::Waiting;
    std::optional<TargetFile> file;   ///< Writing, unless it is small
    Fd existing;                      ///< Patching, Right
    Fd direct;                        ///< the same file past the page cache, if it is large
    std::shared_ptr<TargetDir> dir;   ///< of a small file that is Writing
    std::uint32_t number = 0;         ///< in the window
    std::unique_ptr<ContentMap> map;  ///< of a regular file
    std::uint64_t wanted = 0;         ///< bytes of content that are written
    bool is_small = false;            ///< made at once when its content has come together
    LinkTarget* link = nullptr;       ///< of a file that has several names
    bool is_link = false;             ///< not the first of them
    std::string no_link;              ///< why it could not be one: it is restored as a file of its own
    bool reshaped = false;            ///< Patching: its size or its holes changed

    bool takes_content() const { return state == State::Writing || state == State::Patching; }
    int fd() const { return file ? file->fd() : existing.get(); }
    std::string name() const { return name_of(entry.path); }
  };
  /// What could not be written, from a pool thread.
  struct Failure {
    std::uint32_t file;
    std::string what;
  };
  /// What became of pieces that were put to their places.
  struct Put {
    std::size_t pieces = 0;
    std::vector<Region*> whole;  ///< to be written
    std::vector<Failure> failures;
  };
  /// Content that is fetched and put together at once.
  struct Plan {
    explicit Plan(std::uint64_t bytes) : regions(bytes) {}
    void clear() {
      regions.clear();
      pieces.clear();
      unplaced.clear();
    }

    Regions regions;
    std::vector<WantedPiece> pieces;
    std::vector<WantedPiece> unplaced;  ///< of which the index knows no place
  };

  // restorer.cpp
  Task<void> take(Entry entry, bool chosen);
  void leave(std::string_view path);
  Task<void> flush();
  Task<void> restore_window();
  void keep_unlinked();
  void finish();
  void finish(Item& item);
  void link_names();
  void link_name(Item& item);
  void fail(Item& item, const std::string& what);
  void error(const std::string& path, const std::string& what);
  void warn(const std::string& path, const std::string& what);
  void count(const Entry& entry, std::uint64_t FileCounts::*files);

  // restore_prepare.cpp
  void prepare();
  void prepare(Item& item);
  void prepare_file(Item& item, TargetDir& dir);
  bool is_small(const Item& item) const;
  void start_content(Item& item, TargetDir& dir);
  bool start_patching(Item& item, TargetDir& dir);
  void start_writing(Item& item, TargetDir& dir);
  void restore_special(Item& item, TargetDir& dir);

  // restore_dirs.cpp
  void close();
  void forget_handles();
  std::shared_ptr<TargetDir> dir_of(const LevelPtr& level, const std::string& path);
  std::shared_ptr<TargetDir> reach(const LevelPtr& level);

  // restore_content.cpp
  Task<void> write_contents();
  Task<void> plan_contents(net::TaskGroup& group);
  Task<void> want(std::uint32_t number, net::TaskGroup& group);
  Task<void> make_room(std::uint64_t bytes, net::TaskGroup& group);
  void add_piece(WantedPiece piece);
  Task<void> start_plan(net::TaskGroup& group);
  Task<void> run_plan(std::unique_ptr<Plan> plan);
  Task<void> start_runs(Plan& plan, std::span<const FetchRun> runs, net::TaskGroup& group);
  Task<void> fetch_run(Plan& plan, FetchRun run, std::span<const WantedPiece> pieces, Budget::Hold hold,
                       net::TaskGroup& group);
  Task<void> fetch_singly(Plan& plan, std::span<const WantedPiece> pieces);
  void put_run(Plan& plan, const FetchRun& run, std::span<const WantedPiece> pieces, ByteView stored,
               Put& put);
  void take_failures(const std::vector<Failure>& failures);
  Task<void> verify_existing();
  Task<void> verify_written();

  // restore_files.cpp
  void put_piece(Plan& plan, const WantedPiece& piece, ByteView bytes, Put& put);
  Task<void> write_whole(const Region& region);
  void make_small(Item& item, ByteView content, Put& put);
  void make_small(Item& item, ByteView content);
  Task<void> make_inline_files();
  Task<void> make_inline_files(std::span<Item* const> items);
  void sync();
  void note_file_system(const std::shared_ptr<TargetDir>& dir);

  Repository::Impl& repository_;
  RestoreOptions options_;
  Progress& progress_;
  Selection selection_;
  BlobReader blobs_;
  FileCompare compare_;
  TreeReader tree_;
  SelectedEntries entries_;
  Budget bytes_;
  net::Pool& pool_;
  std::optional<net::Pool> writers_;
  std::unique_ptr<Plan> plan_;  ///< in the making
  std::vector<std::unique_ptr<Plan>> idle_plans_;
  Signal plan_ended_;
  TemporaryNames names_;
  MetadataSetter metadata_;
  std::shared_ptr<TargetDir> target_;
  std::vector<LevelPtr> levels_;
  std::deque<Item> window_;
  std::vector<LevelPtr> entered_;  ///< directories chosen in this window
  std::vector<LevelPtr> left_;     ///< directories left in this window, deepest first
  std::vector<LevelPtr> open_;     ///< directories with a handle
  HardLinks<LinkTarget> links_;
  std::size_t window_size_;
  std::uint64_t window_bytes_ = 0;  ///< of the files in it
  std::uint64_t damaged_ = 0;
  std::map<dev_t, std::shared_ptr<TargetDir>> file_systems_;  ///< a directory of each that is written to
  std::mutex results_;  ///< over result_ and who hears of problems: small files are made on several threads
  RestoreResult result_;
};

}  // namespace stash::engine

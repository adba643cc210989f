#pragma once

// A backup on the control thread:
//
//   walk (pool, in batches), then for each entry
//     unchanged since the parent   the entry as it was
//     a file                       a job: read, cut, store (pool); small ones in batches
//     anything else                the entry as the walk met it
//   and all go through slots, in path order, into the tree.
//
// Slots hold the order: jobs end as they like, entries leave at the front. The number of slots bounds memory
// and open directories, the buffer budget bounds what jobs read ahead.

#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <vector>

#include "engine/backup/accounts.hpp"
#include "engine/backup/change.hpp"
#include "engine/backup/file_job.hpp"
#include "engine/backup/link_groups.hpp"
#include "engine/parallel/signal.hpp"
#include "engine/repository/repository_impl.hpp"
#include "engine/snapshot/tree_reader.hpp"
#include "engine/snapshot/tree_writer.hpp"
#include "stash/engine/backup.hpp"

namespace stash::engine {

struct PipelineOptions {
  ChangeRule rule;
  TimePoint start;
  bool with_atime = false;

  PipelineOptions() {}
};

/// What a pipeline counted. `counts` are of entries in the tree.
struct PipelineResult {
  FileCounts counts;
  std::uint64_t vanished = 0;  ///< met by the walk, gone when they were to be read
  std::uint64_t errors = 0;
  std::vector<PathProblem> first_errors;
  std::uint64_t changed_while_read = 0;
  std::vector<PathProblem> first_changed;
};

class BackupPipeline {
 public:
  /// `jobs` and `tree` are null for a dry run: files then count as their times tell and nothing is read.
  BackupPipeline(Repository::Impl& repository, Walker& walker, ParentStream& parent, FileJobContext* jobs,
                 TreeWriter* tree, Progress& progress, PipelineOptions options);

  /// To the end of the walk. Leaves no job behind, however it ends.
  Task<void> run();
  const PipelineResult& result() const { return result_; }

 private:
  enum class Kind { New, Changed, Unmodified };
  struct Slot {
    Entry entry;
    Found found;
    Kind kind = Kind::New;
    bool done = false;
    bool gone = false;     ///< nothing to write: the file went away
    bool changed = false;  ///< while it was read
    std::string problem;
    std::exception_ptr failure;     ///< what ends the backup
    std::shared_ptr<Slot> same_as;  ///< the slot of another name of this file
  };
  using SlotPtr = std::shared_ptr<Slot>;

  Task<void> walk();
  Task<void> take_all(net::TaskGroup& group);
  bool pass_unchanged(const Found& found);
  Task<void> take(Found found, net::TaskGroup& group);
  Task<void> take_file(SlotPtr slot, const Entry* before, net::TaskGroup& group);
  Task<void> take_other(Slot& slot);
  Task<void> job(SlotPtr slot, Budget::Hold turn);
  Task<void> start_batch(net::TaskGroup& group);
  Task<void> batch_job(std::vector<SlotPtr> slots, Budget::Hold turn);
  Task<void> read_batch(const std::vector<SlotPtr>& slots);
  void take_read(Slot& slot, FileRead file);
  void end(Slot& slot, std::exception_ptr failure);
  Task<void> read(Slot& slot, int attempts = 2);
  Task<void> read_xattrs_again(Slot& slot);
  Task<void> drain(std::size_t keep, net::TaskGroup& group);
  Task<void> resolve_link(Slot& slot);
  Task<void> write(Slot& slot);
  void count_file(const Entry& entry, Kind kind);
  static Inode inode_of(const Slot& slot) { return {slot.entry.device, slot.found.stat.inode}; }
  Task<bool> still_stored(const Entry& before);
  bool refs_stored(const Index& index, const Entry& before) const;
  void problem(const std::string& path, const std::string& what);
  std::uint32_t device_number(std::uint64_t device);
  TimePoint now() const { return repository_.environment.timers.now(); }

  Repository::Impl& repository_;
  Walker& walker_;
  ParentStream& parent_;
  FileJobContext* jobs_;
  TreeWriter* tree_;
  net::Pool& pool_;
  Progress& progress_;
  PipelineOptions options_;
  Accounts accounts_ = Accounts::load();
  std::deque<std::vector<Found>> walked_;  ///< ahead of what is taken; an empty one ends the walk
  Signal walked_changed_;
  std::deque<SlotPtr> slots_;
  std::vector<SlotPtr> batch_;  ///< small files that wait to be read together
  std::uint64_t batch_bytes_ = 0;
  Budget turns_;
  Signal ended_;
  std::map<std::uint64_t, std::uint32_t> devices_;
  LinkGroups<Slot> links_;
  BlobReader lists_;          ///< of the parent's contents
  bool leaves_wait_ = false;  ///< the tree has to be flushed before the next entry
  PipelineResult result_;
};

}  // namespace stash::engine

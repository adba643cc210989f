#include "engine/backup/backup_pipeline.hpp"

#include "engine/backup/small_files.hpp"
#include "engine/snapshot/content.hpp"
#include "stash/base/error.hpp"

namespace stash::engine {
namespace {

constexpr std::size_t kSlots = 512;
constexpr std::size_t kBatch = 512;
constexpr std::size_t kBatchesAhead = 2;
constexpr std::uint64_t kJobs = 8;
constexpr std::size_t kMaxListed = 20;
constexpr std::uint64_t kLinkShare = 32;  ///< of the memory budget, for files of which names are to come

void copy_content(const Entry& from, Entry& to) {
  to.size = from.size;
  to.inline_content = from.inline_content;
  to.blobs = from.blobs;
  to.list_level = from.list_level;
  to.sparse = from.sparse;
  to.extents = from.extents;
}

void move_content(Entry& from, Entry& to) {
  to.size = from.size;
  to.inline_content = std::move(from.inline_content);
  to.blobs = std::move(from.blobs);
  to.list_level = from.list_level;
  to.sparse = from.sparse;
  to.extents = std::move(from.extents);
}

void copy_xattrs(const Entry& from, Entry& to) {
  to.xattrs = from.xattrs;
  to.xattr_blob = from.xattr_blob;
}

}  // namespace

BackupPipeline::BackupPipeline(Repository::Impl& repository, Walker& walker, ParentStream& parent,
                               FileJobContext* jobs, TreeWriter* tree, Progress& progress,
                               PipelineOptions options)
    : repository_(repository),
      walker_(walker),
      parent_(parent),
      jobs_(jobs),
      tree_(tree),
      pool_(repository.environment.pool),
      progress_(progress),
      options_(options),
      turns_(kJobs),
      links_(repository.environment.memory_budget / kLinkShare),
      lists_(repository) {}

// The walk is a member like its jobs: whatever ends one of them ends all, and they have ended when join()
// returns.
Task<void> BackupPipeline::run() {
  net::TaskGroup group;
  co_await group.spawn(walk());
  co_await group.spawn(take_all(group));
  co_await group.join();
}

Task<void> BackupPipeline::walk() {
  for (bool ended = false; !ended;) {
    while (walked_.size() >= kBatchesAhead) co_await walked_changed_.wait();
    std::vector<Found> batch = co_await net::offload(pool_, [this] { return walker_.next(kBatch); });
    ended = batch.empty();
    walked_.push_back(std::move(batch));
    walked_changed_.notify_all();
  }
}

Task<void> BackupPipeline::take_all(net::TaskGroup& group) {
  for (;;) {
    while (walked_.empty()) co_await walked_changed_.wait();
    std::vector<Found> batch = std::move(walked_.front());
    walked_.pop_front();
    walked_changed_.notify_all();
    if (batch.empty()) break;
    for (Found& found : batch) {
      if (!pass_unchanged(found)) {
        co_await take(std::move(found), group);
        co_await drain(kSlots, group);
      }
      if (std::exchange(leaves_wait_, false)) co_await tree_->flush();
    }
  }
  co_await drain(0, group);
}

/// The short way for what most entries of most backups are: a file that did not change at all, while nothing
/// before it waits. False: take() it.
bool BackupPipeline::pass_unchanged(const Found& found) {
  if (!slots_.empty() || !jobs_ || options_.with_atime || !found.has_stat || !found.problem.empty())
    return false;
  if (found.stat.type != EntryType::File || found.stat.links != 1 || !parent_.ready(found.path)) return false;
  const Entry* before = parent_.at(found.path);
  if (!before || before->atime || before->list_level != 0 ||
      !all_unchanged(*before, found.stat, accounts_, device_number(found.stat.device), options_.rule))
    return false;
  if (is_racy(found.stat, options_.start, now()) || !refs_stored(repository_.index(), *before)) return false;
  progress_.bytes_done += before->size;
  count_file(*before, Kind::Unmodified);
  leaves_wait_ = tree_->add(*before);
  return true;
}

Task<void> BackupPipeline::take(Found found, net::TaskGroup& group) {
  if (!found.has_stat) {
    problem(found.path, found.problem);
    co_return;
  }
  auto slot = std::make_shared<Slot>();
  slot->entry.path = found.path;
  put_stat(found.stat, accounts_, device_number(found.stat.device), options_.with_atime, slot->entry);
  slot->found = std::move(found);
  const bool near = parent_.ready(slot->entry.path);
  if (!near) co_await parent_.advance_to(slot->entry.path);
  slots_.push_back(slot);
  if (slot->entry.type == EntryType::File)
    co_await take_file(slot, parent_.at(slot->entry.path), group);
  else
    co_await take_other(*slot);
}

Task<void> BackupPipeline::take_file(SlotPtr slot, const Entry* before, net::TaskGroup& group) {
  Entry& entry = slot->entry;
  if (before && before->type == EntryType::File) slot->kind = Kind::Changed;
  entry.racy = is_racy(slot->found.stat, options_.start, now());
  bool known = before && content_unchanged(*before, slot->found.stat, options_.rule);
  if (known) known = co_await still_stored(*before);
  if (known) {
    slot->kind = Kind::Unmodified;
    copy_content(*before, entry);
    progress_.bytes_done += entry.size;
    slot->done = !jobs_ || before->ctime == entry.ctime;
    if (slot->done) copy_xattrs(*before, entry);
  } else if (!jobs_) {
    entry.size = slot->found.stat.size;
    slot->done = true;
  } else if (slot->same_as = links_.meet(inode_of(*slot), entry.links, slot); slot->same_as) {
    slot->done = true;
  }
  if (slot->done) co_return;
  const std::uint64_t size = slot->found.stat.size;
  if (slot->kind != Kind::Unmodified && size <= kSmallFile) {
    if (batch_bytes_ + size > kSmallBatch) co_await start_batch(group);
    batch_.push_back(std::move(slot));
    batch_bytes_ += size;
    if (batch_.size() == kSmallBatchFiles) co_await start_batch(group);
    co_return;
  }
  Budget::Hold turn = co_await turns_.acquire(1);
  co_await group.spawn(job(slot, std::move(turn)));
}

Task<void> BackupPipeline::take_other(Slot& slot) {
  Entry& entry = slot.entry;
  if (entry.type == EntryType::Symlink) {
    entry.link_target = slot.found.link_target;
    entry.size = entry.link_target.size();
  }
  entry.unreadable = slot.found.unreadable;
  slot.problem = slot.found.problem;
  if (jobs_) co_await store_xattrs(jobs_->blobs, std::move(slot.found.xattrs), entry);
  slot.done = true;
}

Task<void> BackupPipeline::job(SlotPtr slot, Budget::Hold turn) {
  std::exception_ptr failure;
  try {
    if (slot->kind == Kind::Unmodified)
      co_await read_xattrs_again(*slot);
    else
      co_await read(*slot);
  } catch (...) {
    failure = std::current_exception();
  }
  end(*slot, failure);
  turn.release();
}

void BackupPipeline::end(Slot& slot, std::exception_ptr failure) {
  slot.failure = std::move(failure);
  slot.found.parent.reset();
  slot.done = true;
  ended_.notify_all();
}

Task<void> BackupPipeline::start_batch(net::TaskGroup& group) {
  if (batch_.empty()) co_return;
  std::vector<SlotPtr> slots = std::exchange(batch_, {});
  batch_bytes_ = 0;
  Budget::Hold turn = co_await turns_.acquire(1);
  co_await group.spawn(batch_job(std::move(slots), std::move(turn)));
}

Task<void> BackupPipeline::batch_job(std::vector<SlotPtr> slots, Budget::Hold turn) {
  std::exception_ptr failure;
  try {
    co_await read_batch(slots);
  } catch (...) {
    failure = std::current_exception();
  }
  for (const SlotPtr& slot : slots)
    if (!slot->done) end(*slot, failure);
  turn.release();
}

Task<void> BackupPipeline::read_batch(const std::vector<SlotPtr>& slots) {
  std::vector<SmallFile> files;
  files.reserve(slots.size());
  for (const SlotPtr& slot : slots) files.emplace_back(slot->found);
  co_await read_small_files(*jobs_, files);
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (files[i].read)
      take_read(*slots[i], std::move(*files[i].read));
    else
      co_await read(*slots[i], files[i].changed ? 1 : 2);
    end(*slots[i], nullptr);
  }
}

Task<void> BackupPipeline::read(Slot& slot, int attempts) {
  FileRead file = co_await read_file(*jobs_, slot.found, attempts);
  take_read(slot, std::move(file));
}

void BackupPipeline::take_read(Slot& slot, FileRead file) {
  slot.gone = file.outcome == FileOutcome::Vanished;
  slot.changed = file.outcome == FileOutcome::Changed;
  slot.problem = std::move(file.problem);
  if (file.outcome == FileOutcome::Unreadable) slot.entry.unreadable = true;
  if (slot.gone || slot.entry.unreadable) return;
  put_stat(file.stat, accounts_, slot.entry.device, options_.with_atime, slot.entry);
  // Also a file without its attributes is read again next time, when they may be had.
  slot.entry.racy = slot.changed || !slot.problem.empty() || is_racy(file.stat, options_.start, now());
  move_content(file.content, slot.entry);
  slot.entry.xattrs = std::move(file.content.xattrs);
  slot.entry.xattr_blob = file.content.xattr_blob;
}

/// The content is known, but metadata may have changed: it is read without opening the file.
Task<void> BackupPipeline::read_xattrs_again(Slot& slot) {
  std::vector<Xattr> xattrs;
  try {
    xattrs = co_await net::offload(pool_, [&] { return slot.found.parent->xattrs(slot.found.name()); });
  } catch (const Error& e) {
    if (e.kind() == ErrorKind::Cancelled) throw;
    slot.gone = e.kind() == ErrorKind::NotFound;
    slot.problem = e.what();
    slot.entry.racy = true;
    co_return;
  }
  co_await store_xattrs(jobs_->blobs, std::move(xattrs), slot.entry);
}

/// Writes what is done at the front, and waits until at most `keep` slots are left.
Task<void> BackupPipeline::drain(std::size_t keep, net::TaskGroup& group) {
  while (!slots_.empty() && (slots_.size() > keep || slots_.front()->done)) {
    const SlotPtr front = slots_.front();
    if (!front->done && !batch_.empty() && batch_.front() == front) co_await start_batch(group);
    while (!front->done) co_await ended_.wait();
    if (front->failure) std::rethrow_exception(front->failure);
    slots_.pop_front();
    if (front->same_as) co_await resolve_link(*front);
    co_await write(*front);
    links_.weigh(inode_of(*front), front, held_by(front->entry));
  }
}

/// Another name of a file that came before: its content is known unless the file changed or failed in
/// between.
Task<void> BackupPipeline::resolve_link(Slot& slot) {
  const Entry& first = slot.same_as->entry;
  const bool usable = !slot.same_as->gone && !first.unreadable && first.mtime == slot.entry.mtime &&
                      first.ctime == slot.entry.ctime;
  if (usable) {
    copy_content(first, slot.entry);
    copy_xattrs(first, slot.entry);
    slot.entry.racy = first.racy;
    progress_.bytes_done += first.size;
  } else {
    co_await read(slot);
  }
  slot.same_as.reset();
}

Task<void> BackupPipeline::write(Slot& slot) {
  if (slot.gone) {
    ++result_.vanished;
    co_return;
  }
  if (!slot.problem.empty()) problem(slot.entry.path, slot.problem);
  if (slot.changed) {
    ++result_.changed_while_read;
    if (result_.first_changed.size() < kMaxListed)
      result_.first_changed.emplace_back(slot.entry.path, "changed while it was read");
  }
  FileCounts& counts = result_.counts;
  if (slot.entry.type == EntryType::File)
    count_file(slot.entry, slot.kind);
  else
    ++(slot.entry.type == EntryType::Dir ? counts.dirs : counts.others);
  if (!tree_) co_return;
  const bool full = tree_->add(slot.entry);
  if (full) co_await tree_->flush();
}

void BackupPipeline::count_file(const Entry& entry, Kind kind) {
  FileCounts& counts = result_.counts;
  ++progress_.files_done;
  counts.bytes += entry.size;
  ++(kind == Kind::New       ? counts.files_new
     : kind == Kind::Changed ? counts.files_changed
                             : counts.files_unmodified);
}

bool BackupPipeline::refs_stored(const Index& index, const Entry& before) const {
  if (before.xattr_blob && !index.has(BlobKind::Tree, key_of(before.xattr_blob->id))) return false;
  const BlobKind kind = before.list_level == 0 ? BlobKind::Data : BlobKind::Tree;
  return std::ranges::all_of(before.blobs,
                             [&](const BlobRef& ref) { return index.has(kind, key_of(ref.id)); });
}

/// What the parent names may have been condemned or lost since: then it has to be stored again.
Task<bool> BackupPipeline::still_stored(const Entry& before) {
  // Asked for anew: reading the parent may have loaded the index again.
  const auto loaded = repository_.loaded();
  const Index& index = loaded->index;
  if (!refs_stored(index, before)) co_return false;
  if (before.list_level == 0) co_return true;
  // The lists are in other packs than what they name, which may be lost alone.
  ContentReader content(lists_, before);
  bool all = true;
  content.on_blob([&](const BlobRef& list) { all = all && index.has(BlobKind::Tree, key_of(list.id)); });
  try {
    while (all) {
      const auto ref = co_await content.next();
      if (!ref) break;
      all = all && index.has(BlobKind::Data, key_of(ref->id));
    }
  } catch (const LostBlob&) {
    all = false;
  }
  co_return all;
}

void BackupPipeline::problem(const std::string& path, const std::string& what) {
  ++result_.errors;
  ++progress_.errors;
  if (result_.first_errors.size() < kMaxListed) result_.first_errors.emplace_back(path, what);
}

std::uint32_t BackupPipeline::device_number(std::uint64_t device) {
  return devices_.emplace(device, static_cast<std::uint32_t>(devices_.size())).first->second;
}

}  // namespace stash::engine

// The content half of a restore: which bytes to fetch, in which order, and where they go.

#include <algorithm>

#include "engine/restore/restorer.hpp"
#include "engine/snapshot/content.hpp"
#include "stash/base/error.hpp"

namespace stash::engine {
/// The planner is a member of the group like the plans that it starts: whatever ends one of them ends all.
Task<void> Restorer::write_contents() {
  net::TaskGroup group;
  co_await group.spawn(plan_contents(group));
  co_await group.join();
}

Task<void> Restorer::plan_contents(net::TaskGroup& group) {
  for (std::uint32_t i = 0; i < window_.size(); ++i) {
    if (!window_[i].takes_content() || window_[i].entry.blobs.empty()) continue;
    std::string damage;
    try {
      co_await want(i, group);
    } catch (const Error& e) {
      if (!is_data_damage(e)) throw;
      damage = e.what();
    }
    if (damage.empty()) continue;
    ++damaged_;
    fail(window_[i], damage);
  }
  co_await start_plan(group);
}

/// Adds the pieces of one file, and starts what has come together whenever that is enough.
Task<void> Restorer::want(std::uint32_t number, net::TaskGroup& group) {
  const Item& item = window_[number];
  // A small file is written at once, so that all of it has to be in one plan.
  if (item.is_small) co_await make_room(item.entry.size, group);
  ContentReader content(blobs_, item.entry);
  std::uint64_t offset = 0;
  for (;;) {
    const std::vector<BlobRef> refs = co_await next_refs(content);
    if (refs.empty()) break;
    std::vector<bool> held(refs.size());
    const auto compare = [&] { held = compare_.held(*item.map, item.fd(), offset, refs); };
    if (item.state == State::Patching) co_await net::offload(pool_, compare);
    for (std::size_t i = 0; i < refs.size(); ++i) {
      WantedPiece piece;
      piece.id = refs[i].id;
      piece.length = refs[i].size;
      piece.file = number;
      piece.content_offset = offset;
      offset += piece.length;
      if (offset > item.map->length()) throw Error(ErrorKind::Corrupt, "its blobs are longer than the file");
      if (held[i]) {
        progress_.bytes_done += piece.length;
        continue;
      }
      co_await make_room(piece.length, group);
      add_piece(piece);
    }
  }
  if (offset != item.map->length()) throw Error(ErrorKind::Corrupt, "its blobs are shorter than the file");
}

/// Sees to it that the plan in the making has room for `bytes` more.
Task<void> Restorer::make_room(std::uint64_t bytes, net::TaskGroup& group) {
  if (plan_ && !plan_->regions.fits(bytes)) co_await start_plan(group);
  while (!plan_) {
    if (!idle_plans_.empty()) {
      plan_ = std::move(idle_plans_.back());
      idle_plans_.pop_back();
    } else {
      co_await plan_ended_.wait();
    }
  }
}

void Restorer::add_piece(WantedPiece piece) {
  Item& item = window_[piece.file];
  item.wanted += piece.length;
  item.map->each(
      piece.content_offset, piece.length,
      [&](std::uint64_t to, std::uint64_t, std::uint64_t size) { plan_->regions.add(piece.file, to, size); });
  const std::vector<BlobPlace> places = blobs_.find(BlobKind::Data, piece.id);
  if (places.empty() || places[0].length != piece.length) {
    plan_->unplaced.push_back(piece);  // another look at the index may know it
    return;
  }
  piece.frame = places[0].frame;
  piece.frame_offset = places[0].offset;
  plan_->pieces.push_back(piece);
}

Task<void> Restorer::start_plan(net::TaskGroup& group) {
  if (plan_) co_await group.spawn(run_plan(std::move(plan_)));
}

Task<void> Restorer::run_plan(std::unique_ptr<Plan> plan) {
  const std::vector<FetchRun> runs = plan_runs(plan->pieces);
  net::TaskGroup group;
  co_await group.spawn(start_runs(*plan, runs, group));
  co_await group.join();
  co_await fetch_singly(*plan, plan->unplaced);
  plan->clear();
  idle_plans_.push_back(std::move(plan));
  plan_ended_.notify_all();
}

/// A member of the group like the runs that it starts as the budget allows.
Task<void> Restorer::start_runs(Plan& plan, std::span<const FetchRun> runs, net::TaskGroup& group) {
  const std::span<const WantedPiece> pieces = plan.pieces;
  for (const FetchRun& run : runs) {
    Budget::Hold hold = co_await bytes_.acquire(run.length + run.largest_frame);
    co_await group.spawn(fetch_run(plan, run, pieces.subspan(run.first, run.count), std::move(hold), group));
  }
}

Task<void> Restorer::fetch_run(Plan& plan, FetchRun run, std::span<const WantedPiece> pieces,
                               Budget::Hold hold, net::TaskGroup& group) {
  Put put;
  bool damage = false;
  try {
    const Bytes stored = co_await blobs_.fetch(run.pack, run.offset, run.length);
    const auto open = [&] { put_run(plan, run, pieces, stored, put); };
    co_await net::offload(pool_, open);
  } catch (const Error& e) {
    if (!is_data_damage(e)) throw;
    damage = true;
  }
  hold.release();
  take_failures(put.failures);
  for (Region* region : put.whole) co_await group.spawn(write_whole(*region));
  // Those that were put before the damage was met are not put again.
  if (damage) co_await fetch_singly(plan, pieces.subspan(put.pieces));
}

/// One blob after another, with every copy there is and a fresh index: for packs that moved or are damaged.
Task<void> Restorer::fetch_singly(Plan& plan, std::span<const WantedPiece> pieces) {
  for (const WantedPiece& piece : pieces) {
    Put put;
    std::string damage;
    try {
      const Bytes bytes = co_await blobs_.read(BlobKind::Data, piece.id);
      if (bytes.size() != piece.length)
        throw Error(ErrorKind::Corrupt, "blob {} has another length", piece.id.hex());
      const auto place = [&] { put_piece(plan, piece, bytes, put); };
      co_await net::offload(pool_, place);
    } catch (const Error& e) {
      if (!is_data_damage(e)) throw;
      damage = e.what();
    }
    take_failures(put.failures);
    for (Region* region : put.whole) co_await write_whole(*region);
    Item& item = window_[piece.file];
    if (damage.empty() || item.state == State::Failed) continue;
    ++damaged_;
    fail(item, damage);
  }
}

/// On the pool.
void Restorer::put_run(Plan& plan, const FetchRun& run, std::span<const WantedPiece> pieces, ByteView stored,
                       Put& put) {
  Bytes frame;
  const FramePlace* decoded = nullptr;
  for (const WantedPiece& piece : pieces) {
    if (!decoded || decoded->offset != piece.frame.offset) {
      frame = blobs_.decode(piece.frame, BlobKind::Data,
                            stored.subspan(piece.frame.offset - run.offset, piece.frame.stored));
      decoded = &piece.frame;
    }
    if (std::uint64_t{piece.frame_offset} + piece.length > frame.size())
      throw Error(ErrorKind::Corrupt, "the index points outside a frame");
    put_piece(plan, piece, ByteView(frame).subspan(piece.frame_offset, piece.length), put);
    ++put.pieces;
  }
}

void Restorer::take_failures(const std::vector<Failure>& failures) {
  for (const Failure& failure : failures) fail(window_[failure.file], failure.what);
}

Task<void> Restorer::verify_existing() {
  for (Item& item : window_) {
    if (item.state != State::Right) continue;
    // A hole's bytes are not in the content: whether it still is one would have to be read as well.
    bool same = false;
    try {
      if (!item.entry.sparse) same = co_await compare_.same(item.entry, *item.map, item.fd());
    } catch (const Error& e) {
      if (!is_data_damage(e)) throw;  // else told when it is written anew
    }
    if (same) {
      ++result_.files_verified;
      continue;
    }
    std::string problem;
    try {
      const auto again = [&] {
        item.existing = Fd();
        start_content(item, *dir_of(item.level, item.entry.path));
      };
      co_await net::offload(pool_, again);
    } catch (const Error& e) {
      if (e.kind() == ErrorKind::Exhausted || e.kind() == ErrorKind::Cancelled) throw;
      problem = e.what();
    }
    if (!problem.empty()) fail(item, problem);
  }
}

Task<void> Restorer::verify_written() {
  for (Item& item : window_) {
    if (!item.takes_content()) continue;
    bool same = false;
    try {
      same = co_await compare_.same(item.entry, *item.map, item.fd());
    } catch (const Error& e) {
      if (!is_data_damage(e)) throw;
    }
    if (same)
      ++result_.files_verified;
    else
      fail(item, "what was written does not read back with the right content");
  }
}

}  // namespace stash::engine

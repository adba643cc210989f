#include "stash/engine/recover.hpp"

#include "command/commands.hpp"
#include "command/hand.hpp"
#include "command/output.hpp"
#include "command/progress_line.hpp"
#include "stash/base/bytes.hpp"

namespace stash::command {
namespace {

struct RecoverFlags {
  HandOptions hand;
  engine::RecoverOptions options;
};

struct UndeleteFlags {
  HandOptions hand;
  std::vector<std::string> ids;
};

void print_trees(const std::vector<engine::LostTree>& trees, bool as_json) {
  std::vector<std::vector<std::string>> rows{{"ID", "MADE", "ENTRIES", "SIZE", "FIRST ENTRY"}};
  for (const engine::LostTree& tree : trees) {
    if (as_json) {
      JsonLine line;
      line.text("message_type", "tree").text("id", tree.id).text("time", format_time(tree.made));
      line.text("first", tree.first).number("entries", tree.entries).number("bytes", tree.bytes).print();
    }
    rows.push_back({tree.id.substr(0, 16), format_time(tree.made), fmt::format("{}", tree.entries),
                    format_size(tree.bytes), printable(tree.first)});
  }
  if (!as_json) fmt::print("{}", table(rows));
}

Task<int> run_recover(Hand& hand, RecoverFlags& flags) {
  const auto repository = co_await hand.open();
  engine::Progress progress;
  auto work = engine::recover(*repository, flags.options, progress);
  const engine::RecoverResult r = co_await with_progress(hand, progress, std::move(work));
  if (flags.options.ids.empty()) print_trees(r.trees, flags.hand.json);
  bool whole = true;
  for (const engine::Snapshot& snapshot : r.snapshots) {
    whole = whole && snapshot.errors == 0;
    if (flags.hand.json) {
      JsonLine line;
      line.text("message_type", "recovered").text("snapshot_id", snapshot.id);
      line.number("entries", snapshot.counts.entries()).number("errors", snapshot.errors).print();
    } else if (!flags.hand.quiet) {
      fmt::print("snapshot {}: {} entries, {} errors\n", snapshot.id, snapshot.counts.entries(),
                 snapshot.errors);
    }
  }
  if (flags.hand.json) {
    JsonLine line;
    line.text("message_type", "summary").number("trees", r.trees.size());
    line.number("snapshots", r.snapshots.size()).print();
  } else if (!flags.hand.quiet) {
    fmt::print("{} lost trees, {} snapshots made\n", r.trees.size(), r.snapshots.size());
  }
  co_return whole ? kDone : kPartial;
}

void print_forgotten(const std::vector<engine::ForgottenSnapshot>& found, const UndeleteFlags& flags) {
  std::vector<std::vector<std::string>> rows{{"ID", "TIME", "HOST", "PATHS", "NOW"}};
  for (const engine::ForgottenSnapshot& one : found) {
    if (flags.hand.json) {
      JsonLine line;
      line.text("message_type", "snapshot").text("snapshot_id", one.snapshot.id);
      line.text("time", format_time(one.snapshot.start))
          .text("hostname", one.snapshot.host)
          .texts("paths", one.snapshot.paths);
      line.text("new_snapshot_id", one.after)
          .number("entries_lost", one.entries_lost)
          .number("files_damaged", one.files_damaged);
      line.print();
    }
    rows.push_back({one.snapshot.id, format_time(one.snapshot.start), one.snapshot.host,
                    printable(fmt::format("{}", fmt::join(one.snapshot.paths, ","))), one.after});
  }
  if (!flags.hand.json && !flags.hand.quiet) fmt::print("{}", table(rows));
}

Task<int> run_undelete(Hand& hand, UndeleteFlags& flags) {
  const auto removed = hand.open_removed();
  if (!removed)
    throw Error(
        ErrorKind::Unsupported,
        "{} keeps nothing of what was removed: only buckets with versions do; \"stash recover\" looks for "
        "trees whose packs are still there",
        hand.store().describe());
  const auto repository = co_await hand.open();
  const auto found = co_await engine::undelete(*repository, *removed, flags.ids);
  print_forgotten(found, flags);
  bool whole = true;
  for (const engine::ForgottenSnapshot& one : found) {
    const std::uint64_t lost = one.entries_lost + one.files_damaged;
    whole = whole && lost == 0;
    if (lost > 0 && !flags.hand.json)
      fmt::print(stderr, "error: snapshot {} lacks {} entries and the content of {} files\n", one.after,
                 one.entries_lost, one.files_damaged);
  }
  co_return whole ? kDone : kPartial;
}

}  // namespace

int recover(int argc, char** argv) {
  RecoverFlags f;
  Flags flags("recover",
              "Looks for trees that no snapshot names, as a snapshot forgotten by mistake leaves one until a "
              "prune has deleted its packs, and makes new snapshots of those that are chosen.",
              kHandFooter);
  add_flags(flags, f.hand);
  flags.option("-H,--host", f.options.host, "Host of the new snapshots; \"recovered\" when not given");
  flags.positionals("TREE", f.options.ids, "The trees, by the beginning of their id, or all; none: list them",
                    false);
  if (const auto code = flags.parse(argc, argv)) return *code;
  return run_by_hand("recover", f.hand, [&](Hand& hand) { return run_recover(hand, f); });
}

int undelete(int argc, char** argv) {
  UndeleteFlags f;
  Flags flags("undelete",
              "Brings back forgotten snapshots, with what a prune has deleted, from a bucket that keeps old "
              "versions.",
              kHandFooter);
  add_flags(flags, f.hand);
  flags.positionals("SNAPSHOT", f.ids, "Which; none: list them", false);
  if (const auto code = flags.parse(argc, argv)) return *code;
  return run_by_hand("undelete", f.hand, [&](Hand& hand) { return run_undelete(hand, f); });
}

}  // namespace stash::command

#include "command/commands.hpp"
#include "command/hand.hpp"
#include "command/output.hpp"
#include "stash/engine/retag.hpp"

namespace stash::command {
namespace {

struct TagFlags {
  HandOptions hand;
  engine::SnapshotFilter filter;
  engine::TagChange change;
  std::vector<std::string> snapshots;
};

Task<int> run(Hand& hand, TagFlags& flags) {
  const auto repository = co_await hand.open();
  const auto changed =
      co_await engine::retag(*repository, flags.snapshots, flags.filter, std::move(flags.change));
  for (const engine::Retagged& one : changed) {
    if (flags.hand.json)
      JsonLine()
          .text("message_type", "changed")
          .text("old_snapshot_id", one.before)
          .text("new_snapshot_id", one.after)
          .print();
    else if (flags.hand.verbose)
      fmt::print("snapshot {} is now {}\n", one.before, one.after);
  }
  if (flags.hand.json)
    JsonLine().text("message_type", "summary").number("changed_snapshots", changed.size()).print();
  else if (!flags.hand.quiet)
    fmt::print("{} snapshots have other tags\n", changed.size());
  co_return kDone;
}

}  // namespace

int tag(int argc, char** argv) {
  TagFlags f;
  Flags flags("tag", "Changes the tags of snapshots, which get a new id by that.", kHandFooter);
  add_flags(flags, f.hand);
  flags.option("--set", f.change.set,
               "Tag to have instead of all others; may be repeated; \"\" takes all away");
  flags.option("--add", f.change.add, "Tag to add; may be repeated");
  flags.option("--remove", f.change.remove, "Tag to take away; may be repeated");
  flags.option("-H,--host", f.filter.host, "Only snapshots of this host");
  flags.option("--path", f.filter.paths, "Only snapshots with this path; may be repeated");
  flags.tags("--tag", f.filter.tags,
             "Only snapshots with all tags of a list with commas; may be repeated: of one of the lists");
  flags.positionals("SNAPSHOT", f.snapshots, "Only these; all that match when not given", false);
  if (const auto code = flags.parse(argc, argv)) return *code;
  engine::TagChange& change = f.change;
  change.replace = !change.set.empty();
  if (change.replace == (!change.add.empty() || !change.remove.empty())) {
    fmt::print(stderr, "stash tag: give either --set, or --add and --remove\n");
    return kUsage;
  }
  split_tags(change.set);
  split_tags(change.add);
  split_tags(change.remove);
  return run_by_hand("tag", f.hand, [&](Hand& hand) { return run(hand, f); });
}

}  // namespace stash::command

#include "stash/engine/repair.hpp"

#include "command/commands.hpp"
#include "command/hand.hpp"
#include "command/output.hpp"
#include "command/progress_line.hpp"

namespace stash::command {
namespace {

struct RepairFlags {
  HandOptions hand;
  std::string what;
  std::vector<std::string> ids;
  bool forget = false;
  bool dry_run = false;
};

void print_problems(const std::vector<std::string>& problems) {
  for (const std::string& problem : problems) fmt::print(stderr, "error: {}\n", printable(problem));
}

Task<int> run_index(Hand& hand, RepairFlags& flags) {
  const auto repository = co_await hand.open();
  engine::Progress progress;
  auto work = engine::repair_index(*repository, flags.dry_run, progress);
  const engine::RepairResult r = co_await with_progress(hand, progress, std::move(work));
  if (flags.hand.json) {
    JsonLine line;
    line.text("message_type", "summary")
        .flag("dry_run", flags.dry_run)
        .number("packs_added", r.packs_added)
        .number("packs_forgotten", r.packs_forgotten);
    line.number("segments_dropped", r.segments_dropped)
        .number("tombs_dropped", r.tombs_dropped)
        .texts("problems", r.problems)
        .print();
  } else {
    print_problems(r.problems);
    if (!flags.hand.quiet)
      fmt::print(
          "{}index: {} packs added, {} that do not exist left out, {} unreadable segments and {} unreadable "
          "tombs dropped\n",
          flags.dry_run ? "would change the " : "", r.packs_added, r.packs_forgotten, r.segments_dropped,
          r.tombs_dropped);
  }
  co_return r.problems.empty() ? kDone : kPartial;
}

Task<int> run_packs(Hand& hand, RepairFlags& flags) {
  const auto repository = co_await hand.open();
  engine::Progress progress;
  engine::RepairPacksOptions options;
  options.ids = flags.ids;
  options.dry_run = flags.dry_run;
  auto work = engine::repair_packs(*repository, std::move(options), progress);
  const engine::RepairPacksResult r = co_await with_progress(hand, progress, std::move(work));
  if (flags.hand.json) {
    JsonLine line;
    line.text("message_type", "summary")
        .flag("dry_run", flags.dry_run)
        .number("packs_read", r.packs_read)
        .number("packs_damaged", r.packs_damaged);
    line.number("packs_condemned", r.packs_condemned)
        .number("blobs_saved", r.blobs_saved)
        .number("blobs_lost", r.blobs_lost);
    line.texts("problems", r.problems).print();
  } else {
    print_problems(r.problems);
    if (!flags.hand.quiet)
      fmt::print("read {} packs, {} of them damaged: {} blobs {}saved, {} lost; {} packs condemned\n",
                 r.packs_read, r.packs_damaged, r.blobs_saved, flags.dry_run ? "could be " : "", r.blobs_lost,
                 r.packs_condemned);
  }
  const bool done = r.blobs_lost == 0 && (flags.dry_run || r.packs_condemned == r.packs_damaged);
  co_return done ? kDone : kPartial;
}

void print_snapshot(const RepairFlags& flags, const engine::RepairedSnapshot& one) {
  if (flags.hand.json) {
    JsonLine line;
    std::vector<std::string> problems;
    for (const engine::PathProblem& problem : one.problems)
      problems.push_back(problem.path + ": " + problem.what);
    line.text("message_type", "damaged").text("snapshot_id", one.before).text("new_snapshot_id", one.after);
    line.number("entries_lost", one.entries_lost).number("files_damaged", one.files_damaged);
    line.texts("problems", problems).print();
    return;
  }
  for (const engine::PathProblem& problem : one.problems)
    fmt::print(stderr, "error: snapshot {}: {}: {}\n", one.before, printable(problem.path),
               printable(problem.what));
  if (!flags.hand.quiet)
    fmt::print("snapshot {}: {} entries lost, {} files damaged; {}\n", one.before, one.entries_lost,
               one.files_damaged,
               one.after.empty() ? "nothing is written" : "what is left is snapshot " + one.after);
}

Task<int> run_snapshots(Hand& hand, RepairFlags& flags) {
  const auto repository = co_await hand.open();
  engine::Progress progress;
  engine::RepairSnapshotsOptions options;
  options.ids = flags.ids;
  options.forget = flags.forget;
  options.dry_run = flags.dry_run;
  auto work = engine::repair_snapshots(*repository, std::move(options), progress);
  const engine::RepairSnapshotsResult r = co_await with_progress(hand, progress, std::move(work));
  for (const engine::RepairedSnapshot& one : r.damaged) print_snapshot(flags, one);
  if (flags.hand.json) {
    JsonLine line;
    line.text("message_type", "summary").flag("dry_run", flags.dry_run).number("snapshots", r.checked);
    line.number("damaged", r.damaged.size()).texts("problems", r.problems).print();
  } else {
    print_problems(r.problems);
    if (!flags.hand.quiet)
      fmt::print("looked at {} snapshots, {} of them damaged\n", r.checked, r.damaged.size());
  }
  co_return r.damaged.empty() && r.problems.empty() ? kDone : kPartial;
}

}  // namespace

int repair(int argc, char** argv) {
  RepairFlags f;
  Flags flags(
      "repair",
      "Repairs a repository, best in this order: \"repair index\" makes the index fit the packs again, "
      "\"repair pack\" moves what is good out of damaged packs, \"repair snapshot\" makes new snapshots "
      "of what is left of damaged ones.",
      kHandFooter);
  add_flags(flags, f.hand);
  flags.positional("WHAT", f.what, "index, pack or snapshot", true);
  flags.positionals("ID", f.ids, "Only these packs or snapshots; all when not given", false);
  flags.flag("--forget", f.forget, "With snapshot: forget the damaged ones that a new one was made of");
  flags.flag("-n,--dry-run", f.dry_run, "Only tell what would be done");
  if (const auto code = flags.parse(argc, argv)) return *code;
  const auto run = f.what == "index"      ? run_index
                   : f.what == "pack"     ? run_packs
                   : f.what == "snapshot" ? run_snapshots
                                          : nullptr;
  if (!run || (run == run_index && !f.ids.empty()) || (run != run_snapshots && f.forget)) {
    fmt::print(
        stderr,
        "stash repair: want index, pack [ID...] or snapshot [--forget] [ID...], not \"{}\" with these\n",
        f.what);
    return kUsage;
  }
  return run_by_hand("repair", f.hand, [&](Hand& hand) { return run(hand, f); });
}

}  // namespace stash::command

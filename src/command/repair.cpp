#include "stash/engine/repair.hpp"

#include "command/commands.hpp"
#include "command/hand.hpp"
#include "command/output.hpp"
#include "command/progress_line.hpp"

namespace stash::command {
namespace {

Task<int> run_repair(Hand& hand, HandOptions& options, bool dry_run) {
  const auto repository = co_await hand.open();
  engine::Progress progress;
  auto work = engine::repair_index(*repository, dry_run, progress);
  const engine::RepairResult r = co_await with_progress(hand, progress, std::move(work));
  if (options.json) {
    JsonLine line;
    line.text("message_type", "summary")
        .flag("dry_run", dry_run)
        .number("packs_added", r.packs_added)
        .number("packs_forgotten", r.packs_forgotten);
    line.number("segments_dropped", r.segments_dropped).texts("problems", r.problems).print();
  } else {
    for (const std::string& problem : r.problems) fmt::print(stderr, "error: {}\n", printable(problem));
    if (!options.quiet)
      fmt::print("{}index: {} packs added, {} that do not exist left out, {} unreadable segments dropped\n",
                 dry_run ? "would change the " : "", r.packs_added, r.packs_forgotten, r.segments_dropped);
  }
  co_return r.problems.empty() ? kDone : kPartial;
}

}  // namespace

int repair(int argc, char** argv) {
  HandOptions options;
  std::string what;
  bool dry_run = false;
  Flags flags("repair", "Repairs a repository: \"repair index\" makes the index fit the packs again.",
              kHandFooter);
  add_flags(flags, options);
  flags.positional("WHAT", what, "index", true);
  flags.flag("-n,--dry-run", dry_run, "Only tell what would be done");
  if (const auto code = flags.parse(argc, argv)) return *code;
  if (what != "index") {
    fmt::print(stderr, "stash repair: {} cannot be repaired, only: index\n", what);
    return kUsage;
  }
  return run_by_hand("repair", options, [&](Hand& hand) { return run_repair(hand, options, dry_run); });
}

}  // namespace stash::command

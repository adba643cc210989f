#include "stash/engine/forget.hpp"

#include "command/commands.hpp"
#include "command/hand.hpp"
#include "command/output.hpp"

namespace stash::command {
namespace {

struct ForgetFlags {
  HandOptions hand;
  engine::ForgetOptions options;
};

struct PruneFlags {
  HandOptions hand;
  engine::PruneOptions options;
  bool dry_run = false;
  double max_unused_percent = 5;
};

std::string prune_json(const engine::PruneResult& r) {
  JsonLine line;
  line.number("packs_deleted", r.packs_deleted).number("packs_condemned", r.packs_condemned);
  line.number("packs_rewritten", r.packs_rewritten)
      .number("bytes_freed", r.bytes_freed)
      .number("bytes_waiting", r.bytes_waiting)
      .number("packs_damaged", r.packs_damaged);
  line.number("refused_objects", r.refused.objects)
      .number("refused_bytes", r.refused.bytes)
      .text("first_refusal", r.refused.first);
  return line.str();
}

void print_prune(const engine::PruneResult& r, bool dry_run) {
  fmt::print("{} {} in {} packs, {} {} packs; {} packs with {} {} at a later prune, after the grace time\n",
             dry_run ? "would free" : "freed", format_size(r.bytes_freed), r.packs_deleted,
             dry_run ? "rewrite" : "rewrote", r.packs_rewritten, r.packs_condemned,
             format_size(r.bytes_waiting), dry_run ? "would go" : "go");
}

void warn_of(const engine::Refusals& refused, std::string_view what) {
  if (refused.objects > 0)
    fmt::print(stderr, "error: the store refuses to delete {} {} ({}): {}\n", refused.objects, what,
               format_size(refused.bytes), printable(refused.first));
}

/// What is told also where nothing else is.
void warn_of(const engine::PruneResult& r) {
  warn_of(r.refused, "objects");
  if (r.packs_damaged > 0)
    fmt::print(stderr, "error: {} packs stay, since what snapshots need of them cannot be read\n",
               r.packs_damaged);
}

ExitCode code_of(const engine::PruneResult& r) {
  return r.refused.objects + r.packs_damaged > 0 ? kPartial : kDone;
}

void print_decisions(const engine::ForgetResult& result) {
  std::vector<std::vector<std::string>> rows{{"", "ID", "TIME", "HOST", "PATHS", "REASONS"}};
  for (const engine::KeepDecision& d : result.decisions)
    rows.push_back({d.keep ? "keep" : "remove", d.snapshot.short_id(), format_time(d.snapshot.start),
                    d.snapshot.host, printable(fmt::format("{}", fmt::join(d.snapshot.paths, ","))),
                    fmt::format("{}", fmt::join(d.reasons, ", "))});
  fmt::print("{}", table(rows));
}

Task<int> run_forget(Hand& hand, ForgetFlags& flags) {
  const auto repository = co_await hand.open();
  const engine::ForgetResult result = co_await engine::forget(*repository, flags.options);
  const ExitCode code = result.refused.objects > 0 ? kPartial : code_of(result.prune);
  if (flags.hand.json) {
    JsonLine line;
    std::vector<std::string> keep;
    std::vector<std::string> remove;
    for (const engine::KeepDecision& d : result.decisions) (d.keep ? keep : remove).push_back(d.snapshot.id);
    line.text("message_type", "summary")
        .flag("dry_run", flags.options.dry_run)
        .texts("keep", keep)
        .texts("remove", remove);
    line.number("kept", result.kept).number("removed", result.removed).raw("prune", prune_json(result.prune));
    line.number("refused", result.refused.objects).text("first_refusal", result.refused.first).print();
    co_return code;
  }
  warn_of(result.refused, "snapshots");
  warn_of(result.prune);
  if (flags.hand.quiet) co_return code;
  print_decisions(result);
  fmt::print("{} snapshots kept, {} {}\n", result.kept, result.removed,
             flags.options.dry_run ? "would be removed" : "removed");
  if (!flags.options.prune) co_return code;
  print_prune(result.prune, flags.options.dry_run);
  co_return code;
}

Task<int> run_prune(Hand& hand, PruneFlags& flags) {
  const auto repository = co_await hand.open();
  flags.options.max_unused = flags.max_unused_percent / 100;
  engine::PruneResult result;
  if (flags.dry_run)
    result = co_await engine::foresee_prune(*repository, flags.options, {});
  else
    result = co_await engine::prune(*repository, flags.options);
  if (flags.hand.json) {
    JsonLine()
        .text("message_type", "summary")
        .raw("prune", prune_json(result))
        .flag("dry_run", flags.dry_run)
        .print();
  } else {
    warn_of(result);
    if (!flags.hand.quiet) print_prune(result, flags.dry_run);
  }
  co_return code_of(result);
}

}  // namespace

int forget(int argc, char** argv) {
  ForgetFlags f;
  engine::KeepPolicy& keep = f.options.policy;
  Flags flags(
      "forget",
      "Removes snapshots, by policy or by id. Example: stash forget -r /srv/repo --keep-daily 7 --prune",
      kHandFooter);
  add_flags(flags, f.hand);
  flags.option("-l,--keep-last", keep.last, "Keep the newest N");
  flags.option("--keep-hourly", keep.hourly, "Keep the newest of each of N hours");
  flags.option("-d,--keep-daily", keep.daily, "Keep the newest of each of N days");
  flags.option("-w,--keep-weekly", keep.weekly, "Keep the newest of each of N ISO weeks");
  flags.option("-m,--keep-monthly", keep.monthly, "Keep the newest of each of N months");
  flags.option("-y,--keep-yearly", keep.yearly, "Keep the newest of each of N years");
  flags.tags("--keep-tag", keep.tags,
             "Keep snapshots with all tags of a list with commas; may be repeated: of one of the lists");
  flags.retention("--keep-within", keep.within,
                  "Keep what is newer than this before the newest: 2y5m7d3h is years, months, days, hours");
  flags.option("-H,--host", f.options.filter.host, "Only snapshots of this host");
  flags.option("--path", f.options.filter.paths, "Only snapshots with this path; may be repeated");
  flags.tags("--tag", f.options.filter.tags,
             "Only snapshots with all tags of a list with commas; may be repeated: of one of the lists");
  flags.flag("--prune", f.options.prune, "Also free the space");
  flags.flag("-n,--dry-run", f.options.dry_run, "Only tell what would be done");
  flags.positionals("SNAPSHOT", f.options.ids, "Forget exactly these", false);
  if (const auto code = flags.parse(argc, argv)) return *code;
  if (f.options.ids.empty() && keep.empty()) {
    fmt::print(stderr, "stash forget: give a policy such as --keep-last 3, or snapshot ids\n");
    return kUsage;
  }
  return run_by_hand("forget", f.hand, [&](Hand& hand) { return run_forget(hand, f); });
}

int prune(int argc, char** argv) {
  PruneFlags f;
  Flags flags("prune", "Frees the space that no snapshot uses, in two steps with a grace time between them.",
              kHandFooter);
  add_flags(flags, f.hand);
  flags.duration("--grace", f.options.grace,
                 "Time between condemning a pack and deleting it; 24h when not given");
  flags.duration("--young", f.options.young, "Packs younger than this are left alone; 48h when not given");
  flags.percent("--max-unused", f.max_unused_percent,
                "Percent of unused bytes that may stay, 0 to 100; 5 when not given");
  flags.flag("-n,--dry-run", f.dry_run, "Only tell what would be done");
  if (const auto code = flags.parse(argc, argv)) return *code;
  return run_by_hand("prune", f.hand, [&](Hand& hand) { return run_prune(hand, f); });
}

}  // namespace stash::command

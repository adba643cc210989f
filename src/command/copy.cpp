#include "stash/engine/copy.hpp"

#include "command/commands.hpp"
#include "command/hand.hpp"
#include "command/output.hpp"
#include "command/progress_line.hpp"

namespace stash::command {
namespace {

struct CopyFlags {
  HandOptions hand;
  DestinationOptions destination;
  engine::SnapshotFilter filter;
  std::vector<std::string> snapshots;
};

void print_one(const HandOptions& options, const engine::CopiedSnapshot& one) {
  const char* state = !one.problem.empty() ? "failed" : one.before ? "skipped" : "copied";
  if (options.json) {
    JsonLine line;
    line.text("message_type", state).text("source_snapshot_id", one.source).text("snapshot_id", one.copy);
    if (!one.problem.empty()) line.text("what", one.problem);
    line.print();
    return;
  }
  clear_progress_line();
  if (!one.problem.empty())
    fmt::print(stderr, "snapshot {} was not copied: {}\n", one.source, one.problem);
  else if (!options.quiet && !one.before)
    fmt::print("snapshot {} is {} there\n", one.source, one.copy);
  else if (options.verbose)
    fmt::print("snapshot {} is {} there already\n", one.source, one.copy);
}

void print_result(const HandOptions& options, const engine::CopyResult& r) {
  if (options.json)
    JsonLine()
        .text("message_type", "summary")
        .number("copied", r.copied)
        .number("skipped", r.skipped)
        .number("failed", r.failed)
        .number("data_added", r.bytes_added)
        .number("data_added_packed", r.bytes_stored)
        .print();
  else if (!options.quiet)
    fmt::print("{} snapshots copied, {} were there already, {} failed; {} new, {} stored\n", r.copied,
               r.skipped, r.failed, format_size(r.bytes_added), format_size(r.bytes_stored));
}

Task<int> run(Hand& hand, CopyFlags& flags) {
  const auto from = co_await hand.open();
  const auto to = co_await hand.open_destination(flags.destination);
  engine::Progress progress;
  auto work =
      engine::copy_snapshots(*from, *to, flags.snapshots, flags.filter, progress,
                             [&flags](const engine::CopiedSnapshot& one) { print_one(flags.hand, one); });
  const engine::CopyResult result =
      co_await with_progress(hand, progress, std::move(work), Flow::SourceToStore);
  print_result(flags.hand, result);
  co_return result.failed > 0 ? kPartial : kDone;
}

}  // namespace

int copy(int argc, char** argv) {
  CopyFlags f;
  Flags flags(
      "copy",
      "Copies snapshots to another repository with keys of its own; those that are there already are "
      "passed over. Example: stash copy -r /srv/repo --to s3:https://host/bucket/repo latest",
      std::string("\nOf the destination: STASH_TO_REPOSITORY, STASH_TO_PASSWORD, STASH_TO_PASSWORD_FILE, "
                  "and where they differ\nSTASH_TO_AWS_ACCESS_KEY_ID, STASH_TO_AWS_SECRET_ACCESS_KEY, "
                  "STASH_TO_AWS_SESSION_TOKEN, STASH_TO_AWS_REGION.\n") +
          kHandFooter);
  add_flags(flags, f.hand);
  add_flags(flags, f.destination);
  flags.option("-H,--host", f.filter.host, "Only snapshots of this host");
  flags.option("--path", f.filter.paths, "Only snapshots with this path; may be repeated");
  flags.tags("--tag", f.filter.tags,
             "Only snapshots with all tags of a list with commas; may be repeated: of one of the lists");
  flags.positionals("SNAPSHOT", f.snapshots, "Only these; all that match when not given", false);
  if (const auto code = flags.parse(argc, argv)) return *code;
  if (f.destination.repo.empty()) {
    fmt::print(stderr, "stash copy: --to ADDRESS is needed\n");
    return kUsage;
  }
  return run_by_hand("copy", f.hand, [&](Hand& hand) { return run(hand, f); });
}

}  // namespace stash::command

#include "stash/engine/restore.hpp"

#include "command/commands.hpp"
#include "command/hand.hpp"
#include "command/output.hpp"
#include "command/progress_line.hpp"

namespace stash::command {
namespace {

struct RestoreFlags {
  HandOptions hand;
  engine::RestoreOptions options;
  engine::SnapshotFilter filter;
  std::string snapshot;
  bool dry_run = false;
};

void print_json(const RestoreFlags& flags, const engine::Snapshot& snapshot, const engine::RestoreResult& r) {
  JsonLine line;
  line.text("message_type", "summary").text("snapshot_id", snapshot.id).flag("dry_run", flags.dry_run);
  line.number("files_restored", r.counts.files_new + r.counts.files_changed)
      .number("files_skipped", r.counts.files_unmodified);
  line.number("dirs", r.counts.dirs)
      .number("others", r.counts.others)
      .number("bytes_written", r.bytes_written);
  line.number("files_verified", r.files_verified)
      .flag("owners_kept", r.owners_kept)
      .number("errors", r.errors);
  line.number("warnings", r.warnings).seconds("total_duration", r.duration);
  line.number("files_patched", flags.dry_run ? 0 : r.counts.files_changed);
  if (flags.dry_run)
    line.number("created", r.changes.created)
        .number("rewritten", r.changes.rewritten)
        .number("metadata_changed", r.changes.metadata)
        .number("unchanged", r.changes.unchanged);
  line.print();
}

void print_problems(const engine::RestoreResult& r) {
  for (const engine::PathProblem& problem : r.first_errors)
    fmt::print(stderr, "{}: {}\n", printable(problem.path), problem.what);
  for (const engine::PathProblem& problem : r.first_warnings)
    fmt::print(stderr, "{}: {} (the data is right)\n", printable(problem.path), problem.what);
}

void print_preview(const engine::Snapshot& snapshot, const engine::RestoreResult& r) {
  fmt::print(
      "snapshot {} of {}: {} entries would be created, {} rewritten ({}), {} get other metadata, {} are "
      "right\n",
      snapshot.short_id(), snapshot.host, r.changes.created, r.changes.rewritten,
      format_size(r.bytes_written), r.changes.metadata, r.changes.unchanged);
  if (r.errors > 0) fmt::print("{} entries could not be restored\n", r.errors);
}

void print_result(const RestoreFlags& flags, const engine::Snapshot& snapshot,
                  const engine::RestoreResult& r) {
  fmt::print("restored snapshot {} of {}: {} files ({}), {} already right, {} directories, {} others in {}\n",
             snapshot.short_id(), snapshot.host, r.counts.files_new + r.counts.files_changed,
             format_size(r.bytes_written), r.counts.files_unmodified, r.counts.dirs, r.counts.others,
             format_duration(std::chrono::round<std::chrono::milliseconds>(r.duration)));
  if (r.counts.files_changed > 0)
    fmt::print("{} of the files were changed in place\n", r.counts.files_changed);
  if (flags.options.verify) fmt::print("{} files read again and found right\n", r.files_verified);
  if (!r.owners_kept) fmt::print("owners could not be set: run as root to keep them\n");
  if (r.errors > 0) fmt::print("{} entries could not be restored\n", r.errors);
  if (r.warnings > 0) fmt::print("{} attributes or hard links could not be set\n", r.warnings);
}

void print_change(const RestoreFlags& flags, char kind, const engine::EntryInfo& entry) {
  const std::string modifier(1, kind);
  if (flags.hand.json) {
    JsonLine().text("message_type", "change").text("path", entry.path).text("modifier", modifier).print();
  } else if (!flags.hand.quiet) {
    clear_progress_line();
    fmt::print("{}  {}\n", modifier, printable(entry.path));
  }
}

Task<engine::RestoreResult> start(engine::Repository& repository, const engine::Snapshot& snapshot,
                                  const RestoreFlags& flags, engine::Progress& progress) {
  if (!flags.dry_run) return engine::restore(repository, snapshot, flags.options, progress);
  return engine::preview_restore(
      repository, snapshot, flags.options, progress,
      [&flags](char kind, const engine::EntryInfo& entry) { print_change(flags, kind, entry); });
}

Task<int> run(Hand& hand, RestoreFlags& flags) {
  if (flags.hand.json) {
    flags.options.on_error = [](const engine::PathProblem& p) { print_problem("file_error", p); };
    flags.options.on_warning = [](const engine::PathProblem& p) { print_problem("file_warning", p); };
  }
  const auto repository = co_await hand.open();
  const engine::Snapshot snapshot = co_await repository->find_snapshot(flags.snapshot, flags.filter);
  engine::Progress progress;
  auto work = start(*repository, snapshot, flags, progress);
  const engine::RestoreResult result = co_await with_progress(hand, progress, std::move(work));
  if (flags.hand.json) {
    print_json(flags, snapshot, result);
  } else {
    print_problems(result);
    if (!flags.hand.quiet && flags.dry_run) print_preview(snapshot, result);
    if (!flags.hand.quiet && !flags.dry_run) print_result(flags, snapshot, result);
  }
  co_return result.errors > 0 ? kPartial : kDone;
}

}  // namespace

int restore(int argc, char** argv) {
  RestoreFlags f;
  f.options.target.clear();
  Flags flags("restore", "Restores a snapshot. Example: stash restore -r /srv/repo latest --target /tmp/out",
              kHandFooter);
  add_flags(flags, f.hand);
  flags.option("-t,--target", f.options.target, "Directory that the snapshot's paths are put under");
  flags.option("-i,--include", f.options.includes, "Pattern of files to restore; may be repeated");
  flags.option("--iinclude", f.options.iincludes, "The same without regard to case");
  flags.option("-e,--exclude", f.options.excludes, "Pattern of files not to restore; may be repeated");
  flags.option("--iexclude", f.options.iexcludes, "The same without regard to case");
  flags.option("-H,--host", f.filter.host, "For latest: host of the snapshot");
  flags.option("--path", f.filter.paths, "For latest: path of the snapshot; may be repeated");
  flags.tags(
      "--tag", f.filter.tags,
      "For latest: a list of tags with commas, all of which it has; may be repeated: of one of the lists");
  flags.flag("--verify", f.options.verify, "Read every restored file again and compare");
  flags.flag("--sync", f.options.durable, "Wait until all of it is on the disk");
  flags.flag(
      "--delta", f.options.delta,
      "Write only what differs, into the existing files: one that a kill met is half old, half new until "
      "the next run finishes it");
  flags.flag("-n,--dry-run", f.dry_run,
             "Only tell what would change: + created, M content, T sort of entry, U metadata");
  flags.positional("SNAPSHOT", f.snapshot, "Id, a unique part of one, or latest", true);
  if (const auto code = flags.parse(argc, argv)) return *code;
  if (f.options.target.empty()) {
    fmt::print(stderr, "stash restore: --target DIRECTORY is needed\n");
    return kUsage;
  }
  return run_by_hand("restore", f.hand, [&](Hand& hand) { return run(hand, f); });
}

}  // namespace stash::command

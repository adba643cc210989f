#include "stash/engine/backup.hpp"

#include <unistd.h>

#include <climits>
#include <filesystem>
#include <fstream>
#include <optional>
#include <utility>

#include "command/child_stream.hpp"
#include "command/commands.hpp"
#include "command/hand.hpp"
#include "command/output.hpp"
#include "command/progress_line.hpp"
#include "command/stream_read.hpp"

namespace stash::command {
namespace {

struct BackupFlags {
  HandOptions hand;
  engine::BackupOptions options;
  std::vector<std::string> exclude_files;
  bool from_stdin = false;
  bool from_command = false;
  std::string stdin_name = "stdin";
};

std::string host_name() {
  char name[HOST_NAME_MAX + 1] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "localhost";
}

/// Patterns of a file, one a line; empty lines and lines that begin with # are passed over.
void read_patterns(const std::string& path, std::vector<std::string>& into) {
  std::ifstream in(path);
  if (!in) throw Error(ErrorKind::Invalid, "cannot read the pattern file {}", path);
  for (std::string line; std::getline(in, line);) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (!line.empty() && line.front() != '#') into.push_back(line);
  }
}

void print_result(const BackupFlags& flags, const engine::BackupResult& result) {
  const engine::Snapshot& s = result.snapshot;
  if (flags.hand.json) {
    for (const engine::PathProblem& problem : s.first_errors) print_problem("file_error", problem);
    JsonLine line;
    line.text("message_type", "summary").flag("dry_run", flags.options.dry_run).text("snapshot_id", s.id);
    line.number("files_new", s.counts.files_new).number("files_changed", s.counts.files_changed);
    line.number("files_unmodified", s.counts.files_unmodified)
        .number("dirs", s.counts.dirs)
        .number("others", s.counts.others);
    line.number("total_files_processed", s.counts.files()).number("total_bytes_processed", s.counts.bytes);
    line.number("data_blobs", result.blobs_new)
        .number("data_added", s.bytes_added)
        .number("data_added_packed", s.bytes_stored);
    line.number("errors", s.errors).number("vanished", s.vanished).seconds("total_duration", result.duration);
    line.flag("complete", s.complete).print();
    return;
  }
  for (const engine::PathProblem& problem : s.first_errors)
    fmt::print(stderr, "{}: {}\n", printable(problem.path), problem.what);
  if (flags.hand.quiet) return;
  fmt::print("files: {} new, {} changed, {} unmodified; {} directories, {} others\n", s.counts.files_new,
             s.counts.files_changed, s.counts.files_unmodified, s.counts.dirs, s.counts.others);
  fmt::print("processed {} in {}, added {} ({} stored)\n", format_size(s.counts.bytes),
             format_duration(std::chrono::round<std::chrono::milliseconds>(result.duration)),
             format_size(s.bytes_added), format_size(s.bytes_stored));
  if (s.vanished > 0) fmt::print("{} entries went away while they were walked\n", s.vanished);
  if (s.errors > 0) fmt::print("{} entries could not be read: the snapshot is incomplete\n", s.errors);
  if (!s.id.empty()) fmt::print("snapshot {} saved\n", s.id);
}

Task<int> run(Hand& hand, BackupFlags& flags) {
  const auto repository = co_await hand.open();
  engine::Progress progress;
  engine::BackupOptions options = flags.options;
  const engine::Environment environment = hand.environment();
  std::optional<ChildStream> child;
  if (flags.from_command) child.emplace(std::exchange(options.paths, {}));
  auto read = [&](std::span<std::byte> into) {
    return child ? child->read(environment.pool, into)
                 : read_when_ready(environment.pool, STDIN_FILENO, into, "read standard input");
  };
  auto work = flags.from_stdin || flags.from_command
                  ? engine::backup_stream(*repository, std::move(options), flags.stdin_name, std::move(read),
                                          progress)
                  : engine::backup(*repository, std::move(options), progress);
  const engine::BackupResult result =
      co_await with_progress(hand, progress, std::move(work), Flow::SourceToStore);
  print_result(flags, result);
  co_return result.snapshot.complete ? kDone : kPartial;
}

void make_absolute(std::vector<std::string>& paths) {
  for (std::string& path : paths) {
    path = std::filesystem::absolute(path).lexically_normal().string();
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  }
}

}  // namespace

int backup(int argc, char** argv) {
  BackupFlags f;
  f.options.host = host_name();
  Flags flags("backup",
              "Backs up paths as one snapshot. Example: stash backup -r /srv/repo /data --exclude '*.tmp'",
              kHandFooter);
  add_flags(flags, f.hand);
  flags.option("-H,--host", f.options.host,
               "Name of the host the snapshot is filed under; this machine's when not given");
  flags.option("--tag", f.options.tags, "Tag of the snapshot; may be repeated, or be a list with commas");
  flags.option("-e,--exclude", f.options.excludes, "Pattern of files to leave out; may be repeated");
  flags.option("--iexclude", f.options.iexcludes, "The same without regard to case");
  flags.option("--exclude-file", f.exclude_files, "File with patterns, one a line");
  flags.flag("--exclude-caches", f.options.exclude_caches,
             "Leave out what directories with a CACHEDIR.TAG hold");
  flags.flag("-x,--one-file-system", f.options.one_file_system, "Do not go into other file systems");
  flags.flag("-f,--force", f.options.force, "Read every file again");
  flags.flag("--ignore-inode", f.options.ignore_inode, "A changed inode number does not make a file changed");
  flags.flag("--ignore-ctime", f.options.ignore_ctime, "A changed ctime does not make a file changed");
  flags.flag("--with-atime", f.options.with_atime, "Store access times too");
  flags.flag("-n,--dry-run", f.options.dry_run, "Walk and count, write nothing");
  flags.flag("--allow-empty", f.options.allow_empty, "A missing or empty path is no failure");
  flags.option("--parent", f.options.parent,
               "Snapshot to compare with; the latest of the same host and paths when not given");
  flags.flag("--stdin", f.from_stdin, "Back up standard input as one file");
  flags.flag("--stdin-from-command", f.from_command,
             "Run PATH... as a command (put -- before it) and back up what it writes; no snapshot unless it "
             "ends well");
  flags.option("--stdin-filename", f.stdin_name, "Its name; stdin when not given");
  flags.positionals("PATH", f.options.paths, "What to back up", false);
  if (const auto code = flags.parse(argc, argv)) return *code;
  if (f.options.paths.empty() != f.from_stdin || (f.from_stdin && f.from_command)) {
    fmt::print(stderr, "stash backup: {}\n",
               f.from_stdin     ? "--stdin takes neither paths nor a command"
               : f.from_command ? "no command is given"
                                : "no path is given");
    return kUsage;
  }
  return run_by_hand("backup", f.hand, [&](Hand& hand) {
    if (!f.from_command) make_absolute(f.options.paths);
    split_tags(f.options.tags);
    for (const std::string& path : f.exclude_files) read_patterns(path, f.options.excludes);
    return run(hand, f);
  });
}

}  // namespace stash::command

#include <algorithm>

#include "command/commands.hpp"
#include "command/hand.hpp"
#include "command/output.hpp"

namespace stash::command {
namespace {

struct LsFlags {
  HandOptions hand;
  engine::SnapshotFilter filter;
  std::string snapshot;
  std::string path;
  bool long_form = false;
  bool shallow = false;
  std::vector<std::string> patterns;
  bool ignore_case = false;
};

void print_entry(const LsFlags& flags, const engine::EntryInfo& entry) {
  fmt::print("{}\n", flags.hand.json ? entry_json(entry) : entry_line(entry, flags.long_form));
}

Task<int> run_ls(Hand& hand, LsFlags& flags) {
  const auto repository = co_await hand.open();
  const engine::Snapshot snapshot = co_await repository->find_snapshot(flags.snapshot, flags.filter);
  auto visit = [&flags](const engine::EntryInfo& entry) {
    print_entry(flags, entry);
    return true;
  };
  co_await engine::list_entries(*repository, snapshot, flags.path, !flags.shallow, std::move(visit));
  co_return kDone;
}

Task<int> run_find(Hand& hand, LsFlags& flags) {
  const auto repository = co_await hand.open();
  std::vector<engine::Snapshot> snapshots;
  if (flags.snapshot.empty())
    snapshots = co_await repository->snapshots(flags.filter);
  else
    snapshots.push_back(co_await repository->find_snapshot(flags.snapshot, flags.filter));
  std::uint64_t found = 0;
  for (const engine::Snapshot& snapshot : snapshots) {
    bool announced = flags.hand.json;
    auto visit = [&](const engine::EntryInfo& entry) {
      const bool wanted =
          std::any_of(flags.patterns.begin(), flags.patterns.end(), [&](const std::string& pattern) {
            return engine::pattern_matches(pattern, entry.path, flags.ignore_case);
          });
      if (!wanted) return true;
      if (!announced)
        fmt::print("snapshot {} of {} from {}:\n", snapshot.short_id(), snapshot.host,
                   format_time(snapshot.start));
      announced = true;
      ++found;
      print_entry(flags, entry);
      return true;
    };
    co_await engine::list_entries(*repository, snapshot, "", true, std::move(visit));
  }
  if (!flags.hand.json && !flags.hand.quiet) fmt::print("{} entries found\n", found);
  co_return kDone;
}

void add_filter(Flags& flags, LsFlags& f) {
  flags.option("-H,--host", f.filter.host, "Only snapshots of this host");
  flags.tags("--tag", f.filter.tags,
             "Only snapshots with all tags of a list with commas; may be repeated: of one of the lists");
  flags.flag("-l,--long", f.long_form, "Show modes, owners, sizes and times");
}

}  // namespace

int ls(int argc, char** argv) {
  LsFlags f;
  Flags flags("ls", "Lists the files of a snapshot.", kHandFooter);
  add_flags(flags, f.hand);
  add_filter(flags, f);
  flags.flag("--shallow", f.shallow, "Do not go into directories below PATH");
  flags.positional("SNAPSHOT", f.snapshot, "Id, a unique part of one, or latest", true);
  flags.positional("PATH", f.path, "Only what lies below; everything when not given", false);
  if (const auto code = flags.parse(argc, argv)) return *code;
  return run_by_hand("ls", f.hand, [&](Hand& hand) { return run_ls(hand, f); });
}

int find(int argc, char** argv) {
  LsFlags f;
  Flags flags("find", "Finds files by pattern in all snapshots, or in one.", kHandFooter);
  add_flags(flags, f.hand);
  add_filter(flags, f);
  flags.flag("-i,--ignore-case", f.ignore_case, "Do not regard case");
  flags.option("-s,--snapshot", f.snapshot, "Only in this snapshot");
  flags.positionals("PATTERN", f.patterns, "Name, path or glob", true);
  if (const auto code = flags.parse(argc, argv)) return *code;
  return run_by_hand("find", f.hand, [&](Hand& hand) { return run_find(hand, f); });
}

}  // namespace stash::command

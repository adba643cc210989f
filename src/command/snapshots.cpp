#include "command/commands.hpp"
#include "command/hand.hpp"
#include "command/output.hpp"

namespace stash::command {
namespace {

struct SnapshotsFlags {
  HandOptions hand;
  engine::SnapshotFilter filter;
};

std::string joined(const std::vector<std::string>& parts) {
  return printable(fmt::format("{}", fmt::join(parts, ",")));
}

Task<int> run(Hand& hand, SnapshotsFlags& flags) {
  const auto repository = co_await hand.open();
  const std::vector<engine::Snapshot> snapshots = co_await repository->snapshots(flags.filter);
  if (flags.hand.json) {
    std::string list;
    for (const engine::Snapshot& s : snapshots) list += (list.empty() ? "" : ",") + snapshot_json(s);
    fmt::print("[{}]\n", list);
    co_return kDone;
  }
  std::vector<std::vector<std::string>> rows{{"ID", "TIME", "HOST", "TAGS", "FILES", "SIZE", "PATHS"}};
  for (const engine::Snapshot& s : snapshots)
    rows.push_back({s.short_id(), format_time(s.start), s.host, joined(s.tags),
                    std::to_string(s.counts.files()), format_size(s.counts.bytes),
                    joined(s.paths) + (s.complete ? "" : " (incomplete)")});
  fmt::print("{}{} snapshots\n", table(rows), snapshots.size());
  co_return kDone;
}

}  // namespace

int snapshots(int argc, char** argv) {
  SnapshotsFlags f;
  Flags flags("snapshots", "Lists snapshots, oldest first.", kHandFooter);
  add_flags(flags, f.hand);
  flags.option("-H,--host", f.filter.host, "Only of this host");
  flags.option("--path", f.filter.paths, "Only with this path; may be repeated");
  flags.tags("--tag", f.filter.tags,
             "Only with all tags of a list with commas; may be repeated: of one of the lists");
  if (const auto code = flags.parse(argc, argv)) return *code;
  return run_by_hand("snapshots", f.hand, [&](Hand& hand) { return run(hand, f); });
}

}  // namespace stash::command

#include "command/commands.hpp"
#include "command/hand.hpp"
#include "command/output.hpp"
#include "stash/engine/check.hpp"
#include "stash/engine/usage.hpp"

namespace stash::command {
namespace {

struct StatsFlags {
  HandOptions hand;
  engine::SnapshotFilter filter;
  std::string by;

  bool by_host() const { return by == "host"; }
};

std::string usage_json(const StatsFlags& flags, const std::vector<engine::Usage>& usages) {
  std::string list;
  for (const engine::Usage& u : usages) {
    JsonLine line;
    if (flags.by_host())
      line.text("host", u.host);
    else
      line.texts("paths", u.paths);
    line.number("snapshots_count", u.snapshots).number("restore_size", u.restore_bytes);
    line.number("unique_size", u.unique_bytes).number("blob_count", u.blobs);
    list += (list.empty() ? "" : ",") + line.str();
  }
  return "[" + list + "]";
}

std::string usage_table(const StatsFlags& flags, const std::vector<engine::Usage>& usages) {
  std::vector<std::vector<std::string>> rows{
      {flags.by_host() ? "Host" : "Paths", "Snapshots", "Restored", "Unique"}};
  for (const engine::Usage& u : usages) {
    std::string name = printable(u.host);
    for (const std::string& path : u.paths) name += (name.empty() ? "" : ", ") + printable(path);
    rows.push_back(
        {name, std::to_string(u.snapshots), format_size(u.restore_bytes), format_size(u.unique_bytes)});
  }
  return table(rows);
}

void print_json(const StatsFlags& flags, const engine::StatsResult& r,
                const std::vector<engine::Usage>& usages) {
  JsonLine line;
  line.number("snapshots_count", r.snapshots)
      .number("total_file_count", r.files)
      .number("total_restore_size", r.restore_bytes);
  line.number("total_size", r.stored_bytes)
      .number("total_uncompressed_size", r.raw_bytes)
      .number("total_blob_count", r.blobs);
  line.number("total_pack_count", r.packs);
  if (!flags.by.empty()) line.raw("groups", usage_json(flags, usages));
  line.print();
}

Task<int> run(Hand& hand, StatsFlags& flags) {
  const auto repository = co_await hand.open();
  const engine::StatsResult r = co_await engine::stats(*repository, flags.filter);
  std::vector<engine::Usage> usages;
  const engine::UsageBy by = flags.by_host() ? engine::UsageBy::Host : engine::UsageBy::Path;
  if (!flags.by.empty()) usages = co_await engine::usage(*repository, flags.filter, by);
  if (flags.hand.json) {
    print_json(flags, r, usages);
    co_return kDone;
  }
  fmt::print(
      "snapshots: {}\nfiles in them: {}\nrestored size: {}\nunique data: {} in {} blobs\nstored: {} in {} "
      "packs\n",
      r.snapshots, r.files, format_size(r.restore_bytes), format_size(r.raw_bytes), r.blobs,
      format_size(r.stored_bytes), r.packs);
  if (!flags.by.empty()) fmt::print("\n{}", usage_table(flags, usages));
  co_return kDone;
}

}  // namespace

int stats(int argc, char** argv) {
  StatsFlags f;
  Flags flags("stats", "Shows the size of a repository and its snapshots.", kHandFooter);
  add_flags(flags, f.hand);
  flags.option("-H,--host", f.filter.host, "Only snapshots of this host");
  flags.option("--path", f.filter.paths, "Only snapshots with this path; may be repeated");
  flags.tags("--tag", f.filter.tags,
             "Only snapshots with all tags of a list with commas; may be repeated: of one of the lists");
  flags.option("--by", f.by,
               "Also what each host, or each set of paths, restores to and needs: host or path");
  if (const auto code = flags.parse(argc, argv)) return *code;
  if (!f.by.empty() && !f.by_host() && f.by != "path") {
    fmt::print(stderr, "stash stats: --by is {}, want host or path\n", f.by);
    return kUsage;
  }
  return run_by_hand("stats", f.hand, [&](Hand& hand) { return run(hand, f); });
}

}  // namespace stash::command

#include "stash/engine/check.hpp"

#include <charconv>

#include "command/commands.hpp"
#include "command/hand.hpp"
#include "command/output.hpp"
#include "command/progress_line.hpp"

namespace stash::command {
namespace {

struct CheckFlags {
  HandOptions hand;
  engine::CheckOptions options;
  std::string subset;
};

/// "10%" or "1/5" as a share of one.
std::optional<double> parse_share(std::string_view text) {
  double first = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), first);
  const std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (error != std::errc{}) return std::nullopt;
  double share = first / 100;
  if (rest.starts_with('/')) {
    double second = 0;
    const auto parsed = std::from_chars(rest.data() + 1, rest.data() + rest.size(), second);
    if (parsed.ec != std::errc{} || parsed.ptr != rest.data() + rest.size() || second <= 0)
      return std::nullopt;
    share = first / second;
  } else if (rest != "%") {
    return std::nullopt;
  }
  return share > 0 && share <= 1 ? std::optional(share) : std::nullopt;
}

Task<int> run_check(Hand& hand, CheckFlags& flags) {
  const auto repository = co_await hand.open();
  engine::Progress progress;
  auto work = engine::check(*repository, flags.options, progress);
  const engine::CheckResult r = co_await with_progress(hand, progress, std::move(work));
  if (flags.hand.json) {
    JsonLine line;
    line.text("message_type", "summary")
        .flag("ok", r.ok())
        .number("snapshots", r.snapshots)
        .number("packs", r.packs);
    line.number("blobs", r.blobs).number("bytes_read", r.bytes_read).number("unused_packs", r.unused_packs);
    line.texts("errors", r.errors).print();
  } else {
    for (const std::string& error : r.errors) fmt::print(stderr, "error: {}\n", printable(error));
    if (!flags.hand.quiet)
      fmt::print("checked {} snapshots, {} packs, {} blobs ({} read): {}\n", r.snapshots, r.packs, r.blobs,
                 format_size(r.bytes_read), r.ok() ? "no errors" : fmt::format("{} errors", r.errors.size()));
  }
  co_return r.ok() ? kDone : kFailed;
}

Task<int> run_stats(Hand& hand, HandOptions& options, engine::SnapshotFilter& filter) {
  const auto repository = co_await hand.open();
  const engine::StatsResult r = co_await engine::stats(*repository, filter);
  if (options.json) {
    JsonLine line;
    line.number("snapshots_count", r.snapshots)
        .number("total_file_count", r.files)
        .number("total_restore_size", r.restore_bytes);
    line.number("total_size", r.stored_bytes)
        .number("total_uncompressed_size", r.raw_bytes)
        .number("total_blob_count", r.blobs);
    line.number("total_pack_count", r.packs).print();
  } else {
    fmt::print(
        "snapshots: {}\nfiles in them: {}\nrestored size: {}\nunique data: {} in {} blobs\nstored: {} in {} "
        "packs\n",
        r.snapshots, r.files, format_size(r.restore_bytes), format_size(r.raw_bytes), r.blobs,
        format_size(r.stored_bytes), r.packs);
  }
  co_return kDone;
}

}  // namespace

int check(int argc, char** argv) {
  CheckFlags f;
  Flags flags("check", "Verifies that every snapshot can be restored.", kHandFooter);
  add_flags(flags, f.hand);
  flags.flag("--read-data", f.options.read_data, "Read and verify all data too");
  flags.option("--read-data-subset", f.subset,
               "Read and verify a share of the packs, drawn at random: 10% or 1/5");
  if (const auto code = flags.parse(argc, argv)) return *code;
  if (!f.subset.empty()) {
    const auto share = parse_share(f.subset);
    if (!share) {
      fmt::print(stderr, "stash check: --read-data-subset is {}, want a share such as 10% or 1/5\n",
                 f.subset);
      return kUsage;
    }
    f.options.read_data = true;
    f.options.read_data_share = *share;
  }
  return run_by_hand("check", f.hand, [&](Hand& hand) { return run_check(hand, f); });
}

int stats(int argc, char** argv) {
  HandOptions options;
  engine::SnapshotFilter filter;
  Flags flags("stats", "Shows the size of a repository and its snapshots.", kHandFooter);
  add_flags(flags, options);
  flags.option("-H,--host", filter.host, "Only snapshots of this host");
  flags.option("--path", filter.paths, "Only snapshots with this path; may be repeated");
  flags.option("--tag", filter.tags, "Only snapshots with this tag; may be repeated");
  if (const auto code = flags.parse(argc, argv)) return *code;
  return run_by_hand("stats", options, [&](Hand& hand) { return run_stats(hand, options, filter); });
}

}  // namespace stash::command

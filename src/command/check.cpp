#include "stash/engine/check.hpp"

#include <charconv>

#include "command/commands.hpp"
#include "command/hand.hpp"
#include "command/output.hpp"
#include "command/progress_line.hpp"
#include "stash/base/bytes.hpp"

namespace stash::command {
namespace {

struct CheckFlags {
  HandOptions hand;
  engine::CheckOptions options;
  std::string subset;
};

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  return whole ? std::optional(number) : std::nullopt;
}

/// "1/5", "10%" or "500M".
std::optional<engine::PackSubset> parse_subset(std::string_view text) {
  if (const auto slash = text.find('/'); slash != text.npos) {
    const auto part = parse_number<std::uint32_t>(text.substr(0, slash));
    const auto parts = parse_number<std::uint32_t>(text.substr(slash + 1));
    if (!part || !parts || *part < 1 || *part > *parts) return std::nullopt;
    return engine::PackPart{*part, *parts};
  }
  if (text.ends_with('%')) {
    const auto percent = parse_number<double>(text.substr(0, text.size() - 1));
    if (!percent || !(*percent > 0 && *percent <= 100)) return std::nullopt;
    return engine::PackShare{*percent / 100};
  }
  const auto bytes = parse_size(text);
  if (!bytes || *bytes == 0) return std::nullopt;
  return engine::PackBytes{*bytes};
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

}  // namespace

int check(int argc, char** argv) {
  CheckFlags f;
  Flags flags("check", "Verifies that every snapshot can be restored.", kHandFooter);
  add_flags(flags, f.hand);
  flags.flag("--read-data", f.options.read_data, "Read and verify all data too");
  flags.option("--read-data-subset", f.subset,
               "Read and verify some packs: part 1 of 5, always the same, as 1/5; drawn at random as 10% or "
               "500M");
  if (const auto code = flags.parse(argc, argv)) return *code;
  if (!f.subset.empty()) {
    const auto subset = parse_subset(f.subset);
    if (!subset) {
      fmt::print(
          stderr,
          "stash check: --read-data-subset is {}, want a part as 1/5, a share as 10% or a size as 500M\n",
          f.subset);
      return kUsage;
    }
    f.options.read_data = true;
    f.options.subset = *subset;
  }
  return run_by_hand("check", f.hand, [&](Hand& hand) { return run_check(hand, f); });
}

}  // namespace stash::command

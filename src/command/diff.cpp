#include "command/commands.hpp"
#include "command/hand.hpp"
#include "command/output.hpp"

namespace stash::command {
namespace {

struct DiffFlags {
  HandOptions hand;
  std::string before;
  std::string after;
};

Task<int> run(Hand& hand, DiffFlags& flags) {
  const auto repository = co_await hand.open();
  const engine::SnapshotFilter any;
  const engine::Snapshot before = co_await repository->find_snapshot(flags.before, any);
  const engine::Snapshot after = co_await repository->find_snapshot(flags.after, any);
  auto visit = [&flags](char kind, const engine::EntryInfo& entry) {
    if (flags.hand.json)
      JsonLine()
          .text("message_type", "change")
          .text("path", entry.path)
          .text("modifier", std::string(1, kind))
          .print();
    else
      fmt::print("{}  {}\n", kind, printable(entry.path));
    return true;
  };
  co_await engine::diff(*repository, before, after, std::move(visit));
  co_return kDone;
}

}  // namespace

int diff(int argc, char** argv) {
  DiffFlags f;
  Flags flags("diff", "Shows what differs: + added, - removed, M content, U metadata, T type.", kHandFooter);
  add_flags(flags, f.hand);
  flags.positional("BEFORE", f.before, "Snapshot id", true);
  flags.positional("AFTER", f.after, "Snapshot id", true);
  if (const auto code = flags.parse(argc, argv)) return *code;
  return run_by_hand("diff", f.hand, [&](Hand& hand) { return run(hand, f); });
}

}  // namespace stash::command

#include "command/commands.hpp"
#include "command/hand.hpp"
#include "command/kdf_flag.hpp"
#include "command/output.hpp"

namespace stash::command {
namespace {

struct InitFlags {
  HandOptions hand;
  KdfFlag kdf;
};

Task<int> run(Hand& hand, const InitFlags& flags) {
  engine::InitOptions options;
  options.kdf = flags.kdf.chosen();
  co_await engine::Repository::init(hand.store(), hand.password(true), options, hand.environment());
  const auto repository = co_await hand.open();
  if (flags.hand.json)
    JsonLine()
        .text("message_type", "initialized")
        .text("id", repository->id())
        .text("repository", hand.store().describe())
        .print();
  else if (!flags.hand.quiet)
    fmt::print("made repository {} at {}\n", repository->id().substr(0, 10), hand.store().describe());
  co_return kDone;
}

}  // namespace

int init_repository(int argc, char** argv) {
  InitFlags f;
  Flags flags("init", "Makes a new repository. Example: stash init -r /srv/repo", kHandFooter);
  add_flags(flags, f.hand);
  add_flags(flags, f.kdf);
  if (const auto code = flags.parse(argc, argv)) return *code;
  return run_by_hand("init", f.hand, [&](Hand& hand) { return run(hand, f); });
}

}  // namespace stash::command

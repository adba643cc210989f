#include "command/commands.hpp"
#include "command/hand.hpp"
#include "command/output.hpp"

namespace stash::command {
namespace {

struct InitFlags {
  HandOptions hand;
  std::string kdf = "scrypt";
};

Task<int> run(Hand& hand, const InitFlags& flags) {
  engine::InitOptions options;
  if (flags.kdf == "raw") options.kdf = engine::Kdf::Raw;
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
  flags.option("--kdf", f.kdf,
               "How the password becomes a key: scrypt, or raw for secrets of at least 256 bits");
  if (const auto code = flags.parse(argc, argv)) return *code;
  if (f.kdf != "scrypt" && f.kdf != "raw") {
    fmt::print(stderr, "stash init: --kdf is {}, want scrypt or raw\n", f.kdf);
    return kUsage;
  }
  return run_by_hand("init", f.hand, [&](Hand& hand) { return run(hand, f); });
}

}  // namespace stash::command

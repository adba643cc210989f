#include <cerrno>
#include <cstdio>
#include <system_error>

#include "command/commands.hpp"
#include "command/hand.hpp"
#include "stash/engine/browse.hpp"

namespace stash::command {
namespace {

struct DumpFlags {
  HandOptions hand;
  engine::SnapshotFilter filter;
  std::string snapshot;
  std::string path;
  bool tar = false;
};

void write_all(ByteView bytes) {
  if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) != bytes.size())
    throw std::system_error(errno, std::generic_category(), "cannot write");
}

Task<void> to_stdout(net::Pool& pool, ByteView bytes) {
  auto work = [bytes] { write_all(bytes); };
  co_await net::offload(pool, std::move(work));
}

Task<int> run(Hand& hand, DumpFlags& flags) {
  const auto repository = co_await hand.open();
  const engine::Snapshot snapshot = co_await repository->find_snapshot(flags.snapshot, flags.filter);
  const engine::Environment environment = hand.environment();
  auto write = [&environment](ByteView bytes) { return to_stdout(environment.pool, bytes); };
  if (flags.tar)
    co_await engine::dump_tar(*repository, snapshot, flags.path, std::move(write));
  else
    co_await engine::dump_file(*repository, snapshot, flags.path, std::move(write));
  co_return kDone;
}

}  // namespace

int dump(int argc, char** argv) {
  DumpFlags f;
  Flags flags("dump", "Writes one file, or with --tar a directory, to standard output.", kHandFooter);
  add_flags(flags, f.hand);
  flags.option("-H,--host", f.filter.host, "For latest: host of the snapshot");
  flags.tags(
      "--tag", f.filter.tags,
      "For latest: a list of tags with commas, all of which it has; may be repeated: of one of the lists");
  flags.flag("--tar", f.tar, "PATH is a directory: write it as a tar stream");
  flags.positional("SNAPSHOT", f.snapshot, "Id, a unique part of one, or latest", true);
  flags.positional("PATH", f.path, "Absolute path inside the snapshot", true);
  if (const auto code = flags.parse(argc, argv)) return *code;
  return run_by_hand("dump", f.hand, [&](Hand& hand) { return run(hand, f); });
}

}  // namespace stash::command

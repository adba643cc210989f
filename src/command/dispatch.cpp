#include "stash/command/dispatch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <span>
#include <stdexcept>
#include <string_view>
#include <system_error>

#include "command/commands.hpp"
#include "command/hand.hpp"
#include "command/output.hpp"

namespace stash::command {
namespace {

/// True when one of the arguments begins with `prefix`.
bool has_flag(int argc, char** argv, std::string_view prefix) {
  const auto args = std::span(argv, static_cast<std::size_t>(argc));
  return std::any_of(args.begin(), args.end(),
                     [&](const char* arg) { return std::string_view(arg).starts_with(prefix); });
}

/// Stash's own pods call `restore` for the init container, hands call it for themselves: only the former name
/// an invoker.
int restore_or_init_container(int argc, char** argv) {
  return has_flag(argc, argv, "--invoker-name") ? init_container(argc, argv) : restore(argc, argv);
}

/// The same for `init`: a repository by hand, the role in a pod.
int init_either(int argc, char** argv) {
  return has_flag(argc, argv, "--invoker-name") ? init_container(argc, argv) : init_repository(argc, argv);
}

struct Command {
  std::string_view name;
  std::string_view summary;  ///< empty: another name for a command, not shown
  int (*run)(int argc, char** argv);
};

constexpr std::array kCommands{
    Command{"backup", "Back up files and directories", backup},
    Command{"restore", "Restore a snapshot", restore_or_init_container},
    Command{"snapshots", "List snapshots", snapshots},
    Command{"ls", "List the files of a snapshot", ls},
    Command{"find", "Find files in snapshots", find},
    Command{"diff", "Show what differs between two snapshots", diff},
    Command{"dump", "Write a file, or a directory as tar, to standard output", dump},
    Command{"forget", "Remove snapshots by a policy", forget},
    Command{"tag", "Change the tags of snapshots", tag},
    Command{"copy", "Copy snapshots to another repository", copy},
    Command{"prune", "Free the space that no snapshot uses", prune},
    Command{"check", "Verify a repository", check},
    Command{"repair", "Repair the index, packs or snapshots", repair},
    Command{"recover", "Make snapshots of trees that no snapshot names", recover},
    Command{"undelete", "Bring back snapshots that were forgotten", undelete},
    Command{"stats", "Show the size of a repository", stats},
    Command{"key", "Manage the passwords of a repository", key},
    Command{"init", "Make a new repository", init_either},
    Command{"install", "Print the manifests for a cluster", install},
    Command{"operator", "Run the Kubernetes controllers", run_operator},
    Command{"sidecar", "Back up a pod's volumes when sessions ask for it", sidecar},
    Command{"init-container", "Restore a pod's volumes before it starts", init_container},
    Command{"trigger", "Create one BackupSession", trigger},
    Command{"version", "Show the version", version},
    // The names that Stash's pods and charts use.
    Command{"run", "", run_operator},
    Command{"run-backup", "", sidecar},
    Command{"create-backupsession", "", trigger},
    // The names of the links in the image.
    Command{"stash-operator", "", run_operator},
    Command{"stash-sidecar", "", sidecar},
    Command{"stash-init", "", init_container},
    Command{"stash-trigger", "", trigger},
};

const Command* find_command(std::string_view name) {
  const auto it =
      std::find_if(kCommands.begin(), kCommands.end(), [&](const Command& c) { return c.name == name; });
  return it == kCommands.end() ? nullptr : it;
}

void print_usage() {
  fmt::print(
      "stash backs up and restores the data of applications, on Kubernetes and by hand.\n\n"
      "usage: stash COMMAND [OPTIONS]\n\n");
  for (const Command& c : kCommands)
    if (!c.summary.empty()) fmt::print("  {:<15} {}\n", c.name, c.summary);
  fmt::print("\n\"stash COMMAND --help\" tells the options of a command.\n");
}

int refuse(std::string_view word) {
  fmt::print(stderr, "stash: there is no command \"{}\"; \"stash help\" lists them\n", word);
  return kUsage;
}

/// "stash help", or "stash help COMMAND".
int help(int argc, char** argv) {
  if (argc < 3) {
    print_usage();
    return kDone;
  }
  const Command* c = find_command(argv[2]);
  if (!c) return refuse(argv[2]);
  char flag[] = "--help";
  std::array words{argv[2], static_cast<char*>(flag)};
  return c->run(static_cast<int>(words.size()), words.data());
}

int run_named(int argc, char** argv) {
  std::string_view self = argc > 0 ? argv[0] : "stash";
  if (const auto slash = self.rfind('/'); slash != self.npos) self.remove_prefix(slash + 1);
  if (self.starts_with("stash-"))
    if (const Command* c = find_command(self)) return c->run(argc, argv);
  const std::string_view word = argc > 1 ? argv[1] : "help";
  if (word == "help" || word == "--help" || word == "-h") return help(argc, argv);
  if (word == "--version") return version(argc - 1, argv + 1);
  if (const Command* c = find_command(word)) return c->run(argc - 1, argv + 1);
  return refuse(word);
}

/// Not by fmt::print(), which throws where standard error takes no more.
void tell(const std::exception& e) {
  std::fprintf(stderr, "stash: %s%s\n", std::ferror(stdout) ? "standard output: " : "", e.what());
}

}  // namespace

int dispatch(int argc, char** argv) {
  int code = kDone;
  try {
    code = run_named(argc, argv);
    flush_output();
    if (code == kDone && std::ferror(stdout)) throw std::runtime_error("not all of it could be written");
    return code;
  } catch (const std::system_error& e) {
    if (e.code() == std::errc::interrupted) return kInterrupted;  // by a signal, while nobody read
    // Whoever left a pipe has enough, and wants no word about it.
    if (e.code() != std::errc::broken_pipe) tell(e);
  } catch (const std::exception& e) {
    tell(e);
  }
  return code == kDone ? kFailed : code;
}

}  // namespace stash::command

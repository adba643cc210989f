#include "command/commands.hpp"
#include "command/hand.hpp"
#include "command/kdf_flag.hpp"
#include "command/output.hpp"

namespace stash::command {
namespace {

struct KeyFlags {
  HandOptions hand;
  std::string action;
  std::string id;
  std::string new_password_file;
  std::string label;
  KdfFlag kdf;
};

std::string_view to_string(engine::Kdf kdf) { return kdf == engine::Kdf::Raw ? "raw" : "scrypt"; }

Task<int> list(engine::Repository& repository, const KeyFlags& flags) {
  const std::vector<engine::KeyInfo> keys = co_await repository.keys();
  std::vector<std::vector<std::string>> rows{{"", "ID", "CREATED", "KDF", "LABEL"}};
  std::string json;
  for (const engine::KeyInfo& k : keys) {
    rows.push_back(
        {k.current ? "*" : "", k.id, format_time(k.created), std::string(to_string(k.kdf)), k.label});
    JsonLine line;
    line.text("id", k.id)
        .text("created", format_time(k.created))
        .text("kdf", to_string(k.kdf))
        .text("label", k.label);
    json += (json.empty() ? "" : ",") + line.flag("current", k.current).str();
  }
  if (flags.hand.json)
    fmt::print("[{}]\n", json);
  else
    fmt::print("{}", table(rows));
  co_return kDone;
}

Secret new_password(const KeyFlags& flags) {
  if (!flags.new_password_file.empty()) return read_password_file(flags.new_password_file);
  Secret first = ask_password("new password");
  if (!(ask_password("the same again") == first)) throw Error(ErrorKind::Invalid, "the passwords differ");
  return first;
}

void print_key(const KeyFlags& flags, const char* what, const std::string& id) {
  if (flags.hand.json)
    JsonLine().text("message_type", what).text("id", id).print();
  else if (!flags.hand.quiet)
    fmt::print("{} key {}\n", what, id);
}

Task<int> run(Hand& hand, KeyFlags& flags) {
  const auto repository = co_await hand.open();
  if (flags.action == "list") co_return co_await list(*repository, flags);
  if (flags.action == "remove") {
    co_await repository->remove_key(flags.id);
    print_key(flags, "removed", flags.id);
    co_return kDone;
  }
  const Secret password = new_password(flags);
  const engine::Kdf kdf = flags.kdf.chosen().value_or(engine::kdf_for(password.reveal()));
  const std::string added = co_await repository->add_key(password, kdf, flags.label);
  print_key(flags, "added", added);
  if (flags.action != "passwd") co_return kDone;
  // The new password opens the repository before the old one stops to.
  std::string old;
  for (const engine::KeyInfo& k : co_await repository->keys())
    if (k.current) old = k.id;
  const auto again = co_await engine::Repository::open(hand.store(), password, hand.environment());
  co_await again->remove_key(old);
  print_key(flags, "removed", old);
  co_return kDone;
}

}  // namespace

int key(int argc, char** argv) {
  KeyFlags f;
  Flags flags("key", "Manages passwords: list, add, remove ID, passwd (change the one in use).", kHandFooter);
  add_flags(flags, f.hand);
  flags.option("--new-password-file", f.new_password_file, "File whose first line is the new password");
  flags.option("--label", f.label, "What the new key is for");
  add_flags(flags, f.kdf);
  flags.positional("ACTION", f.action, "list, add, remove or passwd", true);
  flags.positional("ID", f.id, "Key to remove", false);
  if (const auto code = flags.parse(argc, argv)) return *code;
  const bool known = f.action == "list" || f.action == "add" || f.action == "remove" || f.action == "passwd";
  if (!known || (f.action == "remove") == f.id.empty()) {
    fmt::print(stderr, "stash key: want list, add, remove ID or passwd\n");
    return kUsage;
  }
  return run_by_hand("key", f.hand, [&](Hand& hand) { return run(hand, f); });
}

}  // namespace stash::command

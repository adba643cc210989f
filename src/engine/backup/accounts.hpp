#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace stash::engine {

/// Names of users and groups as /etc/passwd and /etc/group of the running root give them. The files are
/// parsed here: name services would load libraries into a static program.
class Accounts {
 public:
  Accounts() = default;
  /// From the text of the two files; malformed lines are passed over, the first name of an id counts.
  Accounts(std::string_view passwd, std::string_view group);
  /// From the running root; ids stay nameless where the files are missing.
  static Accounts load();

  /// "" when the id has no name.
  const std::string& user(std::uint32_t uid) const;
  const std::string& group(std::uint32_t gid) const;

 private:
  using Names = std::unordered_map<std::uint32_t, std::string>;
  Names users_;
  Names groups_;
};

}  // namespace stash::engine

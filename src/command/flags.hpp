#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stash/base/time.hpp"
#include "stash/engine/tag_filter.hpp"

namespace stash::command {

/// The flags of one command: a thin cover over CLI11, so that its cost is paid in one translation unit.
/// Targets are filled by parse() and must outlive it.
class Flags {
 public:
  /// `usage` is what follows the name: "[OPTIONS] PATH...". `footer` ends the help.
  Flags(std::string name, std::string summary, std::string footer);
  ~Flags();
  Flags(const Flags&) = delete;
  Flags& operator=(const Flags&) = delete;

  /// `names` as CLI11 has them: "-r,--repo". `env` names a variable to take the value from when the flag is
  /// absent.
  void option(const char* names, std::string& to, const char* help, const char* env = nullptr);
  /// 0 to `most`.
  void option(const char* names, std::int64_t& to, const char* help,
              std::int64_t most = std::int64_t{1} << 40);
  /// May be given several times.
  void option(const char* names, std::vector<std::string>& to, const char* help);
  /// May be given several times, each a list with commas. Empty tags are refused: a variable that is not set
  /// must not decide what is forgotten.
  void tags(const char* names, engine::TagFilter& to, const char* help);
  /// Binary units: 64MiB, 1G.
  void size(const char* names, std::uint64_t& to, const char* help);
  /// One of `words`.
  void choice(const char* names, std::string& to, std::vector<std::string> words, const char* help);
  /// 0 to 100, also with the sign: 5%.
  void percent(const char* names, double& to, const char* help);
  /// A duration such as 36h or 30m; d, w and y (365 days) are known too.
  void duration(const char* names, Duration& to, const char* help);
  /// How far back something is kept, in the form of restic: 2y5m7d3h is years, months, days and hours. Never
  /// less than by the calendar: a year is 366 days, a month 31.
  void retention(const char* names, Duration& to, const char* help);
  void flag(const char* names, bool& to, const char* help);
  void positional(const char* name, std::string& to, const char* help, bool required);
  void positionals(const char* name, std::vector<std::string>& to, const char* help, bool required);
  /// Flags of the original that change nothing here: taken in silence.
  void ignored(std::vector<std::string> names);
  /// The same of flags that would have changed something: a warning in the log says that they do not.
  void without_effect(std::vector<std::string> names);

  /// An exit code when the command is to end now (help was printed: 0, wrong usage: 2), else nothing.
  std::optional<int> parse(int argc, char** argv);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The flags every pod of Stash passes for its logging, and others that have no meaning here.
std::vector<std::string> klog_flags();

}  // namespace stash::command

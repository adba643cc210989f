#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "stash/base/fd.hpp"

namespace stash {

/// A program that runs beside us with nothing on its standard input and its standard output for us to read.
/// When it goes before it was seen to end, the program is asked to (SIGTERM), killed after five seconds, and
/// reaped.
class Child {
 public:
  /// Starts words[0], looked for in PATH, with the others as its arguments; `variables` are its environment.
  /// Error of posix_spawnp(3) that names it.
  Child(std::vector<std::string> words, std::vector<std::string> variables);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  /// To read what it prints from.
  int output() const { return output_.get(); }
  /// Its status as waitpid(2) gives it, once, if it ends within a tenth of a second or so.
  std::optional<int> wait();

 private:
  std::optional<int> take_status(int options);

  Fd output_;
  pid_t pid_ = -1;
};

/// The environment of this process, as "NAME=value".
std::vector<std::string> own_variables();

}  // namespace stash

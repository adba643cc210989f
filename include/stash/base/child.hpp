#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "stash/base/fd.hpp"

namespace stash {

/// A program that runs beside us with nothing on its standard input and its standard output for us to read.
/// When it goes before wait(), the program is asked to end (SIGTERM), killed after five seconds, and reaped.
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
  /// Once: its status as waitpid(2) gives it, when it has ended.
  int wait();

 private:
  bool has_ended();

  Fd output_;
  pid_t pid_ = -1;
};

/// The environment of this process, as "NAME=value".
std::vector<std::string> own_variables();

}  // namespace stash

#pragma once

#include <span>
#include <string>
#include <vector>

#include "stash/net/task.hpp"

namespace stash::command {

/// A command whose standard output is read as a stream. Its standard error is ours, its standard input empty.
/// Ended (SIGTERM, then SIGKILL after 5 s) and reaped when this goes first.
class ChildStream {
 public:
  /// Starts words[0] with the others as arguments; it is looked for in PATH. Throws NotFound or Denied.
  explicit ChildStream(std::vector<std::string> words);
  ~ChildStream();
  ChildStream(const ChildStream&) = delete;
  ChildStream& operator=(const ChildStream&) = delete;

  /// Fills a part of the buffer; 0 once the command has ended well. Error(Invalid) when it ended otherwise.
  Task<std::size_t> read(net::Pool& pool, std::span<std::byte> into);

 private:
  std::size_t read_some(std::span<std::byte> into);
  void require_success();

  std::string name_;
  int output_ = -1;
  pid_t pid_ = -1;
};

}  // namespace stash::command

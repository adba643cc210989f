#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "stash/base/child.hpp"
#include "stash/net/task.hpp"

namespace stash::command {

/// A command whose standard output is read as a stream. Its standard error is ours.
class ChildStream {
 public:
  /// Starts it as Child does.
  explicit ChildStream(std::vector<std::string> words);

  /// Fills a part of the buffer; 0 once the command has ended well. Error(Invalid) when it ended otherwise.
  Task<std::size_t> read(net::Pool& pool, std::span<std::byte> into);

 private:
  void require_success(int status) const;

  std::string name_;
  std::optional<Child> child_;  ///< until it ended well
};

}  // namespace stash::command

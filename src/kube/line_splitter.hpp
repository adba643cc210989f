#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace stash::kube {

/// Cuts a byte stream into lines. Holds at most one unfinished line, and that up to `limit` bytes.
class LineSplitter {
 public:
  explicit LineSplitter(std::size_t limit) : limit_(limit) {}

  /// Throws Error(Corrupt) when a line grows over the limit.
  void feed(std::string_view bytes);
  /// The next whole line without its line feed, empty lines left out. The view lives until the next feed().
  std::optional<std::string_view> next();
  /// True in the middle of a line.
  bool partial() const { return begin_ < buffer_.size(); }

 private:
  std::size_t limit_;
  std::string buffer_;
  std::size_t begin_ = 0;    ///< of the line being read
  std::size_t scanned_ = 0;  ///< no line feed in [begin_, scanned_)
};

}  // namespace stash::kube

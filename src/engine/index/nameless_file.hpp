#pragma once

#include <string>

#include "stash/base/bytes.hpp"
#include "stash/base/fd.hpp"

namespace stash::engine {

/// A file without a name, written from its beginning to its end. It goes with its last descriptor unless it
/// is published. Everything throws IndexFileError.
class NamelessFile {
 public:
  /// Makes one for this user alone in an existing directory.
  explicit NamelessFile(const std::string& directory);

  void append(ByteView bytes);
  /// Bytes so far.
  std::uint64_t size() const { return written_ + buffer_.size(); }
  /// Hands what was appended to the kernel; before read(), overwrite() and publish().
  void flush();
  void read(std::uint64_t offset, std::span<std::byte> out) const;
  void overwrite(std::uint64_t offset, ByteView bytes);
  /// Gives it this name, in place of any file that has it.
  void publish(const std::string& path) const;
  Fd release() { return std::move(fd_); }

 private:
  Fd fd_;
  Bytes buffer_;
  std::uint64_t written_ = 0;
};

}  // namespace stash::engine

#include "kube/line_splitter.hpp"

#include <algorithm>

#include "stash/base/error.hpp"

namespace stash::kube {
namespace {

constexpr std::size_t kKeptCapacity = std::size_t{64} << 10;

}  // namespace

void LineSplitter::feed(std::string_view bytes) {
  buffer_.erase(0, begin_);
  scanned_ -= begin_;
  begin_ = 0;
  // One huge object must not hold its memory for the life of the watch.
  if (buffer_.empty() && buffer_.capacity() > kKeptCapacity) buffer_.shrink_to_fit();
  buffer_ += bytes;
  const auto line_end = std::min(buffer_.find('\n', scanned_), buffer_.size());
  if (line_end > limit_) throw Error(ErrorKind::Corrupt, "a line is longer than {} bytes", limit_);
}

std::optional<std::string_view> LineSplitter::next() {
  for (;;) {
    const auto end = buffer_.find('\n', scanned_);
    if (end == std::string::npos) {
      scanned_ = buffer_.size();
      return std::nullopt;
    }
    const std::string_view line = std::string_view(buffer_).substr(begin_, end - begin_);
    begin_ = scanned_ = end + 1;
    if (!line.empty()) return line;
  }
}

}  // namespace stash::kube

#include "engine/backup/source_reader.hpp"

#include <algorithm>

#include "stash/base/error.hpp"

namespace stash::engine {

void SourceReader::open(const Found& found) {
  file_ = found.parent->open_file(found.name());
  stat_ = file_->opened();
  try {
    xattrs_ = file_->xattrs();
  } catch (const Error& e) {
    problem_ = e.what();
  }
  size_ = stat_.size;
  if (stat_.allocated < size_) {
    extents_ = file_->extents(size_);
    sparse_ = extents_ != std::vector<Extent>{{0, size_}};
  }
  if (!sparse_ && size_ > 0) extents_ = {Extent{0, size_}};
}

std::size_t SourceReader::fill(std::span<std::byte> out) {
  std::size_t done = 0;
  while (done < out.size() && !at_end()) {
    const Extent& extent = extents_[extent_];
    const std::size_t want =
        static_cast<std::size_t>(std::min<std::uint64_t>(extent.length - inside_, out.size() - done));
    const std::size_t got = file_->read(extent.offset + inside_, out.subspan(done, want));
    done += got;
    inside_ += got;
    if (got < want) {
      cut_short(extent.offset + inside_);
    } else if (inside_ == extent.length) {
      ++extent_;
      inside_ = 0;
    }
  }
  return done;
}

void SourceReader::cut_short(std::uint64_t end) {
  shrank_ = true;
  size_ = end;
  extents_.resize(extent_ + 1);
  extents_.back().length = inside_;
  if (inside_ == 0) extents_.pop_back();
  extent_ = extents_.size();
  inside_ = 0;
}

bool SourceReader::changed() {
  const FileStat now = file_->stat();
  return shrank_ || now.size != stat_.size || now.mtime != stat_.mtime || now.ctime != stat_.ctime;
}

void SourceReader::describe(Entry& entry) const {
  entry.size = size_;
  entry.sparse = sparse_;
  if (sparse_) entry.extents = extents_;
}

}  // namespace stash::engine

#include "engine/index/index_file_writer.hpp"

#include <sys/stat.h>

#include <filesystem>

#include "stash/base/log.hpp"

namespace stash::engine {
namespace {

template <class T>
ByteView bytes_of(const T& value) {
  return std::as_bytes(std::span(&value, 1));
}

std::string made(std::string directory) {
  std::error_code ignored;  // the file in it will tell
  std::filesystem::create_directories(std::filesystem::path(directory).parent_path(), ignored);
  ::mkdir(directory.c_str(), 0700);
  return directory;
}

}  // namespace

IndexFileWriter::IndexFileWriter(std::string directory, const ObjectId& repository, std::size_t memory)
    : directory_(made(std::move(directory))),
      out_(directory_),
      data_(directory_, memory),
      trees_(directory_, memory / 8) {
  header_.repository = repository;
  out_.append(bytes_of(header_));
}

void IndexFileWriter::put(ByteView bytes) {
  sum_.update(bytes);
  out_.append(bytes);
}

void IndexFileWriter::put_frame(const IndexFrame& frame) {
  put(bytes_of(frame));
  ++header_.frames;
}

void IndexFileWriter::keep(std::unique_ptr<const IndexFile> old, const std::set<ObjectId>& listed) {
  old_ = std::move(old);
  header_.overlaps = old_->header().overlaps;
  std::vector<std::optional<std::uint32_t>> segment_at;
  for (const ObjectId& segment : old_->segments()) {
    const bool stays = listed.contains(segment);
    segment_at.push_back(stays ? std::optional(static_cast<std::uint32_t>(segments_.size())) : std::nullopt);
    if (stays) segments_.push_back(segment);
  }
  moved_.resize(old_->packs().size());
  for (std::size_t i = 0; i < moved_.size(); ++i) {
    IndexFile::Pack pack = old_->packs()[i];
    const auto segment = segment_at[pack.segment];
    if (!segment) continue;
    const auto first = static_cast<std::uint32_t>(header_.frames);
    moved_[i] = {static_cast<std::uint32_t>(packs_.size()), first - pack.first_frame};
    for (const IndexFrame& frame : old_->frames().subspan(pack.first_frame, pack.frames)) put_frame(frame);
    old_->touched(pack.frames * sizeof(IndexFrame));
    pack.first_frame = first;
    pack.segment = *segment;
    known_.insert(pack.id);
    packs_.push_back(pack);
  }
}

void IndexFileWriter::add(const ObjectId& segment, const SegmentView& view) {
  const auto number = static_cast<std::uint32_t>(segments_.size());
  segments_.push_back(segment);
  std::vector<Moved> moved(view.packs().size());
  for (std::size_t i = 0; i < moved.size(); ++i) {
    const SegmentPack& pack = view.packs()[i];
    if (!known_.insert(pack.id).second) {
      ++header_.overlaps;
      continue;
    }
    const auto first = static_cast<std::uint32_t>(header_.frames);
    moved[i] = {static_cast<std::uint32_t>(packs_.size()), first - pack.first_frame};
    packs_.push_back({pack.id, pack.checksum, pack.size, first, pack.frames, number, pack.kind});
    for (std::uint32_t f = 0; f < pack.frames; ++f) put_frame(IndexFrame(view.frame(pack.first_frame + f)));
  }
  for (std::size_t i = 0; i < view.blobs(); ++i) {
    const SegmentBlob blob = view.blob(i);
    const Moved& to = moved[blob.pack];
    if (to.pack == UINT32_MAX) continue;
    RowSorter& rows = view.packs()[blob.pack].kind == BlobKind::Tree ? trees_ : data_;
    rows.add({key_of(blob.id), {to.pack, blob.frame + to.frame_shift, blob.offset, blob.length}});
  }
}

std::optional<IndexRow> IndexFileWriter::next_old(std::span<const IndexRow> rows, std::size_t& at) const {
  while (at < rows.size()) {
    IndexRow row = rows[at++];
    old_->touched(sizeof row);
    const Moved& to = moved_[row.place.pack];
    if (to.pack == UINT32_MAX) continue;
    row.place.pack = to.pack;
    row.place.frame += to.frame_shift;
    return row;
  }
  return std::nullopt;
}

/// Merges what stays of the old rows with the fresh ones; gives how many there are.
std::uint64_t IndexFileWriter::put_rows(BlobKind kind, RowSorter& fresh_rows) {
  const std::span<const IndexRow> old_rows = old_ ? old_->rows(kind) : std::span<const IndexRow>();
  std::size_t at = 0;
  std::uint64_t count = 0;
  fresh_rows.finish();
  auto old = next_old(old_rows, at);
  const IndexRow* fresh = fresh_rows.next();
  for (; old || fresh; ++count) {
    if (!fresh || (old && by_key(*old, *fresh))) {
      put(bytes_of(*old));
      old = next_old(old_rows, at);
    } else {
      put(bytes_of(*fresh));
      fresh = fresh_rows.next();
    }
  }
  return count;
}

std::unique_ptr<const IndexFile> IndexFileWriter::finish() {
  const Bytes zeros(frames_bytes(header_.frames) - header_.frames * sizeof(IndexFrame), std::byte{0});
  put(zeros);
  header_.data_rows = put_rows(BlobKind::Data, data_);
  header_.tree_rows = put_rows(BlobKind::Tree, trees_);
  header_.packs = packs_.size();
  header_.segments = segments_.size();
  put(std::as_bytes(std::span(packs_)));
  put(std::as_bytes(std::span(segments_)));
  sum_.update(bytes_of(header_).first(offsetof(IndexFile::Header, checksum)));
  header_.checksum = sum_.sum();
  out_.flush();
  out_.overwrite(0, bytes_of(header_));
  try {
    out_.publish(IndexFile::path(directory_, header_.repository));
  } catch (const IndexFileError& e) {
    log::debug("the index file is not kept", {{"directory", directory_}, {"error", e.what()}});
  }
  return IndexFile::map(out_.release(), header_);
}

}  // namespace stash::engine

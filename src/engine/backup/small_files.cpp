#include "engine/backup/small_files.hpp"

#include "engine/backup/source_reader.hpp"
#include "engine/snapshot/content.hpp"
#include "stash/base/error.hpp"

namespace stash::engine {
namespace {

/// Whole and unchanged, or nothing. What the source refuses is for read_file() to tell; what the store
/// refuses is thrown.
std::optional<ByteView> read_whole(SourceReader& reader, SmallFile& file, std::span<std::byte> buffer) {
  try {
    const std::uint64_t expected = file.found->stat.size;
    reader.open(*file.found);
    if (reader.stat().size > expected) return std::nullopt;
    const std::size_t size = reader.fill(buffer.first(static_cast<std::size_t>(expected)));
    file.changed = reader.changed();
    if (file.changed || !reader.at_end()) return std::nullopt;
    return ByteView(buffer.first(size));
  } catch (const Error&) {
    return std::nullopt;
  }
}

/// A batch on its way through one core: all is read, then cut, then stored.
class Batch {
 public:
  Batch(FileJobContext& context, BlobWriter::Lease& lease, std::span<SmallFile> files)
      : context_(context), lease_(lease), files_(files) {}

  void run(std::span<std::byte> buffer) {
    for (SmallFile& file : files_) {
      const std::size_t size = static_cast<std::size_t>(file.found->stat.size);
      read(file, buffer.first(size));
      buffer = buffer.subspan(size);
    }
    const std::vector<BlobRef> refs = context_.blobs.store_all(lease_, chunks_);
    auto next = refs.begin();
    for (const auto& [content, count] : owners_) {
      content->blobs.assign(next, next + count);
      next += count;
    }
  }

 private:
  void read(SmallFile& file, std::span<std::byte> buffer) {
    SourceReader reader;
    const auto data = read_whole(reader, file, buffer);
    if (!data) return;
    FileRead& read = file.read.emplace();
    if (data->size() <= Entry::kMaxInline) {
      read.content.inline_content = as_text(*data);
    } else {
      const std::vector<ByteView> chunks = cut_all(context_.chunker, *data, true);
      chunks_.insert(chunks_.end(), chunks.begin(), chunks.end());
      owners_.emplace_back(&read.content, static_cast<std::ptrdiff_t>(chunks.size()));
    }
    reader.describe(read.content);
    read.content.xattrs = reader.xattrs();
    read.problem = reader.problem();
    read.stat = reader.stat();
    context_.progress.bytes_done += data->size();
  }

  FileJobContext& context_;
  BlobWriter::Lease& lease_;
  const std::span<SmallFile> files_;
  std::vector<ByteView> chunks_;
  std::vector<std::pair<Entry*, std::ptrdiff_t>> owners_;  ///< of the chunks, with how many
};

}  // namespace

Task<void> read_small_files(FileJobContext& context, std::span<SmallFile> files) {
  std::uint64_t bytes = 0;
  for (const SmallFile& file : files) bytes += file.found->stat.size;
  const Budget::Hold hold = co_await context.buffers.acquire(kSmallFile);
  BlobWriter::Lease lease = co_await context.blobs.admit(BlobKind::Data, bytes, files.size());
  co_await net::offload(context.pool, [&] {
    thread_local Bytes buffer(kSmallFile);
    Batch(context, lease, files).run(buffer);
  });
  lease.release();
  for (SmallFile& file : files)
    if (file.read && !file.read->content.xattrs.empty())
      co_await store_xattrs(context.blobs, std::move(file.read->content.xattrs), file.read->content);
}

}  // namespace stash::engine

#include "engine/small_files.hpp"

#include "engine/content.hpp"
#include "engine/source_reader.hpp"
#include "engine/store_chunks.hpp"
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

/// On the pool.
void read_one(FileJobContext& context, BlobWriter::Lease& lease, std::span<std::byte> buffer,
              SmallFile& file) {
  SourceReader reader;
  const auto data = read_whole(reader, file, buffer);
  if (!data) return;
  FileRead& read = file.read.emplace();
  if (data->size() <= Entry::kMaxInline)
    read.content.inline_content = as_text(*data);
  else
    read.content.blobs = store_chunks(context.blobs, lease, context.chunker, *data, true).refs;
  reader.describe(read.content);
  read.content.xattrs = reader.xattrs();
  read.stat = reader.stat();
  context.progress.bytes_done += data->size();
}

}  // namespace

Task<void> read_small_files(FileJobContext& context, std::span<SmallFile> files) {
  std::uint64_t bytes = 0;
  for (const SmallFile& file : files) bytes += file.found->stat.size;
  const Budget::Hold hold = co_await context.buffers.acquire(kSmallFile);
  BlobWriter::Lease lease = co_await context.blobs.admit(BlobKind::Data, bytes);
  co_await net::offload(context.pool, [&] {
    thread_local Bytes buffer(kSmallFile);
    for (SmallFile& file : files) read_one(context, lease, buffer, file);
  });
  lease.release();
  for (SmallFile& file : files)
    if (file.read)
      co_await store_xattrs(context.blobs, std::move(file.read->content.xattrs), file.read->content);
}

}  // namespace stash::engine

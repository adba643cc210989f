#include "engine/blobs/pack_footer.hpp"

#include "engine/repository/repository_impl.hpp"

namespace stash::engine {
namespace {

constexpr std::uint64_t kFirstRead = 64u << 10;  ///< the end of a pack: most footers fit

/// The bytes of a pack of `size` from `begin` to its end.
Task<Bytes> read_end(Repository::Impl& repository, std::string name, std::uint64_t begin,
                     std::uint64_t size) {
  const storage::Range range(begin, size - begin);
  Bytes end = co_await repository.store.get(name, range);
  if (end.size() != size - begin) throw Error(ErrorKind::Corrupt, "{}: damaged: wrong length", name);
  co_return end;
}

}  // namespace

Task<StoredFooter> read_footer(Repository::Impl& repository, ObjectId pack, std::uint64_t size) {
  const std::string name = pack_name(pack);
  const storage::Range head(0, kHeaderSize);
  const Bytes header = co_await repository.store.get(name, head);
  StoredFooter stored;
  stored.kind = pack_kind(header, pack);
  if (size < kHeaderSize + kTrailerSize) throw Error(ErrorKind::Corrupt, "{}: damaged: too short", name);
  std::uint64_t begin = size - std::min(size, kFirstRead);
  Bytes end = co_await read_end(repository, name, begin, size);
  stored.offset = footer_offset(ByteView(end).last(kTrailerSize), stored.kind, size, pack);
  if (stored.offset < begin) {
    begin = stored.offset;
    end = co_await read_end(repository, name, begin, size);
  }
  const ByteView sealed = ByteView(end).subspan(stored.offset - begin, size - kTrailerSize - stored.offset);
  stored.footer = open_footer(repository.keys, pack, stored.kind, stored.offset, sealed);
  co_return stored;
}

}  // namespace stash::engine

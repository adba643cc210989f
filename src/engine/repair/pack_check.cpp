#include "engine/repair/pack_check.hpp"

#include <algorithm>

#include "engine/blobs/blob_reader.hpp"
#include "engine/blobs/pack_footer.hpp"

namespace stash::engine {
namespace {

constexpr std::uint64_t kRun = std::uint64_t{4} << 20;     ///< stored bytes read at once
constexpr std::uint64_t kHashed = std::uint64_t{1} << 20;  ///< raw bytes whose ids are computed together

class PackCheck {
 public:
  PackCheck(Repository::Impl& repository, const Index& index, const Index::Pack& pack)
      : repository_(repository), index_(index), pack_(pack), reader_(repository) {}

  Task<void> run(Budget& budget, std::uint64_t rows) {
    const StoredFooter stored = co_await read_footer(repository_, pack_.id, pack_.size);
    if (stored.kind != pack_.kind) wrong("it is of another kind");
    const PackFooter& footer = stored.footer;
    for (std::size_t first = 0; first < footer.frames.size();) {
      const std::size_t next = end_of_run(footer, first);
      const std::uint64_t begin = footer.frames[first].offset;
      const std::uint64_t length = footer.frames[next - 1].offset + footer.frames[next - 1].stored - begin;
      const Budget::Hold hold = co_await budget.acquire(length + 2 * kHashed);
      const Bytes bytes = co_await reader_.fetch(pack_.id, begin, length);
      const auto check = [&] { check_frames(footer, first, next, bytes); };
      co_await net::offload(repository_.environment.pool, check);
      first = next;
    }
    if (next_blob_ != footer.blobs.size()) wrong("its blobs are out of order");
    // As many, and each known: the index claims nothing that is not there.
    if (rows != footer.blobs.size()) wrong("the index knows blobs that are not in it");
  }

 private:
  struct Checked {
    BlobId id;
    ByteView bytes;
  };

  [[noreturn]] void wrong(std::string_view what) const {
    throw Error(ErrorKind::Corrupt, "{}: damaged: {}", pack_name(pack_.id), what);
  }

  static std::size_t end_of_run(const PackFooter& footer, std::size_t first) {
    const std::uint64_t begin = footer.frames[first].offset;
    std::size_t next = first + 1;
    while (next < footer.frames.size() &&
           footer.frames[next].offset + std::uint64_t{footer.frames[next].stored} - begin <= kRun)
      ++next;
    return next;
  }

  /// On the pool. `bytes` begin where the first of the frames does.
  void check_frames(const PackFooter& footer, std::size_t first, std::size_t end, ByteView bytes) {
    std::vector<Bytes> frames;
    std::vector<Checked> blobs;
    std::uint64_t raw = 0;
    for (std::size_t i = first; i < end; ++i) {
      const FrameInfo& f = footer.frames[i];
      const FramePlace place{pack_.id, f.offset, f.stored, f.raw, f.codec};
      const std::uint64_t at = f.offset - footer.frames[first].offset;
      frames.push_back(reader_.decode(place, pack_.kind, bytes.subspan(at, f.stored)));
      raw += frames.back().size();
      for (; next_blob_ < footer.blobs.size() && footer.blobs[next_blob_].frame == i; ++next_blob_) {
        const PackBlob& blob = footer.blobs[next_blob_];
        blobs.push_back({blob.id, ByteView(frames.back()).subspan(blob.offset, blob.length)});
        if (!is_known(blob, f)) wrong("the index does not know a blob in it");
      }
      if (raw < kHashed && i + 1 < end) continue;
      verify(blobs);
      blobs.clear();
      frames.clear();
      raw = 0;
    }
  }

  bool is_known(const PackBlob& blob, const FrameInfo& frame) const {
    const auto places = index_.find(pack_.kind, key_of(blob.id));
    return std::ranges::any_of(places, [&](const BlobPlace& place) {
      return place.frame.pack == pack_.id && place.frame.offset == frame.offset &&
             place.offset == blob.offset && place.length == blob.length;
    });
  }

  void verify(const std::vector<Checked>& blobs) const {
    std::vector<ByteView> contents;
    for (const Checked& blob : blobs) contents.push_back(blob.bytes);
    const std::vector<BlobId> ids = repository_.keys.ids_of(pack_.kind, contents);
    for (std::size_t i = 0; i < blobs.size(); ++i)
      if (ids[i] != blobs[i].id)
        throw Error(ErrorKind::Corrupt, "{}: a blob's content does not have the id {}", pack_name(pack_.id),
                    blobs[i].id.hex());
  }

  Repository::Impl& repository_;
  const Index& index_;
  const Index::Pack& pack_;
  BlobReader reader_;
  std::size_t next_blob_ = 0;  ///< in the footer: they come in the order of the frames
};

}  // namespace

Task<std::uint64_t> check_pack_data(Repository::Impl& repository, const Index& index, Budget& budget,
                                    Index::Pack pack, std::uint64_t rows) {
  PackCheck check(repository, index, pack);
  co_await check.run(budget, rows);
  co_return pack.size;
}

}  // namespace stash::engine

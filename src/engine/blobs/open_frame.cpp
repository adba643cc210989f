#include "engine/blobs/open_frame.hpp"

#include "stash/base/error.hpp"

namespace stash::engine {

OpenFrame::OpenFrame(const BlobReader& reader, const FramePlace& frame, BlobKind kind, ByteView stored)
    : codec_(frame.codec),
      payload_(reader.open(frame, kind, stored)),
      raw_(codec_ == Codec::Raw ? Bytes() : decompress(payload_, codec_, frame.raw)) {
  if (raw().size() != frame.raw) throw Error(ErrorKind::Corrupt, "damaged frame: wrong length");
}

StoredBlob OpenFrame::store(BlobWriter& writer, BlobWriter::Lease& lease, std::uint32_t offset,
                            std::uint32_t length) const {
  const ByteView blob = raw().subspan(offset, length);
  if (length == raw().size()) return writer.store(lease, blob, Payload{payload_, codec_});
  return writer.store(lease, blob);
}

}  // namespace stash::engine

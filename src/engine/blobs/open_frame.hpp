#pragma once

#include "engine/blobs/blob_reader.hpp"
#include "engine/blobs/blob_writer.hpp"

namespace stash::engine {

/// One frame on its way from a pack to another, opened and decompressed. Any thread.
class OpenFrame {
 public:
  /// Error(Corrupt) when the tag of `stored` does not match, or it does not decompress.
  OpenFrame(const BlobReader& reader, const FramePlace& frame, BlobKind kind, ByteView stored);

  ByteView raw() const { return codec_ == Codec::Raw ? payload_ : raw_; }
  /// Stores the blob [offset, offset + length) of raw(): compressed as it is here, where it is all of the
  /// frame.
  StoredBlob store(BlobWriter& writer, BlobWriter::Lease& lease, std::uint32_t offset,
                   std::uint32_t length) const;

 private:
  const Codec codec_;
  const Bytes payload_;
  const Bytes raw_;  ///< empty where the payload is not compressed
};

}  // namespace stash::engine

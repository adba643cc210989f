#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "stash/base/bytes.hpp"
#include "stash/crypto/key.hpp"

namespace stash::engine {

/// Ids stand in the repository's config. 3 is reserved for the universal hash + AES chunker of eprint
/// 2025/558.
enum class ChunkerId : std::uint8_t { Gear = 1, Fixed = 2 };

/// Cuts file content where the content says so, so that an insertion moves only nearby cuts.
///
/// Gear hash (h = 2h + table[byte]) over a table derived from the repository's chunker key, normalised as
/// FastCDC: from kMin to kAverage a cut needs 20 zero bits, from there to kMax 16. No cut before kMin; a file
/// of at most kMin bytes is one chunk. Two bytes are taken per step, with the table and the masks shifted for
/// the first, which gives the same cuts as byte by byte. The cut points are part of the repository format
/// (test/engine/chunker_test.cpp has golden ones): changing them loses deduplication against old snapshots.
/// Immutable: any number of threads. Source: Xia et al., "FastCDC", USENIX ATC 2016; "The Design of Fast
/// Content-Defined Chunking", TPDS 2020, section 4.4.
class Chunker {
 public:
  static constexpr std::size_t kMin = 64u << 10;
  static constexpr std::size_t kAverage = 256u << 10;
  static constexpr std::size_t kMax = 1u << 20;

  explicit Chunker(const crypto::Key& key);

  /// Length of the chunk at the front of `data`. With `last` false `data` must hold at least kMax bytes; with
  /// `last` true it is what is left of the file and not empty.
  std::size_t next_cut(ByteView data, bool last) const;

 private:
  std::array<std::uint64_t, 256> table_{};
  std::array<std::uint64_t, 256> shifted_{};  ///< table_ << 1
};

/// The chunks at the front of `data`: all of it with `last`, else up to the last cut that is certain.
std::vector<ByteView> cut_all(const Chunker& chunker, ByteView data, bool last);

/// Block devices and images: aligned blocks of this size; all-zero ones are holes, never stored.
inline constexpr std::size_t kFixedBlock = 64u << 10;

}  // namespace stash::engine

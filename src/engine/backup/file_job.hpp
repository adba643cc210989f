#pragma once

#include <string>

#include "engine/backup/walker.hpp"
#include "engine/blobs/blob_writer.hpp"
#include "engine/format/chunker.hpp"
#include "engine/parallel/budget.hpp"

namespace stash::engine {

/// What the file jobs of one backup share.
struct FileJobContext {
  BlobWriter& blobs;
  const Chunker& chunker;
  net::Pool& pool;
  Budget& buffers;
  Progress& progress;
};

/// How reading one file went.
enum class FileOutcome {
  Whole,
  Changed,   ///< it changed while it was read, twice: what was read is kept
  Vanished,  ///< it went away before it was opened
  Unreadable,
};

struct FileRead {
  FileOutcome outcome = FileOutcome::Whole;
  std::string problem;  ///< what could not be read, or ""; with Whole and Changed, its attributes
  FileStat stat;        ///< at the time of opening; not when it could not be opened
  Entry content;        ///< size, sparse, extents, blobs, inline content and xattrs are set

  FileRead() {}
};

/// Reads a regular file and stores its content and xattrs; once more when it changed meanwhile, `attempts`
/// times in all. Throws only what makes a backup fail: the store, cancellation.
Task<FileRead> read_file(FileJobContext& context, const Found& found, int attempts = 2);

/// Bytes that one job reads and cuts at once.
inline constexpr std::size_t kReadWindow = 2 * Chunker::kMax;

}  // namespace stash::engine

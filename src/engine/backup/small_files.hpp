#pragma once

#include <optional>
#include <span>

#include "engine/backup/file_job.hpp"

namespace stash::engine {

/// A file of at most kSmallFile bytes as the walk met it, and how reading it went. Nothing: whatever was out
/// of the ordinary, and read_file() is to find out.
struct SmallFile {
  const Found* found = nullptr;
  std::optional<FileRead> read;
  bool changed = false;  ///< while it was read

  explicit SmallFile(const Found& f) : found(&f) {}
};

inline constexpr std::uint64_t kSmallFile = kReadWindow;
inline constexpr std::uint64_t kSmallBatch = kReadWindow;  ///< bytes
inline constexpr std::size_t kSmallBatchFiles = 64;

/// Reads and stores a batch in one go: one lease, one turn on a core. Of at most kSmallBatch bytes together.
Task<void> read_small_files(FileJobContext& context, std::span<SmallFile> files);

}  // namespace stash::engine

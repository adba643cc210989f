#pragma once

#include <cstdint>
#include <string_view>

namespace stash::engine {

/// What a path is. The numbers are stored in trees.
enum class EntryType : std::uint8_t { File, Dir, Symlink, CharDevice, BlockDevice, Fifo, Socket };

std::string_view to_string(EntryType type);  // "file", "dir", "symlink", ...

}  // namespace stash::engine

#pragma once

#include <string>
#include <vector>

#include "engine/format/entry.hpp"

namespace stash::engine {

/// The header blocks of one member of a POSIX (pax) archive: what ustar cannot hold, and times in ns, go to
/// an extended header in front. `name` is the member's name; `link_name` makes it a hard link to an earlier
/// member. The caller writes entry.size bytes behind the header of a regular file, then tar_padding().
/// Source: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Extended Header"; extended attributes as
/// star and GNU tar write them (SCHILY.xattr.*).
std::string tar_header(const Entry& entry, const std::vector<Xattr>& xattrs, const std::string& name,
                       const std::string& link_name);

/// Zeros that fill the last block of `size` bytes.
std::string tar_padding(std::uint64_t size);

/// The two zero blocks at the end.
std::string tar_end();

}  // namespace stash::engine

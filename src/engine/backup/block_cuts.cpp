#include "engine/backup/block_cuts.hpp"

#include <algorithm>
#include <array>

#include "stash/base/error.hpp"

namespace stash::engine {
namespace {

constexpr std::uint64_t kLargeImage = std::uint64_t{16} << 20;
constexpr std::uint64_t kLargeSparse = std::uint64_t{64} << 20;
constexpr std::array<std::string_view, 13> kEndings = {".img",    ".raw",  ".qcow2", ".vmdk", ".vdi",
                                                       ".vhd",    ".vhdx", ".ibd",   ".mdb",  ".db",
                                                       ".sqlite", ".mdf",  ".wt"};

}  // namespace

bool is_cut_in_blocks(std::string_view path, const FileStat& stat) {
  if (stat.size >= kLargeSparse && stat.allocated < stat.size) return true;
  return stat.size >= kLargeImage &&
         std::ranges::any_of(kEndings, [&](std::string_view ending) { return path.ends_with(ending); });
}

std::size_t BlockCuts::next(std::uint64_t content) {
  while (at_ < extents_.size() && content - before_ >= extents_[at_].length)
    before_ += extents_[at_++].length;
  if (at_ == extents_.size())
    throw Error(ErrorKind::Internal, "no block begins at byte {} of the content", content);
  const Extent& extent = extents_[at_];
  const std::uint64_t inside = content - before_;
  const std::uint64_t to_boundary = kFixedBlock - (extent.offset + inside) % kFixedBlock;
  return static_cast<std::size_t>(std::min(to_boundary, extent.length - inside));
}

}  // namespace stash::engine

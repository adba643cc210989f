#include "engine/restore/region.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <tuple>

#include "engine/restore/target_dir.hpp"
#include "stash/base/error.hpp"
#include "stash/base/fd.hpp"

namespace stash::engine {
namespace {

constexpr std::uint64_t kZeroBlock = std::uint64_t{64} << 10;
/// Shorter runs are packed closely: they go through the cache.
constexpr std::uint64_t kAligned = std::uint64_t{64} << 10;

bool all_zero(ByteView bytes) {
  return bytes[0] == std::byte{0} && std::memcmp(bytes.data(), bytes.data() + 1, bytes.size() - 1) == 0;
}

/// Writes whole pages past the cache; false where the file system does not do it after all.
bool write_pages(int direct, std::uint64_t offset, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t done =
        retry_eintr([&] { return pwrite(direct, bytes.data(), bytes.size(), static_cast<off_t>(offset)); });
    if (done < 0 && errno == EINVAL) return false;
    if (done < 0) throw errno_error(errno, "write");
    const std::size_t pages = static_cast<std::size_t>(done) / kPageSize * kPageSize;
    if (pages == 0) return false;
    bytes = bytes.subspan(pages);
    offset += pages;
  }
  return true;
}

/// What does not fill a page goes through the cache.
void write_run(int fd, int direct, std::uint64_t offset, ByteView bytes) {
  const std::size_t before =
      std::min<std::size_t>((kPageSize - offset % kPageSize) % kPageSize, bytes.size());
  const std::size_t pages = (bytes.size() - before) / kPageSize * kPageSize;
  const bool aligned = reinterpret_cast<std::uintptr_t>(bytes.data() + before) % kPageSize == 0;
  if (direct < 0 || pages == 0 || !aligned ||
      !write_pages(direct, offset + before, bytes.subspan(before, pages)))
    return write_at(fd, offset, bytes);
  write_at(fd, offset, bytes.first(before));
  write_at(fd, offset + before + pages, bytes.subspan(before + pages));
}

}  // namespace

bool Regions::fits(std::uint64_t length) const {
  const std::uint64_t lost = (length / kAligned + 2) * 2 * kPageSize;
  return used_ + length + lost <= memory_.size();
}

void Regions::add(std::uint32_t file, std::uint64_t offset, std::uint64_t length) {
  while (length > 0) {
    const std::uint64_t size = std::min(length, kLongest - offset % kLongest);
    const bool follows = !regions_.empty() && regions_.back().file == file && offset % kLongest != 0 &&
                         regions_.back().offset + regions_.back().length == offset;
    if (!follows) {
      if (length >= kAligned) used_ = (used_ + kPageSize - 1) / kPageSize * kPageSize + offset % kPageSize;
      regions_.emplace_back(file, offset, memory_.data() + used_);
    }
    regions_.back().length += size;
    regions_.back().missing += size;
    used_ += size;
    offset += size;
    length -= size;
  }
}

Region& Regions::find(std::uint32_t file, std::uint64_t offset) {
  const auto after = std::upper_bound(
      regions_.begin(), regions_.end(), std::pair(file, offset),
      [](const auto& wanted, const Region& r) { return wanted < std::pair(r.file, r.offset); });
  if (after == regions_.begin()) throw Error(ErrorKind::Internal, "bytes of a file that are not wanted");
  Region& region = *std::prev(after);
  if (region.file != file || offset >= region.offset + region.length)
    throw Error(ErrorKind::Internal, "bytes of a file that are not wanted");
  return region;
}

std::size_t Regions::copy(Region& region, std::uint64_t offset, ByteView bytes) {
  const std::uint64_t at = offset - region.offset;
  const std::size_t size = std::min<std::size_t>(bytes.size(), region.length - at);
  std::memcpy(region.memory + at, bytes.data(), size);
  return size;
}

void Regions::clear() {
  regions_.clear();
  used_ = 0;
}

void write_region(const Region& region, int fd, int direct, bool around_zeros) {
  ByteView rest = region.bytes();
  std::uint64_t offset = region.offset;
  if (!around_zeros) return write_run(fd, direct, offset, rest);
  // Blocks that are not zero are written together with their neighbours.
  std::size_t run = 0;
  const auto flush = [&] {
    if (run > 0) write_run(fd, direct, offset, rest.first(run));
    offset += run;
    rest = rest.subspan(run);
    run = 0;
  };
  while (run < rest.size()) {
    const std::size_t block =
        std::min<std::size_t>(kZeroBlock - (offset + run) % kZeroBlock, rest.size() - run);
    if (!all_zero(rest.subspan(run, block))) {
      run += block;
      continue;
    }
    flush();
    offset += block;
    rest = rest.subspan(block);
  }
  flush();
}

}  // namespace stash::engine

#include "engine/index/index_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cstring>
#include <type_traits>

#include "stash/crypto/xxh3.hpp"

namespace stash::engine {
namespace {

constexpr std::size_t kReadBytes = std::size_t{256} << 10;
/// Mapped pages that are kept: as much as a few dozen lookups touch.
constexpr std::size_t kKeptBytes = std::size_t{8} << 20;
/// More than any count in a file can be.
constexpr std::uint64_t kMaxCount = std::uint64_t{1} << 36;

static_assert(sizeof(IndexFile::Header) == 88 && sizeof(IndexFile::Pack) == 56 && sizeof(IndexRow) == 32 &&
              sizeof(IndexFrame) == 12 && sizeof(ObjectId) == 16);
static_assert(std::has_unique_object_representations_v<IndexFile::Pack>);

/// Reads the whole file through a small buffer: mapped, it would all be in memory at once.
bool is_whole(int fd, const IndexFile::Header& header) {
  crypto::Xxh3 sum;
  Bytes buffer(kReadBytes);
  for (std::uint64_t at = sizeof header; at < header.file_size();) {
    const auto got =
        retry_eintr([&] { return ::pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(at)); });
    if (got <= 0) return false;
    sum.update(ByteView(buffer).first(static_cast<std::size_t>(got)));
    at += static_cast<std::uint64_t>(got);
  }
  sum.update(std::as_bytes(std::span(&header, 1)).first(offsetof(IndexFile::Header, checksum)));
  return sum.sum() == header.checksum;
}

/// A table in a mapping; `at` goes behind it.
template <class T>
std::span<const T> table(std::byte* begin, std::uint64_t& at, std::uint64_t count) {
  const auto* first = reinterpret_cast<const T*>(begin + at);
  at += count * sizeof(T);
  return {first, static_cast<std::size_t>(count)};
}

}  // namespace

IndexFileError::IndexFileError(const char* deed)
    : std::runtime_error(fmt::format("{}: {}", deed, std::strerror(errno))) {}

std::uint64_t IndexFile::Header::file_size() const {
  for (const std::uint64_t count : {frames, data_rows, tree_rows, packs, segments})
    if (count > kMaxCount) return UINT64_MAX;
  return sizeof *this + frames_bytes(frames) + (data_rows + tree_rows) * sizeof(IndexRow) +
         packs * sizeof(Pack) + segments * sizeof(ObjectId);
}

std::string IndexFile::path(const std::string& directory, const ObjectId& repository) {
  return fmt::format("{}/{}.index", directory, repository.hex());
}

std::unique_ptr<const IndexFile> IndexFile::open(const std::string& path, const ObjectId& repository) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0) return nullptr;
  // What others could have written is not believed.
  if (!S_ISREG(info.st_mode) || info.st_uid != ::geteuid() || (info.st_mode & 077) != 0) return nullptr;
  Header header;
  const auto got = retry_eintr([&] { return ::pread(fd.get(), &header, sizeof header, 0); });
  if (got != static_cast<ssize_t>(sizeof header)) return nullptr;
  const bool fits = header.magic == Header().magic && header.repository == repository &&
                    header.file_size() == static_cast<std::uint64_t>(info.st_size);
  if (!fits || !is_whole(fd.get(), header)) return nullptr;
  return map(std::move(fd), header);
}

std::unique_ptr<const IndexFile> IndexFile::map(Fd fd, const Header& header) {
  void* begin = ::mmap(nullptr, header.file_size(), PROT_READ, MAP_SHARED, fd.get(), 0);
  if (begin == MAP_FAILED) throw IndexFileError("map the index file");
  return std::unique_ptr<const IndexFile>(new IndexFile(static_cast<std::byte*>(begin), header));
}

IndexFile::IndexFile(std::byte* begin, const Header& header) : begin_(begin), header_(header) {
  std::uint64_t at = sizeof header;
  frames_ = table<IndexFrame>(begin, at, header.frames);
  at = sizeof header + frames_bytes(header.frames);
  data_ = table<IndexRow>(begin, at, header.data_rows);
  trees_ = table<IndexRow>(begin, at, header.tree_rows);
  packs_ = table<Pack>(begin, at, header.packs);
  segments_ = table<ObjectId>(begin, at, header.segments);
}

IndexFile::~IndexFile() { ::munmap(begin_, header_.file_size()); }

void IndexFile::touched(std::size_t bytes) const {
  if (header_.file_size() <= kKeptBytes) return;
  if (touched_.fetch_add(bytes, std::memory_order_relaxed) + bytes < kKeptBytes) return;
  touched_.store(0, std::memory_order_relaxed);
  // The mapping is shared and never written: pages that are needed again come back as they were.
  ::madvise(begin_, header_.file_size(), MADV_DONTNEED);
}

}  // namespace stash::engine

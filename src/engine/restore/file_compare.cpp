#include "engine/restore/file_compare.hpp"

#include <sys/stat.h>

#include <algorithm>

#include "stash/base/fd.hpp"

namespace stash::engine {
namespace {

constexpr std::uint64_t kComparedAtOnce = std::uint64_t{4} << 20;

/// Fills `out` from `offset`; false when the file ends before or cannot be read.
bool read_all(int fd, std::uint64_t offset, std::span<std::byte> out) {
  while (!out.empty()) {
    const ssize_t got =
        retry_eintr([&] { return pread(fd, out.data(), out.size(), static_cast<off_t>(offset)); });
    if (got <= 0) return false;
    out = out.subspan(static_cast<std::size_t>(got));
    offset += static_cast<std::uint64_t>(got);
  }
  return true;
}

/// The bytes of the file that stand for [begin, begin + out.size()) of the content.
bool read_content(const ContentMap& map, int fd, std::uint64_t begin, std::span<std::byte> out) {
  bool whole = true;
  map.each(begin, out.size(), [&](std::uint64_t from, std::uint64_t to, std::uint64_t size) {
    whole = whole && read_all(fd, from, out.subspan(to, size));
  });
  return whole;
}

}  // namespace

Task<std::vector<BlobRef>> next_refs(ContentReader& content) {
  std::vector<BlobRef> refs;
  for (std::uint64_t bytes = 0; bytes < kComparedAtOnce;) {
    const std::optional<BlobRef> ref = co_await content.next();
    if (!ref) break;
    refs.push_back(*ref);
    bytes += ref->size;
  }
  co_return refs;
}

std::vector<bool> FileCompare::held(const ContentMap& map, int fd, std::uint64_t offset,
                                    std::span<const BlobRef> refs) const {
  std::vector<bool> answers;
  Bytes buffer;
  for (const BlobRef& ref : refs) {
    buffer.resize(ref.size);
    answers.push_back(read_content(map, fd, offset, buffer) &&
                      repository_.keys.id_of(BlobKind::Data, buffer) == ref.id);
    offset += ref.size;
  }
  return answers;
}

Task<bool> FileCompare::same(const Entry& entry, const ContentMap& map, int fd) {
  struct stat info {};
  if (fstat(fd, &info) != 0 || static_cast<std::uint64_t>(info.st_size) != entry.size) co_return false;
  net::Pool& pool = repository_.environment.pool;
  if (!entry.inline_content.empty()) {
    std::string content(map.length(), '\0');
    const auto read = [&] { return read_content(map, fd, 0, std::as_writable_bytes(std::span(content))); };
    const bool whole = co_await net::offload(pool, read);
    co_return whole&& content == entry.inline_content;
  }
  ContentReader content(blobs_, entry);
  std::uint64_t offset = 0;
  for (;;) {
    const std::vector<BlobRef> refs = co_await next_refs(content);
    if (refs.empty()) break;
    const auto compare = [&] { return held(map, fd, offset, refs); };
    const std::vector<bool> answers = co_await net::offload(pool, compare);
    if (std::ranges::find(answers, false) != answers.end()) co_return false;
    for (const BlobRef& ref : refs) offset += ref.size;
  }
  co_return offset == map.length();
}

}  // namespace stash::engine

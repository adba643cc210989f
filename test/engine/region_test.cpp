#include "engine/restore/region.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <random>

#include "stash/base/error.hpp"
#include "stash/base/fd.hpp"
#include "support/temp_dir.hpp"

namespace stash::engine {
namespace {

struct Piece {
  std::uint32_t file;
  std::uint64_t offset;
  ByteView bytes;
};

class RegionTest : public testing::Test {
 protected:
  RegionTest() {
    for (std::byte& b : content_) b = static_cast<std::byte>(random_());
  }

  /// [begin, end) of the content as pieces of a file, each up to 300 000 bytes.
  std::vector<Piece> pieces(std::uint32_t file, std::uint64_t begin, std::uint64_t end) {
    std::vector<Piece> cut;
    while (begin < end) {
      const std::uint64_t size = std::min<std::uint64_t>(end - begin, 1 + random_() % 300'000);
      cut.push_back({file, begin, ByteView(content_).subspan(begin, size)});
      begin += size;
    }
    return cut;
  }

  int open(const char* name, int flags) {
    return ::open((dir_ / name).c_str(), O_RDWR | O_CREAT | O_CLOEXEC | flags, 0600);
  }

  std::string written(int fd, std::uint64_t size) {
    std::string text(size, '?');
    EXPECT_EQ(pread(fd, text.data(), size, 0), static_cast<ssize_t>(size));
    return text;
  }

  std::mt19937_64 random_{7};
  Bytes content_ = Bytes(std::size_t{10} << 20);
  test::TempDir dir_;
};

TEST_F(RegionTest, PiecesInAnyOrderMakeTheFileWithAndWithoutThePageCache) {
  const std::uint64_t size = content_.size() - 4321;
  for (const int flags : {0, O_DIRECT}) {
    Regions regions(std::uint64_t{16} << 20);
    std::vector<Piece> all = pieces(3, 0, 1000);
    const std::vector<Piece> large = pieces(5, 777, size);
    all.insert(all.end(), large.begin(), large.end());
    ASSERT_TRUE(regions.fits(size + 1000));
    for (const Piece& piece : all) regions.add(piece.file, piece.offset, piece.bytes.size());
    std::ranges::shuffle(all, random_);
    const char* name = flags == 0 ? "cached" : "direct";
    const Fd fd(open(name, 0));
    const Fd direct(flags == 0 ? -1 : open(name, flags));
    std::uint64_t whole = 0;
    for (const Piece& piece : all)
      regions.put(piece.file, piece.offset, piece.bytes, [&](Region& region) {
        whole += region.length;
        if (region.file == 5) write_region(region, fd.get(), direct.get(), false);
      });

    EXPECT_EQ(whole, 1000 + size - 777);
    EXPECT_EQ(written(fd.get(), size).substr(777), as_text(ByteView(content_).subspan(777, size - 777)));
  }
}

TEST_F(RegionTest, LongRunsOfZerosStayHoles) {
  constexpr std::uint64_t kHole = std::uint64_t{2} << 20;
  std::fill_n(content_.begin() + 1'000'000, kHole + 65'536, std::byte{0});
  const std::uint64_t size = std::uint64_t{4} << 20;
  Regions regions(std::uint64_t{8} << 20);
  regions.add(0, 0, size);
  const Fd fd(open("file", 0));
  ASSERT_EQ(ftruncate(fd.get(), static_cast<off_t>(size)), 0);
  regions.put(0, 0, ByteView(content_).first(size),
              [&](Region& region) { write_region(region, fd.get(), -1, true); });

  struct stat info {};
  ASSERT_EQ(fstat(fd.get(), &info), 0);
  EXPECT_LE(static_cast<std::uint64_t>(info.st_blocks) * 512, size - kHole);
  EXPECT_EQ(written(fd.get(), size), as_text(ByteView(content_).first(size)));
}

TEST_F(RegionTest, HoldNoMoreThanTheirMemory) {
  Regions regions(std::uint64_t{8} << 20);
  std::uint64_t files = 0;
  // The worst that can come: every run is aligned by almost two pages.
  for (std::uint32_t file = 0; regions.fits(65'536); ++file, ++files) regions.add(file, 4095, 65'536);

  EXPECT_GE(files, 100u);
  EXPECT_FALSE(regions.fits(65'536));
  regions.clear();
  EXPECT_TRUE(regions.fits(std::uint64_t{7} << 20));
}

TEST_F(RegionTest, BytesThatNobodyWantsAreRefused) {
  Regions regions(std::uint64_t{8} << 20);
  regions.add(1, 4096, 100);
  const auto ignore = [](Region&) {};

  EXPECT_THROW(regions.put(0, 4096, ByteView(content_).first(1), ignore), Error);
  EXPECT_THROW(regions.put(1, 4095, ByteView(content_).first(1), ignore), Error);
  EXPECT_THROW(regions.put(1, 4196, ByteView(content_).first(1), ignore), Error);
}

}  // namespace
}  // namespace stash::engine

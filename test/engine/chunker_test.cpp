#include "engine/format/chunker.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "engine/engine_fixture.hpp"
#include "engine/format/codec.hpp"
#include "stash/crypto/digest.hpp"

namespace stash::engine {
namespace {

const crypto::Key kKey(Bytes(32, std::byte{42}));

/// The definition, byte by byte.
std::size_t plain_cut(ByteView data) {
  const crypto::HmacSha256 keyed(kKey.view());
  static const auto table = [&] {
    std::array<std::uint64_t, 256> values{};
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::byte b{static_cast<unsigned char>(i)};
      const crypto::Digest digest = keyed.mac({&b, 1});
      values[i] = ByteReader(digest, "digest").u64();
    }
    return values;
  }();
  std::uint64_t hash = 0;
  for (std::size_t i = Chunker::kMin; i < std::min(data.size(), Chunker::kMax); ++i) {
    hash = (hash << 1) + table[std::to_integer<std::size_t>(data[i])];
    const int bits = i < Chunker::kAverage ? 20 : 16;
    if (hash << 1 >> (64 - bits) == 0) return i + 1;
  }
  return std::min(data.size(), Chunker::kMax);
}

std::vector<std::size_t> cuts(ByteView data) {
  const Chunker chunker(kKey);
  std::vector<std::size_t> lengths;
  while (!data.empty()) {
    lengths.push_back(chunker.next_cut(data, true));
    data = data.subspan(lengths.back());
  }
  return lengths;
}

TEST(Chunker, TwoBytesAStepCutWhereTheDefinitionDoes) {
  const Bytes data = test::random_bytes((16u << 20) + 1, 3);
  ByteView rest(data);
  for (const std::size_t length : cuts(data)) {
    EXPECT_EQ(length, plain_cut(rest));
    rest = rest.subspan(length);
  }
}

TEST(Chunker, CutsAreGolden) {
  const std::vector<std::size_t> expected{287669, 322664, 334206, 326015, 96602,  343666, 376357, 262614,
                                          272764, 84165,  283279, 143206, 540773, 143199, 372039, 5086};

  EXPECT_EQ(cuts(test::random_bytes(4u << 20, 7)), expected);
}

TEST(Chunker, LengthsStayInBoundsAndNearTheAverage) {
  const Bytes data = test::random_bytes(64u << 20, 11);
  auto lengths = cuts(data);
  ASSERT_EQ(std::accumulate(lengths.begin(), lengths.end(), std::size_t{0}), data.size());
  const double average = static_cast<double>(data.size()) / static_cast<double>(lengths.size());
  lengths.pop_back();

  for (const std::size_t length : lengths) {
    EXPECT_GE(length, Chunker::kMin);
    EXPECT_LE(length, Chunker::kMax);
  }
  EXPECT_GT(average, 200e3);
  EXPECT_LT(average, 400e3);
}

TEST(Chunker, CutsMoveOnlyNearAnInsertion) {
  Bytes data = test::random_bytes(16u << 20, 5);
  const auto ends = [](const std::vector<std::size_t>& lengths, std::size_t total) {
    std::vector<std::size_t> from_end;  // cut places counted from the end of the data
    std::size_t at = 0;
    for (const std::size_t length : lengths) from_end.push_back(total - (at += length));
    std::ranges::sort(from_end);
    return from_end;
  };
  const auto before = ends(cuts(data), data.size());
  data.insert(data.begin() + (8 << 20), std::byte{1});
  const auto after = ends(cuts(data), data.size());
  std::vector<std::size_t> common;
  std::ranges::set_intersection(before, after, std::back_inserter(common));

  EXPECT_GE(common.size() + 40, before.size());
  // Behind the insertion at least six of eight MiB are cut as before.
  EXPECT_GE(std::ranges::count_if(common, [](std::size_t end) { return end < (6u << 20); }),
            std::ranges::count_if(before, [](std::size_t end) { return end < (6u << 20); }));
}

TEST(Chunker, SmallFilesAreOneChunkAndMoreBytesAreAskedFor) {
  const Chunker chunker(kKey);
  EXPECT_EQ(chunker.next_cut(Bytes(1), true), 1u);
  EXPECT_EQ(chunker.next_cut(Bytes(Chunker::kMin, std::byte{0}), true), Chunker::kMin);
  EXPECT_THROW(chunker.next_cut(Bytes(Chunker::kMin, std::byte{0}), false), Error);
}

}  // namespace
}  // namespace stash::engine

// Makes an empty repository look as if it held millions of blobs: index segments as writers put them, and
// packs that are nothing but their size. For what an index costs (large_index.sh); nothing of it can be read.
//
//   bench_large_index DIRECTORY BLOBS          the password is in STASH_PASSWORD

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "engine/format/sealed.hpp"
#include "engine/format/segment.hpp"
#include "engine/repository/repository_impl.hpp"
#include "engine/repository/store_io.hpp"
#include "stash/base/random.hpp"
#include "stash/storage/address.hpp"

namespace stash::engine {
namespace {

constexpr unsigned kBlobsInPack = 250;  ///< of 64 KiB: packs of 16 MiB
constexpr unsigned kPacksInSegment = 64;
constexpr std::uint32_t kBlob = 64u << 10;

/// Old enough for any collector.
constexpr TimePoint kMade(std::chrono::seconds(1'600'000'000));

Segment next_segment(Random& random, std::uint64_t blobs) {
  Segment segment;
  while (blobs > 0 && segment.packs.size() < kPacksInSegment) {
    const auto count = static_cast<std::uint32_t>(std::min<std::uint64_t>(blobs, kBlobsInPack));
    const auto number = static_cast<std::uint32_t>(segment.packs.size());
    const auto first = static_cast<std::uint32_t>(segment.frames.size());
    segment.packs.push_back({ObjectId::make_dated(random, kMade),
                             100 + std::uint64_t{count} * kBlob,
                             {},
                             BlobKind::Data,
                             first,
                             count});
    for (std::uint32_t i = 0; i < count; ++i) {
      segment.frames.push_back({16 + i * kBlob, kBlob, kBlob, Codec::Raw});
      SegmentBlob blob{{}, number, first + i, 0, kBlob};
      random.fill(blob.id.bytes);
      segment.blobs.push_back(blob);
    }
    blobs -= count;
  }
  return segment;
}

void make_packs(const std::string& directory, const Segment& segment) {
  for (const SegmentPack& pack : segment.packs) {
    const std::filesystem::path path = directory + "/" + pack_name(pack.id);
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path).close();
    std::filesystem::resize_file(path, pack.size);
  }
}

Task<void> fill(storage::Store& store, Environment environment, std::string directory, std::uint64_t blobs) {
  const auto repository =
      co_await Repository::open(store, Secret(std::getenv("STASH_PASSWORD")), environment);
  Repository::Impl& impl = repository->impl();
  while (blobs > 0) {
    Segment segment = next_segment(environment.random, blobs);
    blobs -= segment.blobs.size();
    make_packs(directory, segment);
    const std::string name = impl.new_segment_name();
    const Bytes plain = encode_segment(std::move(segment));
    const Bytes sealed = seal_object(impl.keys, kSegmentMagic, name, plain);
    co_await put_new(store, name, sealed);
  }
  co_await store.sync();
}

}  // namespace
}  // namespace stash::engine

int main(int argc, char** argv) {
  if (argc != 3 || !std::getenv("STASH_PASSWORD")) {
    std::fprintf(stderr, "usage: STASH_PASSWORD=... bench_large_index DIRECTORY BLOBS\n");
    return 2;
  }
  stash::net::Pool pool(2);
  stash::net::SystemTimers timers;
  stash::SystemRandom random;
  const auto store = stash::storage::open_store(stash::storage::parse_address(argv[1]), timers, random);
  const stash::engine::Environment environment(pool, timers, random);
  stash::net::run(stash::engine::fill(*store, environment, argv[1], std::strtoull(argv[2], nullptr, 10)));
  pool.join();
}

#include <gtest/gtest.h>

#include <set>

#include "engine/engine_fixture.hpp"
#include "engine/format/pack.hpp"

namespace stash::engine {
namespace {

using test::World;

Task<std::vector<BlobRef>> write_all(Repository& repository, std::vector<Bytes> blobs, Progress& progress,
                                     std::uint64_t* fresh = nullptr) {
  Repository::Impl& impl = repository.impl();
  co_await impl.load_index(Index::Scope::Places);
  std::vector<BlobRef> refs;
  const auto work = [&](BlobWriter& writer) -> Task<void> {
    for (const Bytes& blob : blobs) refs.push_back(co_await writer.add(BlobKind::Data, blob));
    co_await writer.flush();
    if (fresh) *fresh = writer.blobs_new();
  };
  co_await write_session(impl, progress, work);
  co_return refs;
}

Task<std::vector<Bytes>> read_all(Repository& repository, std::vector<BlobRef> refs) {
  co_await repository.impl().load_index(Index::Scope::Places);
  BlobReader reader(repository.impl());
  std::vector<Bytes> blobs;
  for (const BlobRef& ref : refs) blobs.push_back(co_await reader.read(BlobKind::Data, ref.id, true));
  co_return blobs;
}

std::vector<Bytes> mixed_blobs() {
  std::vector<Bytes> blobs;
  for (std::uint64_t i = 0; i < 300; ++i) blobs.push_back(test::dull_bytes(100 + i * 37, i));
  for (std::uint64_t i = 0; i < 40; ++i) blobs.push_back(test::random_bytes(64'000 + i * 25'000, i));
  blobs.push_back(test::random_bytes(kMaxBlob, 99));
  blobs.push_back(Bytes(1, std::byte{7}));
  return blobs;
}

TEST(Blobs, ReadBackInAnotherProcessEqualWhatWasWritten) {
  World world;
  const auto blobs = mixed_blobs();
  Progress progress;
  net::run(test::init_raw(world.memory, world.environment()));
  auto writing = net::run(test::open_raw(world.memory, world.environment()));
  const auto refs = net::run(write_all(*writing, blobs, progress));
  auto reading = net::run(test::open_raw(world.memory, world.environment()));

  EXPECT_EQ(net::run(read_all(*reading, refs)), blobs);
  EXPECT_GT(progress.bytes_stored, 0u);
}

TEST(Blobs, KnownOnesAreNotStoredAgain) {
  World world;
  const auto blobs = mixed_blobs();
  Progress progress;
  net::run(test::init_raw(world.memory, world.environment()));
  auto first = net::run(test::open_raw(world.memory, world.environment()));
  std::uint64_t fresh = 0;
  net::run(write_all(*first, blobs, progress, &fresh));
  EXPECT_EQ(fresh, blobs.size());
  const auto objects = world.memory.objects().size();
  auto second = net::run(test::open_raw(world.memory, world.environment()));
  net::run(write_all(*second, blobs, progress, &fresh));

  EXPECT_EQ(fresh, 0u);
  EXPECT_EQ(world.memory.objects().size(), objects);
}

}  // namespace
}  // namespace stash::engine

#include <gtest/gtest.h>

#include <cstring>
#include <numeric>
#include <set>

#include "engine/blobs/pack_lane.hpp"
#include "engine/engine_fixture.hpp"
#include "engine/format/pack.hpp"
#include "engine/format/sealed.hpp"
#include "engine/format/segment.hpp"
#include "engine/format_fixture.hpp"
#include "engine/hooked_store.hpp"

namespace stash::engine {
namespace {

using test::World;

Task<void> write_in(BlobWriter& writer, const std::vector<Bytes>& blobs, std::vector<BlobRef>& refs,
                    std::uint64_t& fresh) {
  for (const Bytes& blob : blobs) refs.push_back(co_await writer.add(BlobKind::Data, blob));
  co_await writer.flush();
  fresh = writer.blobs_new();
}

Task<std::vector<BlobRef>> write_all(Repository& repository, std::vector<Bytes> blobs, Progress& progress,
                                     std::uint64_t& fresh) {
  Repository::Impl& impl = repository.impl();
  co_await impl.load_index(Index::Scope::Places);
  std::vector<BlobRef> refs;
  co_await write_session(impl, progress,
                         [&](BlobWriter& writer) { return write_in(writer, blobs, refs, fresh); });
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
  std::uint64_t fresh = 0;
  const auto refs = net::run(write_all(*writing, blobs, progress, fresh));
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
  net::run(write_all(*first, blobs, progress, fresh));
  EXPECT_EQ(fresh, blobs.size());
  const auto objects = world.memory.objects().size();
  auto second = net::run(test::open_raw(world.memory, world.environment()));
  net::run(write_all(*second, blobs, progress, fresh));

  EXPECT_EQ(fresh, 0u);
  EXPECT_EQ(world.memory.objects().size(), objects);
}

/// Stores blobs from many pool threads at once, as a backup does.
Task<void> store_some(BlobWriter& writer, net::Pool& pool, const std::vector<Bytes>& blobs, std::size_t from,
                      std::size_t to, std::vector<BlobRef>& refs) {
  std::size_t total = 0;
  for (std::size_t i = from; i < to; ++i) total += blobs[i].size();
  BlobWriter::Lease lease = co_await writer.admit(BlobKind::Data, total);
  co_await net::offload(pool, [&] {
    for (std::size_t i = from; i < to; ++i) refs[i] = writer.store(lease, blobs[i]).ref;
  });
}

Task<void> store_many(BlobWriter& writer, net::Pool& pool, const std::vector<Bytes>& blobs,
                      std::vector<BlobRef>& refs) {
  net::TaskGroup group;
  constexpr std::size_t kBatch = 8;
  for (std::size_t from = 0; from < blobs.size(); from += kBatch)
    co_await group.spawn(store_some(writer, pool, blobs, from, std::min(blobs.size(), from + kBatch), refs));
  co_await group.join();
}

TEST(Blobs, ManyThreadsFillPacksWithinTheBudget) {
  World world;
  net::Pool pool(4);
  Environment environment(pool, world.timers, world.random);
  environment.memory_budget = std::uint64_t{24} << 20;
  std::vector<Bytes> blobs;
  for (std::uint64_t i = 0; i < 400; ++i)
    blobs.push_back(test::random_bytes(i % 5 == 0 ? 300'000 : 3'000 + i, i));
  for (std::uint64_t i = 0; i < 100; ++i) blobs.push_back(blobs[i * 3]);  // known before, or at the same time
  net::run(test::init_raw(world.memory, environment));
  const auto repository = net::run(test::open_raw(world.memory, environment));
  net::run(repository->impl().load_index(Index::Scope::Members));
  std::vector<BlobRef> refs(blobs.size());
  Progress progress;
  net::run(write_session(repository->impl(), progress,
                         [&](BlobWriter& writer) { return store_many(writer, pool, blobs, refs); }));
  const auto reading = net::run(test::open_raw(world.memory, environment));

  EXPECT_EQ(net::run(read_all(*reading, refs)), blobs);
  std::set<std::string> distinct;
  std::uint64_t raw = 0;
  for (std::size_t i = 0; i < blobs.size(); ++i)
    if (distinct.insert(refs[i].id.hex()).second) raw += blobs[i].size();
  EXPECT_EQ(progress.bytes_new, raw);
  std::size_t packs = 0;
  for (const auto& [name, bytes] : world.memory.objects()) {
    if (!name.starts_with("packs/")) continue;
    ++packs;
    EXPECT_LE(bytes.size(), std::size_t{6} << 20);
  }
  EXPECT_GE(packs, 5u);
}

TEST(Blobs, ALostPackIsToldWithTheBlobThatIsMissed) {
  World world;
  Progress progress;
  std::uint64_t fresh = 0;
  net::run(test::init_raw(world.memory, world.environment()));
  const auto repository = net::run(test::open_raw(world.memory, world.environment()));
  const auto refs = net::run(write_all(*repository, {test::random_bytes(1000, 1)}, progress, fresh));
  std::erase_if(world.memory.objects(),
                [](const auto& object) { return object.first.starts_with("packs/"); });
  try {
    net::run(read_all(*repository, refs));
    FAIL() << "read what is gone";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::Corrupt);
    EXPECT_NE(std::string(e.what()).find(refs[0].id.hex()), std::string::npos) << e.what();
  }
}

TEST(Blobs, ADamagedPackIsNeverReadAsSomethingElse) {
  World world;
  Progress progress;
  std::uint64_t fresh = 0;
  const std::vector<Bytes> blobs{test::random_bytes(3000, 1)};
  net::run(test::init_raw(world.memory, world.environment()));
  const auto repository = net::run(test::open_raw(world.memory, world.environment()));
  const auto refs = net::run(write_all(*repository, blobs, progress, fresh));
  const auto pack = world.memory.objects().lower_bound("packs/");
  // The frame: behind the header, one blob and its tag.
  for (std::size_t i = kHeaderSize; i < kHeaderSize + 3000 + crypto::kTagSize; i += 13) {
    pack->second[i] ^= std::byte{4};
    EXPECT_EQ(test::kind_of([&] { net::run(read_all(*repository, refs)); }), ErrorKind::Corrupt) << i;
    pack->second[i] ^= std::byte{4};
  }
  EXPECT_EQ(net::run(read_all(*repository, refs)), blobs);
}

/// A repository seen through a store that counts how often the index is loaded.
struct Rereads : ::testing::Test {
  Rereads() {
    net::run(test::init_raw(world.memory, world.environment()));
    hooked.on_call = [this](const std::string& call) { loads += call == "list index/" ? 1 : 0; };
  }
  std::vector<BlobRef> write(std::uint64_t seed, std::size_t count) {
    std::vector<Bytes> blobs;
    for (std::size_t i = 0; i < count; ++i) blobs.push_back(test::random_bytes(5000, seed + i));
    const auto writing = net::run(test::open_raw(world.memory, world.environment()));
    Progress progress;
    std::uint64_t fresh = 0;
    return net::run(write_all(*writing, blobs, progress, fresh));
  }
  std::unique_ptr<Repository> open() {
    auto repository = net::run(test::open_raw(hooked, world.environment()));
    net::run(repository->impl().load_index(Index::Scope::Places));
    loads = 0;
    return repository;
  }

  World world;
  test::HookedStore hooked{world.memory};
  std::size_t loads = 0;
};

/// How many of them cannot be read.
Task<void> read_each(BlobReader& reader, std::vector<BlobRef> refs, std::size_t& lost) {
  for (const BlobRef& ref : refs) {
    try {
      co_await reader.read(BlobKind::Data, ref.id, true);
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), ErrorKind::Corrupt);
      ++lost;
    }
  }
}

std::size_t lost_of(BlobReader& reader, const std::vector<BlobRef>& refs) {
  std::size_t lost = 0;
  net::run(read_each(reader, refs, lost));
  return lost;
}

Task<void> read_both(BlobReader& reader, std::vector<BlobRef> some, std::vector<BlobRef> others,
                     std::size_t& lost) {
  net::TaskGroup group;
  co_await group.spawn(read_each(reader, std::move(some), lost));
  co_await group.spawn(read_each(reader, std::move(others), lost));
  co_await group.join();
}

TEST_F(Rereads, OfALostPackLoadTheIndexAFewTimesInAll) {
  const auto some = write(1, 40);
  const auto others = write(101, 40);
  const auto repository = open();
  std::erase_if(world.memory.objects(),
                [](const auto& object) { return object.first.starts_with("packs/"); });
  BlobReader reader(repository->impl());
  std::size_t lost = 0;
  net::run(read_both(reader, some, others, lost));

  EXPECT_EQ(lost, 80u);
  EXPECT_GT(loads, 0u);
  EXPECT_LE(loads, 4u);
}

TEST_F(Rereads, AtTheSameTimeShareAReload) {
  const auto repository = open();
  const auto some = write(1, 1);
  const auto others = write(101, 1);
  hooked.run_before = [](const std::string&) { return stash::test::ManualTimers::settle(); };
  BlobReader reader(repository->impl());
  std::size_t lost = 0;
  net::run(read_both(reader, some, others, lost));

  EXPECT_EQ(lost, 0u);
  EXPECT_EQ(loads, 1u);
}

TEST_F(Rereads, GoOnToLoadTheIndexWhereThatHelpsNowAndThen) {
  const auto gone = write(1, 9);
  const auto repository = open();
  std::erase_if(world.memory.objects(),
                [](const auto& object) { return object.first.starts_with("packs/"); });
  BlobReader reader(repository->impl());
  for (std::size_t i = 0; i < 9; i += 3) {
    EXPECT_EQ(lost_of(reader, {gone[i], gone[i + 1], gone[i + 2]}), 3u);
    EXPECT_EQ(lost_of(reader, write(100 + i, 1)), 0u) << "it came after the index was loaded";
  }
}

/// One frame of a thousand blobs of a byte, for the slot that its first id names.
void put_tiny(PackLane& lane, std::byte slot, std::uint64_t cost) {
  const std::uint64_t needed = 1000 * (1 + cost);
  ASSERT_TRUE(lane.try_admit(needed));
  FrameBlob blob;
  blob.id.bytes[31] = slot;
  lane.put(Bytes(1000, slot), std::vector<FrameBlob>(1000, blob), needed);
}

/// How many blobs each of the packs has that are ready.
std::vector<std::size_t> blobs_of_packs(PackLane& lane) {
  std::vector<std::size_t> blobs;
  while (const auto pack = lane.take_ready()) blobs.push_back(pack->footer.blobs.size());
  return blobs;
}

TEST(PackLanes, APackOfVeryManyBlobsIsClosedBeforeItsBytesFillIt) {
  World world;
  const Environment environment = world.environment();
  const Keys keys = test::test_keys();
  PackLane lane(keys, environment, BlobKind::Data, {std::uint64_t{4} << 20, 2, 4});
  for (int i = 0; i < 40; ++i) put_tiny(lane, std::byte(i % 2), kBlobCost);
  lane.close_all();

  const auto packs = blobs_of_packs(lane);
  EXPECT_EQ(std::accumulate(packs.begin(), packs.end(), std::size_t{0}), 40'000u);
  EXPECT_LE(std::ranges::max(packs), 17'000u);
}

TEST(PackLanes, BlobsOfWhoseCostNothingWasSetAsideFindRoomAllTheSame) {
  World world;
  const Environment environment = world.environment();
  const Keys keys = test::test_keys();
  PackLane lane(keys, environment, BlobKind::Data, {std::uint64_t{4} << 20, 2, 3});
  // Both packs are open, since there was more to come than one of them takes.
  ASSERT_TRUE(lane.try_admit(std::uint64_t{6} << 20));
  for (int i = 0; i < 132; ++i) put_tiny(lane, std::byte(i % 2), 0);
  lane.give_back(std::uint64_t{6} << 20);
  lane.close_all();

  EXPECT_EQ(blobs_of_packs(lane), (std::vector<std::size_t>{66'000, 66'000}));
}

/// Batches of 64 tiny blobs, as small files come.
Task<void> store_tiny(BlobWriter& writer, std::size_t batches) {
  for (std::uint64_t batch = 0; batch < batches; ++batch) {
    std::vector<Bytes> blobs;
    for (std::uint64_t i = 0; i < 64; ++i) {
      blobs.emplace_back(40, std::byte(i));
      std::memcpy(blobs.back().data(), &batch, sizeof batch);
    }
    const std::vector<ByteView> views(blobs.begin(), blobs.end());
    BlobWriter::Lease lease = co_await writer.admit(BlobKind::Data, 64 * 40, 64);
    writer.store_all(lease, views);
  }
}

TEST(Blobs, TinyOnesMakePacksAndSegmentsThatAreHeldInLittleMemory) {
  World world;
  Environment environment = world.environment();
  environment.memory_budget = std::uint64_t{24} << 20;
  net::run(test::init_raw(world.memory, environment));
  const auto repository = net::run(test::open_raw(world.memory, environment));
  Repository::Impl& impl = repository->impl();
  net::run(impl.load_index(Index::Scope::Members));
  Progress progress;
  constexpr std::size_t kBatches = 2500;
  net::run(write_session(impl, progress, [](BlobWriter& writer) { return store_tiny(writer, kBatches); }));

  std::size_t all = 0;
  for (const std::string& name : world.names(kIndexPrefix)) {
    const Bytes plain = open_object(impl.keys, kSegmentMagic, name, world.memory.objects().at(name));
    const Segment segment = decode_segment(plain);
    std::vector<std::size_t> of_pack(segment.packs.size());
    for (const SegmentBlob& blob : segment.blobs) ++of_pack[blob.pack];
    EXPECT_LE(std::ranges::max(of_pack), 18'000u);
    EXPECT_LE(segment.blobs.size(), 84'000u);
    all += segment.blobs.size();
  }
  EXPECT_EQ(all, 64 * kBatches);
}

}  // namespace
}  // namespace stash::engine

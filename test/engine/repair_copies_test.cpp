#include "engine/hooked_store.hpp"
#include "engine/repair_fixture.hpp"

namespace stash::engine {
namespace {

Task<void> add_all(BlobWriter& writer, const std::vector<Bytes>& blobs, std::vector<BlobRef>& refs) {
  refs.clear();
  for (const Bytes& blob : blobs) refs.push_back(co_await writer.add(BlobKind::Data, blob));
}

struct SecondCopies : test::RepairTest {
  /// Stores large blobs that compress to nothing, whatever is stored already.
  std::vector<BlobRef> store_anew() {
    std::vector<Bytes> blobs;
    for (std::uint64_t i = 0; i < 10; ++i) blobs.push_back(test::random_bytes(100'000, 500 + i));
    const auto repository = open();
    std::vector<BlobRef> refs;
    Progress progress;
    net::run(write_session(
        repository->impl(), progress, [&](BlobWriter& writer) { return add_all(writer, blobs, refs); },
        std::make_shared<LoadedIndex>(Index::Scope::Members)));
    return refs;
  }
  std::vector<BlobPlace> places(const BlobRef& ref) {
    const auto repository = open();
    net::run(repository->impl().load_index(Index::Scope::Places));
    return BlobReader(repository->impl()).find(BlobKind::Data, ref.id);
  }
};

TEST_F(SecondCopies, AreFoundWithoutReadingTheRestOfTheirPack) {
  store_anew();
  FramePlace lost;
  FramePlace kept;
  for (const BlobRef& ref : store_anew()) {
    const std::vector<BlobPlace> both = places(ref);
    ASSERT_EQ(both.size(), 2u);
    if (both[1].frame.offset < kept.offset) continue;
    lost = both[0].frame;
    kept = both[1].frame;
  }
  ASSERT_GT(kept.offset, 200'000u);
  flip(pack_name(lost.pack), lost.offset + 5);
  test::HookedStore hooked(world.memory);
  std::uint64_t got = 0;
  hooked.on_got = [&](const std::string& name, const Bytes& bytes) {
    if (name == pack_name(kept.pack)) got += bytes.size();
  };
  const auto repository = net::run(test::open_raw(hooked, world.environment()));
  RepairPacksOptions options;
  options.ids = {lost.pack.hex()};
  Progress progress;
  const RepairPacksResult result = net::run(repair_packs(*repository, options, progress));

  EXPECT_EQ(result.packs_condemned, 1u);
  EXPECT_EQ(result.blobs_lost, 0u);
  EXPECT_EQ(got, kept.stored);
}

}  // namespace
}  // namespace stash::engine

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "engine/index/row_sorter.hpp"
#include "engine/index_fixture.hpp"

namespace stash::engine {
namespace {

using test::facts;
using test::made_up_segment;
using IndexFiles = test::IndexTest;

TEST_F(IndexFiles, AnswerWhatTheHeapAnswers) {
  Segment segment = made_up_segment(world.random, 9, 20);
  const ObjectId condemned = segment.packs[0].id;
  Segment copies = segment;  // the same blobs once more, in packs of their own
  for (SegmentPack& pack : copies.packs) pack.id = ObjectId::make(world.random);
  copies.packs[3].id = segment.packs[3].id;  // and one pack that both name
  put(std::move(segment));
  put(std::move(copies));
  put(4, 7);
  condemn({condemned, ObjectId::make(world.random)});

  expect_same_answers();
  const auto members = load(false, Index::Scope::Members);
  const auto file = load(true, Index::Scope::Members);
  EXPECT_TRUE(file->index.holds_condemned());
  for (const BlobKind kind : {BlobKind::Data, BlobKind::Tree})
    for (const Index::Row& row : file->index.rows(kind)) {
      EXPECT_EQ(members->index.has(kind, row.key), file->index.has(kind, row.key));
      const BlobKey near{row.key.high, row.key.low + 1};
      EXPECT_FALSE(file->index.has(kind, near));
    }
}

TEST_F(IndexFiles, ArePrivateAndSaveReadingTheSegmentsAgain) {
  put(3, 10);
  put(3, 10);
  load(true);
  EXPECT_EQ(segments_read, 2);

  load(true);
  EXPECT_EQ(segments_read, 0);
  struct stat file {};
  struct stat directory {};
  ASSERT_EQ(::stat(path().c_str(), &file), 0);
  ASSERT_EQ(::stat((dir / "cache/index").c_str(), &directory), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600u);
  EXPECT_EQ(directory.st_mode & 0777, 0700u);
}

TEST_F(IndexFiles, TakeInWhatCameAndDropWhatWent) {
  const std::string first = put(3, 10);
  put(6, 10);
  load(true);
  put(5, 10);
  remove(first);

  EXPECT_EQ(facts(load(true)->index), facts(load(false)->index));
  load(true);
  EXPECT_EQ(segments_read, 0);
  put(1, 1);
  load(true);
  EXPECT_EQ(segments_read, 1) << "only what is new";
  expect_same_answers();
}

TEST_F(IndexFiles, KeepAPackThatAnotherSegmentNamesToo) {
  const Segment segment = made_up_segment(world.random, 3, 10);
  const std::string first = put(segment);
  put(2, 4);
  const std::string second = put(segment);
  load(true);
  // Whichever of the two it was taken from.
  const Bytes sealed = world.memory.objects().at(first);
  remove(first);
  expect_same_answers();
  world.memory.objects()[first] = sealed;
  load(true);
  remove(second);

  EXPECT_EQ(load(true)->index.packs().size(), 5u);
  expect_same_answers();
}

TEST_F(IndexFiles, AreMadeAnewAfterAnyDamage) {
  put(3, 4);
  const auto truth = facts(load(false)->index);
  load(true);
  const Bytes good = file_bytes();
  const auto rebuilds = [&](ByteView damaged) {
    write_file(damaged);
    if (file_is_good()) return false;
    const bool same = facts(load(true)->index) == truth;
    return same && segments_read == 1 && file_bytes() == good;
  };

  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes damaged = good;
    damaged[i] ^= std::byte{0x41};
    ASSERT_TRUE(rebuilds(damaged)) << "byte " << i << " of " << good.size();
  }
  for (std::size_t size = 0; size < good.size(); size += 7)
    ASSERT_TRUE(rebuilds(ByteView(good).first(size))) << "cut to " << size;
  Bytes longer = good;
  longer.push_back(std::byte{0});
  EXPECT_TRUE(rebuilds(longer));
}

TEST_F(IndexFiles, OfOthersAreNotBelieved) {
  put(3, 4);
  load(true);
  const Bytes good = file_bytes();
  const std::string own = path();

  EXPECT_EQ(IndexFile::open(own, ObjectId::make(world.random)), nullptr) << "of another repository";
  ASSERT_EQ(::chmod(own.c_str(), 0620), 0);
  EXPECT_FALSE(file_is_good()) << "others may write it";
  load(true);
  EXPECT_TRUE(file_is_good());
  std::filesystem::rename(own, own + ".moved");
  std::filesystem::create_symlink(own + ".moved", own);
  EXPECT_FALSE(file_is_good()) << "a link to somewhere";
  expect_same_answers();
}

TEST_F(IndexFiles, AreNotMissedWhereNoneCanBe) {
  put(3, 4);
  std::ofstream(dir / "cache") << "a file where the directory would be";
  EXPECT_EQ(facts(load(true)->index), facts(load(false)->index));
  EXPECT_FALSE(file_is_good());
}

TEST_F(IndexFiles, SurviveTwoProcessesThatMakeOneAtOnce) {
  put(3, 10);
  put(3, 10);
  std::shared_ptr<const LoadedIndex> other;
  bool ran = false;
  store.run_before = [&](const std::string& call) -> Task<void> {
    struct Other {
      static Task<void> load(IndexFiles& test, std::shared_ptr<const LoadedIndex>& into) {
        Environment environment = test.world.environment();
        environment.index_directory = test.dir / "cache/index";
        const auto opened = co_await test::open_raw(test.world.memory, environment);
        co_await opened->impl().load_index(Index::Scope::Places);
        into = opened->impl().loaded();
      }
      static Task<void> nothing() { co_return; }
    };
    if (ran || !call.starts_with("get index/")) return Other::nothing();
    ran = true;
    return Other::load(*this, other);
  };
  const auto mine = load(true);
  store.run_before = {};

  ASSERT_TRUE(ran);
  EXPECT_EQ(facts(mine->index), facts(load(false)->index));
  EXPECT_EQ(facts(other->index), facts(mine->index));
  EXPECT_TRUE(file_is_good());
}

TEST_F(IndexFiles, AreNotHeldUpByWhatAProcessThatDiedLeft) {
  put(3, 10);
  std::filesystem::create_directories(dir / "cache/index");
  std::ofstream(path() + ".new") << "half a file";
  expect_same_answers();
  EXPECT_FALSE(std::filesystem::exists(path() + ".new"));
}

TEST_F(IndexFiles, StayTrueWhenACollectorReplacesSegmentsMeanwhile) {
  for (int i = 0; i < 12; ++i) put(3, 5);
  const auto truth = facts(load(false)->index);
  bool ran = false;
  store.on_call = [&](const std::string& call) {
    if (ran || !call.starts_with("get index/")) return;
    ran = true;
    // What a merge does, at once: the new segment is there before the old ones go.
    Segment merged;
    std::vector<std::string> old;
    for (const auto& [name, sealed] : world.memory.objects()) {
      if (!name.starts_with(kIndexPrefix)) continue;
      old.push_back(name);
      const Segment part = decode_segment(open_object(repository->impl().keys, kSegmentMagic, name, sealed));
      const auto packs = static_cast<std::uint32_t>(merged.packs.size());
      const auto frames = static_cast<std::uint32_t>(merged.frames.size());
      for (SegmentPack pack : part.packs) {
        pack.first_frame += frames;
        merged.packs.push_back(pack);
      }
      merged.frames.insert(merged.frames.end(), part.frames.begin(), part.frames.end());
      for (SegmentBlob blob : part.blobs) {
        blob.pack += packs;
        blob.frame += frames;
        merged.blobs.push_back(blob);
      }
    }
    const std::string name = repository->impl().new_segment_name();
    world.memory.objects()[name] =
        seal_object(repository->impl().keys, kSegmentMagic, name, encode_segment(std::move(merged)));
    for (const std::string& gone : old) remove(gone);
  };

  EXPECT_EQ(facts(load(true)->index), truth);
  ASSERT_TRUE(ran);
  EXPECT_EQ(facts(load(true)->index), truth);
  EXPECT_TRUE(file_is_good());
}

TEST_F(IndexFiles, LargerThanWhatIsKeptOfThemInMemoryAnswerAllTheSame) {
  const Segment segment = made_up_segment(world.random, 30, 10'000);
  put(segment);
  const auto loaded = load(true);
  for (std::size_t i = 0; i < segment.blobs.size(); i += 37) {
    const SegmentBlob& blob = segment.blobs[i];
    const SegmentPack& pack = segment.packs[blob.pack];
    const auto places = loaded->index.find(pack.kind, key_of(blob.id));
    ASSERT_EQ(places.size(), 1u);
    ASSERT_EQ(places[0].frame.pack, pack.id);
    ASSERT_EQ(places[0].frame.offset, segment.frames[blob.frame].offset);
    ASSERT_EQ(places[0].offset, blob.offset);
  }
}

TEST(RowSorter, SortsMoreThanFitsIntoItsMemory) {
  const stash::test::TempDir dir;
  test::SeededRandom random;
  RowSorter sorter(dir.path(), 64 * sizeof(IndexRow));
  std::vector<IndexRow> rows(1000);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].key.high = random.number() % 500;  // some keys come several times
    rows[i].place.pack = static_cast<std::uint32_t>(i);
    sorter.add(rows[i]);
  }
  sorter.finish();
  std::ranges::sort(rows, by_key);

  for (const IndexRow& row : rows) {
    const IndexRow* next = sorter.next();
    ASSERT_NE(next, nullptr);
    ASSERT_EQ(next->key, row.key);
    ASSERT_EQ(next->place.pack, row.place.pack);
  }
  EXPECT_EQ(sorter.next(), nullptr);
}

}  // namespace
}  // namespace stash::engine

#include <gtest/gtest.h>

#include <set>

#include "engine/format/entry_codec.hpp"
#include "engine/format/tree.hpp"
#include "engine/format_fixture.hpp"
#include "engine/hooked_store.hpp"
#include "engine/select/selected_entries.hpp"

namespace stash::engine {
namespace {

using test::World;

Entry some_entry(unsigned seed) {
  std::mt19937 random(seed);
  Entry e;
  e.path = fmt::format("/data/{:06}", seed);
  e.type = static_cast<EntryType>(seed % 7);
  e.mode = static_cast<std::uint32_t>(random() & 07777);
  e.uid = static_cast<std::uint32_t>(random());
  e.gid = seed % 3;
  e.user = seed % 2 == 0 ? "root" : "";
  e.group = fmt::format("group{}", seed % 5);
  e.mtime = TimePoint(Duration(static_cast<std::int64_t>(random()) * 1'000'003 - 500'000'000'000'000));
  e.ctime = e.mtime + std::chrono::seconds(seed);
  if (seed % 4 == 0) e.atime = TimePoint::min();
  if (seed % 5 == 0) e.btime = TimePoint::max();
  e.inode = (std::uint64_t{random()} << 32) | random();
  e.device = seed % 3;
  e.links = 1 + seed % 2;
  e.inode_flags = seed % 6 == 0 ? 0x10 : 0;
  e.racy = seed % 8 == 0;
  if (seed % 3 == 0) e.xattrs = {{"security.capability", std::string("\0\1", 2)}, {"user.a", "b"}};
  if (e.type == EntryType::Symlink) e.link_target = std::string("../\xff target", 11);
  if (e.type == EntryType::CharDevice || e.type == EntryType::BlockDevice)
    e.device_major = 8, e.device_minor = seed;
  if (e.type != EntryType::File) return e;
  switch (seed / 7 % 4) {
    case 0:
      break;
    case 1:
      e.inline_content = "tiny";
      e.size = 4;
      break;
    case 2:
      for (unsigned i = 0; i < seed % 40 + 1; ++i) {
        BlobId id;
        test::SeededRandom(seed * 100 + i).fill(id.bytes);
        e.blobs.push_back({id, 1000 + i});
        e.size += 1000 + i;
      }
      break;
    default:
      e.sparse = true;
      e.extents = {{4096, 1000}, {1u << 20, 24}};
      e.size = std::uint64_t{1} << 41;
      e.blobs = {{{}, 1024}};
  }
  return e;
}

// --- Entries and leaves, in memory ---

TEST(Paths, SlashIsTheLowestByteSoThatOrderIsDepthFirst) {
  const std::vector<std::string> sorted{"/",      "/a",   "/a/\x01", "/a/b", "/a/b/c",
                                        "/a\x01", "/a.b", "/ab",     "/\xff"};
  for (std::size_t i = 0; i + 1 < sorted.size(); ++i)
    EXPECT_TRUE(compare_paths(sorted[i], sorted[i + 1]) < 0) << sorted[i] << " " << sorted[i + 1];
  EXPECT_TRUE(compare_paths("/a", "/a") == 0);
}

TEST(Paths, WithinMeansTheTopItselfOrBelow) {
  EXPECT_TRUE(is_within("/a/b", "/a"));
  EXPECT_TRUE(is_within("/a", "/a"));
  EXPECT_TRUE(is_within("/a", "/"));
  EXPECT_FALSE(is_within("/ab", "/a"));
}

TEST(TreeLeaf, EntriesOfEveryTypeRoundTrip) {
  LeafBuilder builder;
  std::vector<Entry> entries;
  for (unsigned i = 0; i < 400; ++i) entries.push_back(some_entry(i));
  for (const Entry& entry : entries) builder.add(entry);
  LeafCursor cursor(builder.finish());
  for (const Entry& entry : entries) {
    ASSERT_TRUE(cursor.peek());
    EXPECT_EQ(*cursor.peek(), entry) << entry.path;
    cursor.pop();
  }
  EXPECT_FALSE(cursor.peek());
}

TEST(TreeLeaf, DamageIsSurvived) {
  LeafBuilder builder;
  for (unsigned i = 0; i < 21; ++i) builder.add(some_entry(i));
  EXPECT_TRUE(test::every_damage_is_survived(builder.finish(), [](const Bytes& damaged) {
    for (LeafCursor cursor(damaged); cursor.peek(); cursor.pop())
      ;
  }));
}

TEST(TreeLeaf, EntriesThatBreakALimitAreRefused) {
  const auto refused = [](auto change) {
    Entry entry = some_entry(14);
    entry.type = EntryType::File;
    change(entry);
    LeafBuilder builder;
    return test::kind_of([&] { builder.add(entry); }) == ErrorKind::Invalid;
  };
  EXPECT_FALSE(refused([](Entry&) {}));
  EXPECT_TRUE(refused([](Entry& e) { e.path = "relative"; }));
  EXPECT_TRUE(refused([](Entry& e) { e.path = "/a/../b"; }));
  EXPECT_TRUE(refused([](Entry& e) { e.path = "/a//b"; }));
  EXPECT_TRUE(refused([](Entry& e) { e.path = std::string("/a\0b", 4); }));
  EXPECT_TRUE(refused([](Entry& e) { e.mode = 0170644; }));
  EXPECT_TRUE(refused([](Entry& e) { e.size += 1; })) << "blobs that do not add up";
  EXPECT_FALSE(refused([](Entry& e) { e.size += 1, e.unreadable = true; }));
  EXPECT_TRUE(refused([](Entry& e) { e.extents = {{0, 1}}; }));
  EXPECT_TRUE(refused([](Entry& e) { e.inline_content = std::string(65, 'x'); }));
  EXPECT_TRUE(refused([](Entry& e) { e.xattrs = {{"user.big", std::string(300, 'x')}}; }));
}

TEST(TreeNode, ChildrenRoundTripAndDamageIsSurvived) {
  NodeBuilder builder;
  std::vector<TreeRef> children;
  for (unsigned i = 0; i < 20; ++i) {
    TreeRef child;
    child.first = fmt::format("/d{:03}", i);
    test::SeededRandom(i).fill(child.blob.id.bytes);
    child.blob.size = 500 + i;
    child.entries = i;
    child.bytes = i * 1000;
    child.level = 1;
    children.push_back(child);
    builder.add(child);
  }
  const Bytes node = builder.finish(2);

  EXPECT_EQ(decode_node(node), children);
  EXPECT_FALSE(is_leaf(node));
  EXPECT_TRUE(test::every_damage_is_survived(node, [](const Bytes& damaged) { decode_node(damaged); }));
}

TEST(BlobList, RoundTripsAndDamageIsSurvived) {
  std::vector<BlobRef> refs;
  for (unsigned i = 0; i < 50; ++i) {
    BlobRef ref;
    test::SeededRandom(i).fill(ref.id.bytes);
    ref.size = i + 1;
    refs.push_back(ref);
  }
  const Bytes list = encode_blob_list(refs, 1);

  EXPECT_EQ(decode_blob_list(list, 1), refs);
  EXPECT_EQ(test::kind_of([&] { decode_blob_list(list, 2); }), ErrorKind::Corrupt);
  EXPECT_TRUE(
      test::every_damage_is_survived(list, [](const Bytes& damaged) { decode_blob_list(damaged, 1); }));
}

TEST(Xattrs, RoundTripAndDamageIsSurvived) {
  const std::vector<Xattr> xattrs{{"system.posix_acl_access", std::string("\2\0\0\0", 4)}, {"user.x", ""}};
  EXPECT_EQ(decode_xattrs(encode_xattrs(xattrs)), xattrs);
  EXPECT_TRUE(test::every_damage_is_survived(encode_xattrs(xattrs),
                                             [](const Bytes& damaged) { decode_xattrs(damaged); }));
}

// --- Whole trees, through a repository ---

struct Trees : ::testing::Test {
  Trees() {
    net::run(test::init_raw(world.memory, world.environment()));
    repository = net::run(test::open_raw(world.memory, world.environment()));
  }

  Task<void> write_in(BlobWriter& writer, const std::vector<Entry>& entries, TreeRef& root) {
    TreeWriter tree(writer, repository->impl().tree_seed);
    for (const Entry& entry : entries) {
      const bool full = tree.add(entry);
      if (full) co_await tree.flush();
    }
    root = co_await tree.finish();
  }
  Task<TreeRef> write(std::vector<Entry> entries) {
    co_await repository->impl().load_index(Index::Scope::Members);
    TreeRef root;
    Progress progress;
    co_await write_session(repository->impl(), progress,
                           [&](BlobWriter& writer) { return write_in(writer, entries, root); });
    added = progress.bytes_new;
    co_await repository->impl().load_index(Index::Scope::Members);
    co_return root;
  }
  Task<std::vector<Entry>> read(BlobId root) {
    BlobReader blobs(repository->impl());
    TreeReader reader(blobs, root);
    std::vector<Entry> entries;
    for (;;) {
      auto entry = co_await reader.next();
      if (!entry) break;
      entries.push_back(std::move(*entry));
    }
    co_return entries;
  }

  World world;
  std::unique_ptr<Repository> repository;
  std::uint64_t added = 0;  ///< raw bytes that the last write() added
};

std::vector<Entry> many_entries(unsigned count) {
  std::vector<Entry> entries;
  for (unsigned i = 0; i < count; ++i) {
    Entry e = some_entry(i);
    e.path = fmt::format("/data/dir{:04}/file{:06}", i / 100, i);
    entries.push_back(std::move(e));
  }
  return entries;
}

TEST_F(Trees, ReadBackInOrder) {
  const auto entries = many_entries(20'000);
  const TreeRef root = net::run(write(entries));

  EXPECT_GE(root.level, 1);
  EXPECT_EQ(root.entries, entries.size());
  EXPECT_EQ(net::run(read(root.blob.id)), entries);
}

TEST_F(Trees, EmptyAndSmallOnesAreOneLeaf) {
  const TreeRef none = net::run(write({}));
  EXPECT_EQ(none.level, 0);
  EXPECT_TRUE(net::run(read(none.blob.id)).empty());
  const auto entries = many_entries(3);
  const TreeRef few = net::run(write(entries));
  EXPECT_EQ(few.level, 0);
  EXPECT_EQ(net::run(read(few.blob.id)), entries);
}

TEST_F(Trees, EqualEntriesGiveTheSameRootAndAChangeAddsLittle) {
  auto entries = many_entries(20'000);
  const TreeRef root = net::run(write(entries));
  const std::uint64_t whole = added;
  EXPECT_EQ(net::run(write(entries)).blob, root.blob);
  EXPECT_EQ(added, 0u);

  entries[7'777].mtime += std::chrono::seconds(1);
  entries.insert(entries.begin() + 12'345, some_entry(1));
  entries[12'345].path = entries[12'344].path + "-new";
  entries.erase(entries.begin() + 3);
  const TreeRef changed = net::run(write(entries));
  EXPECT_NE(changed.blob.id, root.blob.id);
  EXPECT_LT(added, whole / 3);
  EXPECT_EQ(net::run(read(changed.blob.id)), entries);
}

Task<std::string> first_at(TreeReader& reader) {
  co_await reader.load();
  co_return reader.peek() ? reader.peek()->path : "";
}

TEST_F(Trees, SeekFindsTheFirstEntryNotBeforeAPath) {
  const auto entries = many_entries(20'000);
  const TreeRef root = net::run(write(entries));
  BlobReader blobs(repository->impl());
  TreeReader reader(blobs, root.blob.id);
  for (const std::size_t i : std::initializer_list<std::size_t>{0, 1, 99, 100, 10'000, 19'999, 5}) {
    net::run(reader.seek(entries[i].path));
    EXPECT_EQ(net::run(first_at(reader)), entries[i].path);
    net::run(reader.seek(entries[i].path + "x"));
    EXPECT_EQ(net::run(first_at(reader)), i + 1 < entries.size() ? entries[i + 1].path : "");
  }
  net::run(reader.seek("/data/dir0007"));
  EXPECT_EQ(net::run(first_at(reader)), entries[700].path);
  net::run(reader.seek_past("/data/dir0007"));
  EXPECT_EQ(net::run(first_at(reader)), entries[800].path);
  net::run(reader.seek("/"));
  EXPECT_EQ(net::run(first_at(reader)), entries[0].path);
  net::run(reader.seek("/zzz"));
  EXPECT_TRUE(reader.at_end());
}

/// How many times the store is asked for parts of packs.
struct CountedTrees : Trees {
  CountedTrees() : counted(world.memory) {
    root = net::run(write(many_entries(20'000)));
    counted.on_call = [this](const std::string& call) { gets += call.starts_with("get packs/") ? 1 : 0; };
    repository = net::run(test::open_raw(counted, world.environment()));
    net::run(repository->impl().load_index(Index::Scope::Members));
  }

  /// At the start, and telling how many blobs of the tree it reads.
  TreeReader& begin() {
    reader.emplace(repository->impl());
    tree.emplace(*reader, root.blob.id);
    tree->on_blob([this](const BlobRef&) { ++blobs; });
    return *tree;
  }

  test::HookedStore counted;
  TreeRef root;
  std::size_t gets = 0;
  std::size_t blobs = 0;
  std::optional<BlobReader> reader;
  std::optional<TreeReader> tree;
};

TEST_F(CountedTrees, LeavesThatAreReadOneAfterAnotherComeManyAtATime) {
  begin();
  std::size_t entries = 0;
  while (net::run(tree->next())) ++entries;

  EXPECT_EQ(entries, 20'000u);
  EXPECT_GT(blobs, 20u);
  EXPECT_LT(gets, blobs / 2);
}

TEST_F(CountedTrees, ALookAtOnePlaceReadsNoOther) {
  begin();
  std::uint64_t bytes = 0;
  counted.on_got = [&](const std::string&, const Bytes& got) { bytes += got.size(); };
  net::run(tree->seek(many_entries(20'000)[10'000].path));

  EXPECT_LE(blobs, 3u);
  EXPECT_EQ(gets, blobs);
  EXPECT_LT(bytes, 400'000u);
}

TEST_F(CountedTrees, WhatASelectionChoosesIsFoundWithoutReadingTheRest) {
  const auto entries = many_entries(20'000);
  const auto found_by = [&](const Selection& selection) {
    SelectedEntries selected(begin(), selection);
    std::vector<std::string> paths;
    gets = 0;
    while (const auto found = net::run(selected.next()))
      if (found->chosen) paths.push_back(found->entry.path);
    return paths;
  };
  const std::vector<std::vector<std::string>> includes{
      {"/data/dir0100/file010007"},
      {"/data/dir0003", "/data/dir0150/file015099", "/data/dir0199"},
      {"/data/dir01[0-3]*/file*5", "/data/dir0199/file01999?"},
      {"file000123"},
      {"/zzz"},
      {"/data/dir0003", "!/data/dir0003/file000312"},
      {}};
  for (const auto& include : includes) {
    const Selection selection(include, {}, {"*9"}, {});
    std::vector<std::string> wanted;
    for (const Entry& entry : entries)
      if (selection.chosen(entry.path)) wanted.push_back(entry.path);
    EXPECT_EQ(found_by(selection), wanted) << ::testing::PrintToString(include);
    if (include.size() == 1 && include[0].starts_with("/")) EXPECT_LE(gets, 5u) << include[0];
  }
}

TEST_F(CountedTrees, WhatIsReadAheadAndDamagedOnTheWayIsAskedForAgain) {
  bool damaged = false;
  counted.on_got = [&](const std::string& name, Bytes& got) {
    if (damaged || !name.starts_with("packs/") || got.size() < 200'000) return;
    damaged = true;
    got[got.size() / 2] ^= std::byte{1};
  };
  const auto entries = net::run(read(root.blob.id));

  EXPECT_TRUE(damaged);
  EXPECT_EQ(entries, many_entries(20'000));
}

Task<unsigned> differences(TreeReader& a, TreeReader& b, unsigned& read) {
  unsigned found = 0;
  for (;;) {
    co_await TreeReader::skip_equal(a, b);
    co_await a.load();
    co_await b.load();
    if (!a.peek() && !b.peek()) co_return found;
    ++read;
    const int order = !a.peek()                                           ? 1
                      : !b.peek()                                         ? -1
                      : compare_paths(a.peek()->path, b.peek()->path) < 0 ? -1
                      : compare_paths(a.peek()->path, b.peek()->path) > 0 ? 1
                                                                          : 0;
    if (order != 0 || *a.peek() != *b.peek()) ++found;
    if (order <= 0) a.pop();
    if (order >= 0) b.pop();
  }
}

TEST_F(Trees, EqualSubtreesAreSkippedWithoutMissingADifference) {
  auto entries = many_entries(20'000);
  const TreeRef before = net::run(write(entries));
  entries[500].mode ^= 1;
  entries[15'000].mode ^= 1;
  entries.erase(entries.begin() + 9'000);
  const TreeRef after = net::run(write(entries));
  BlobReader blobs(repository->impl());
  TreeReader a(blobs, before.blob.id);
  TreeReader b(blobs, after.blob.id);
  unsigned read = 0;

  EXPECT_EQ(net::run(differences(a, b, read)), 3u);
  EXPECT_LT(read, 8'000u);
}

Task<unsigned> matches(ParentStream& parent, const std::vector<Entry>& walk) {
  unsigned found = 0;
  for (const Entry& entry : walk) {
    const bool ready = parent.ready(entry.path);
    if (!ready) co_await parent.advance_to(entry.path);
    const Entry* before = parent.at(entry.path);
    if (before && *before == entry) ++found;
  }
  co_return found;
}

TEST_F(Trees, AParentIsReadAlongWithAWalkThatLeavesGapsAndHasMore) {
  const auto entries = many_entries(20'000);
  const TreeRef root = net::run(write(entries));
  std::vector<Entry> walk;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    if (i / 3000 % 2 == 0 || i % 7 == 0) walk.push_back(entries[i]);
    if (i % 1000 == 0) walk.push_back(entries[i]), walk.back().path += "-new";
  }
  std::ranges::sort(walk, [](const Entry& a, const Entry& b) { return compare_paths(a.path, b.path) < 0; });
  std::set<std::string> known;
  for (const Entry& entry : entries) known.insert(entry.path);
  std::set<std::string> in_both;
  for (const Entry& entry : walk)
    if (known.contains(entry.path)) in_both.insert(entry.path);
  BlobReader blobs(repository->impl());
  ParentStream parent(std::make_unique<TreeReader>(blobs, root.blob.id));

  EXPECT_EQ(net::run(matches(parent, walk)), in_both.size());
  ParentStream none;
  EXPECT_EQ(net::run(matches(none, walk)), 0u);
}

// --- Content of large files ---

Task<void> write_content(BlobWriter& writer, const std::vector<BlobRef>& refs, Entry& entry) {
  ContentWriter content(writer);
  for (const BlobRef& ref : refs) {
    const bool full = content.push(ref);
    if (full) co_await content.spill();
  }
  co_await content.finish(entry);
}

struct Contents : Trees {
  Task<Entry> write_file(std::vector<BlobRef> refs) {
    co_await repository->impl().load_index(Index::Scope::Members);
    Entry entry = test::file_entry("/big", {});
    Progress progress;
    co_await write_session(repository->impl(), progress,
                           [&](BlobWriter& writer) { return write_content(writer, refs, entry); });
    added = progress.bytes_new;
    co_await repository->impl().load_index(Index::Scope::Members);
    co_return entry;
  }
  Task<std::vector<BlobRef>> read_file(Entry entry) {
    BlobReader blobs(repository->impl());
    ContentReader content(blobs, entry);
    std::vector<BlobRef> refs;
    for (;;) {
      const auto ref = co_await content.next();
      if (!ref) break;
      refs.push_back(*ref);
    }
    co_return refs;
  }
};

std::vector<BlobRef> many_refs(std::size_t count) {
  std::vector<BlobRef> refs(count);
  test::SeededRandom random(6);
  for (BlobRef& ref : refs) {
    random.fill(ref.id.bytes);
    ref.size = 1 + static_cast<std::uint32_t>(random.number() % kMaxBlob);
  }
  return refs;
}

TEST_F(Contents, AnyNumberOfBlobsRoundTrips) {
  for (const std::size_t count : std::initializer_list<std::size_t>{0, 1, 1000, 1001, 2001, 5000}) {
    const auto refs = many_refs(count);
    const Entry entry = net::run(write_file(refs));
    EXPECT_EQ(entry.list_level, count > 1000 ? 1 : 0) << count;
    EXPECT_LE(entry.blobs.size(), Entry::kMaxBlobs);
    EXPECT_EQ(net::run(read_file(entry)), refs) << count;
  }
}

TEST_F(Contents, ListsNestWhenThereAreVeryMany) {
  const auto refs = many_refs(600'000);
  const Entry entry = net::run(write_file(refs));

  EXPECT_EQ(entry.list_level, 2);
  EXPECT_EQ(net::run(read_file(entry)), refs);
}

TEST_F(Contents, AnInsertionChangesFewLists) {
  auto refs = many_refs(50'000);
  net::run(write_file(refs));
  const std::uint64_t whole = added;
  refs.insert(refs.begin() + 20'000, many_refs(1)[0]);
  refs[20'000].size = 7;
  net::run(write_file(refs));

  EXPECT_LT(added, whole / 10);
}

}  // namespace
}  // namespace stash::engine

// A repository made once by each version of the format, which every later version must read. The files stand
// in test/golden/repository-<format>/; STASH_GOLDEN_OUT=<directory> makes the last test write what the code
// of today makes.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "engine/snapshot/commit.hpp"
#include "engine/snapshot_fixture.hpp"

namespace stash::engine {
namespace {

using test::World;

constexpr std::string_view kPassword = "golden";
constexpr std::string_view kStrongPassword = "golden golden golden golden golden golden golden";
constexpr std::string_view kLatin = "/data/caf\xe9";

struct GoldenFile {
  Entry entry;
  std::vector<Bytes> content;  ///< blobs
  std::vector<Xattr> xattrs;
};

Entry entry_of(std::string path, EntryType type, std::uint32_t mode) {
  Entry e;
  e.path = std::move(path);
  e.type = type;
  e.mode = mode;
  e.uid = 1000;
  e.gid = 4'000'000'000;
  e.user = "ada";
  e.group = "staff";
  e.mtime = TimePoint(Duration(1'600'000'000'123'456'789));
  e.ctime = TimePoint(Duration(1'600'000'001'000'000'001));
  e.inode = 4711;
  e.device = 1;
  return e;
}

/// One of everything that an entry can be, in path order.
std::vector<GoldenFile> golden_files() {
  std::vector<GoldenFile> files;
  const auto add = [&](Entry entry, std::vector<Bytes> content = {}, std::vector<Xattr> xattrs = {}) {
    for (const Bytes& part : content) entry.size += part.size();
    files.push_back({std::move(entry), std::move(content), std::move(xattrs)});
  };
  add(entry_of("/data", EntryType::Dir, 01777));
  add(entry_of("/data/big", EntryType::File, 0600),
      {test::random_bytes(70'000, 1), test::dull_bytes(100'000, 2)});
  add(entry_of(std::string(kLatin), EntryType::File, 0644), {test::dull_bytes(3'000, 3)});
  add(entry_of("/data/capable", EntryType::File, 04755), {test::dull_bytes(200, 4)},
      {{"security.capability", std::string("\1\0\0\2", 4)}, {"user.note", "short"}});
  Entry device = entry_of("/data/device", EntryType::CharDevice, 0660);
  device.device_major = 1;
  device.device_minor = 3;
  add(device);
  add(entry_of("/data/empty", EntryType::File, 0));
  add(entry_of("/data/fifo", EntryType::Fifo, 0622));
  Entry hole = entry_of("/data/hole", EntryType::File, 0644);
  hole.sparse = true;
  hole.extents = {{1 << 20, 5000}};
  hole.size = (std::uint64_t{1} << 40) - 5000;
  add(hole, {test::dull_bytes(5000, 5)});
  Entry linked = entry_of("/data/linked-1", EntryType::File, 0644);
  linked.links = 2;
  linked.inode = 99;
  linked.racy = true;
  add(linked, {test::dull_bytes(900, 6)});
  linked.path = "/data/linked-2";
  add(linked, {test::dull_bytes(900, 6)});
  add(entry_of("/data/many-xattrs", EntryType::Dir, 0755), {}, {{"user.large", std::string(5000, 'x')}});
  Entry old = entry_of("/data/old", EntryType::BlockDevice, 0600);
  old.mtime = TimePoint(Duration(-1));
  old.atime = TimePoint(Duration(-2'000'000'000));
  old.btime = TimePoint(Duration(5));
  old.inode_flags = 0x10;
  add(old);
  Entry symlink = entry_of("/data/symlink", EntryType::Symlink, 0777);
  symlink.link_target = "../\xff/elsewhere";
  symlink.size = symlink.link_target.size();
  add(symlink);
  Entry tiny = entry_of("/data/tiny", EntryType::File, 0644);
  tiny.inline_content = "fits into its entry";
  tiny.size = tiny.inline_content.size();
  add(tiny);
  Entry unread = entry_of("/data/unreadable", EntryType::File, 0600);
  unread.unreadable = true;
  unread.size = 12345;
  add(unread);
  return files;
}

Task<void> write_golden(BlobWriter& writer, Repository::Impl& repository, Snapshot& made) {
  TreeWriter tree(writer, repository.tree_seed);
  Manifest manifest;
  for (GoldenFile& file : golden_files()) {
    ContentWriter content(writer);
    // A list of more blobs than an entry holds, all the same one.
    const std::size_t repeat = file.entry.path == "/data/big" ? 600 : 1;
    for (std::size_t i = 0; i < repeat; ++i)
      for (const Bytes& part : file.content) {
        const BlobRef ref = co_await writer.add(BlobKind::Data, part);
        const bool full = content.push(ref);
        if (full) co_await content.spill();
      }
    file.entry.size *= file.entry.path == "/data/big" ? repeat : 1;
    co_await content.finish(file.entry);
    co_await store_xattrs(writer, file.xattrs, file.entry);
    const bool full = tree.add(file.entry);
    if (full) co_await tree.flush();
  }
  const TreeRef root = co_await tree.finish();
  manifest.root = root.blob.id;
  manifest.entries = root.entries;
  Snapshot& s = manifest.snapshot;
  s.start = repository.environment.timers.now();
  s.end = s.start + std::chrono::seconds(7);
  s.host = "golden-host";
  s.paths = {"/data", std::string(kLatin)};
  s.tags = {"golden"};
  s.source = {{"namespace", "demo"}};
  s.program = "stash 0.1.0";
  s.complete = false;
  s.errors = 1;
  s.first_errors.emplace_back("/data/unreadable", "permission denied");
  const Manifest committed = co_await commit(repository, writer, manifest);
  made = committed.snapshot;
}

Task<void> make_golden(storage::Store& store, Environment environment) {
  const Secret password{std::string(kPassword)};
  const Secret strong{std::string(kStrongPassword)};
  const InitOptions options;
  co_await Repository::init(store, password, options, environment);
  const auto repository = co_await Repository::open(store, password, environment);
  co_await repository->add_key(strong, Kdf::Raw, "strong");
  co_await repository->impl().load_index(Index::Scope::Members);
  Snapshot made;
  Progress progress;
  co_await write_session(repository->impl(), progress,
                         [&](BlobWriter& writer) { return write_golden(writer, repository->impl(), made); });
}

/// Reads everything and compares it with what golden_files() says.
Task<void> expect_golden(Repository& repository) {
  Repository::Impl& impl = repository.impl();
  const SnapshotFilter all;
  const Snapshot snapshot = co_await repository.find_snapshot("latest", all);
  EXPECT_EQ(snapshot.host, "golden-host");
  EXPECT_EQ(snapshot.paths, (std::vector<std::string>{"/data", std::string(kLatin)}));
  EXPECT_EQ(snapshot.first_errors.at(0).what, "permission denied");
  co_await impl.load_index(Index::Scope::Places);
  const Manifest manifest = co_await impl.manifest(snapshot.id);
  BlobReader blobs(impl);
  TreeReader tree(blobs, manifest.root);
  for (const GoldenFile& file : golden_files()) {
    const auto entry = co_await tree.next();
    if (!entry) {
      ADD_FAILURE() << "the tree ends before " << file.entry.path;
      co_return;
    }
    const auto xattrs = co_await read_xattrs(blobs, *entry);
    EXPECT_EQ(xattrs, file.xattrs) << file.entry.path;
    Entry bare = *entry;
    bare.blobs.clear();
    bare.list_level = 0;
    bare.xattrs.clear();
    bare.xattr_blob.reset();
    Entry expected = file.entry;
    if (expected.path == "/data/big") {
      expected.size *= 600;
      EXPECT_EQ(entry->list_level, 1);
    }
    EXPECT_EQ(bare, expected) << file.entry.path;
    ContentReader content(blobs, *entry);
    std::size_t at = 0;
    for (;; ++at) {
      const auto ref = co_await content.next();
      if (!ref) break;
      const Bytes bytes = co_await blobs.read(BlobKind::Data, ref->id, true);
      EXPECT_EQ(bytes, file.content.at(at % file.content.size())) << file.entry.path;
    }
    EXPECT_EQ(at, file.content.size() * (expected.path == "/data/big" ? 600 : 1)) << file.entry.path;
  }
  const auto end = co_await tree.next();
  EXPECT_FALSE(end);
}

void expect_readable(World& world) {
  for (const std::string_view password : {kPassword, kStrongPassword}) {
    const auto repository =
        net::run(Repository::open(world.memory, Secret(std::string(password)), world.environment()));
    net::run(expect_golden(*repository));
    const CheckResult result = test::check_all(*repository);
    EXPECT_TRUE(result.ok()) << result.errors.front();
    EXPECT_EQ(result.snapshots, 1u);
  }
}

TEST(GoldenRepository, OfFormatOneIsReadForever) {
  World world;
  const std::filesystem::path root = STASH_SOURCE_DIR "/test/golden/repository-1";
  for (const auto& file : std::filesystem::recursive_directory_iterator(root)) {
    if (!file.is_regular_file()) continue;
    std::ifstream in(file.path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    world.memory.objects()[file.path().lexically_relative(root)] = copy_of(as_bytes(text));
  }

  expect_readable(world);
}

TEST(GoldenRepository, OfTodayIsReadable) {
  World world;
  net::run(make_golden(world.memory, world.environment()));
  expect_readable(world);

  const char* out = std::getenv("STASH_GOLDEN_OUT");
  if (!out) return;
  for (const auto& [name, bytes] : world.memory.objects()) {
    const std::filesystem::path path = std::filesystem::path(out) / name;
    std::filesystem::create_directories(path.parent_path());
    const std::string_view text = as_text(bytes);
    std::ofstream(path, std::ios::binary).write(text.data(), static_cast<std::streamsize>(text.size()));
  }
}

}  // namespace
}  // namespace stash::engine

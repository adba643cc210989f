// Peak memory of a backup and of an index, measured from outside. Sanitizers multiply memory: there the test
// only runs the code.

#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdio>
#include <cstring>
#include <fstream>

#include "engine/backup/backup_impl.hpp"
#include "engine/index_fixture.hpp"
#include "engine_fixture.hpp"

namespace stash::engine::test {
namespace {

constexpr std::uint64_t kMiB = 1u << 20;

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
#else
constexpr bool kSanitized = false;
#endif

/// Keeps what a backup reads back and forgets the packs.
class ForgetfulStore final : public storage::Store {
 public:
  std::uint64_t pack_bytes = 0;

  std::string describe() const override { return "forgetful"; }
  Task<void> put(std::string name, std::vector<ByteView> parts) override {
    if (!name.starts_with("packs/")) {
      co_await kept_.put(std::move(name), std::move(parts));
      co_return;
    }
    for (const ByteView part : parts) pack_bytes += part.size();
  }
  Task<Bytes> get(std::string name, storage::Range range) override {
    return kept_.get(std::move(name), range);
  }
  Task<std::optional<std::uint64_t>> size(std::string name) override { return kept_.size(std::move(name)); }
  Task<storage::ListPage> list(std::string prefix, std::string token) override {
    return kept_.list(std::move(prefix), std::move(token));
  }
  Task<void> remove(std::string name) override { return kept_.remove(std::move(name)); }
  Task<void> sync() override { return kept_.sync(); }

 private:
  storage::MemoryStore kept_;
};

/// A directory with one large file and many small ones, made up as they are read.
class MadeUpTree final : public FileTree {
 public:
  MadeUpTree(std::uint64_t large, int small) : large_(large), small_(small) {}
  std::unique_ptr<SourceDir> open(const std::string&) override { return std::make_unique<Dir>(*this); }

 private:
  class File final : public SourceFile {
   public:
    explicit File(FileStat stat) : stat_(stat) {}
    FileStat opened() override { return stat_; }
    FileStat stat() override { return stat_; }
    std::size_t read(std::uint64_t offset, std::span<std::byte> out) override {
      const std::size_t size =
          static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), stat_.size - offset));
      std::uint64_t state = (offset + 1) * 0x9e3779b97f4a7c15ull + stat_.inode;
      for (std::size_t i = 0; i < size; i += 8) {
        state = state * 6364136223846793005ull + 1442695040888963407ull;
        std::memcpy(out.data() + i, &state, std::min<std::size_t>(8, size - i));
      }
      return size;
    }
    std::vector<Extent> extents(std::uint64_t size) override { return {Extent{0, size}}; }
    std::vector<Xattr> xattrs() override { return {}; }

   private:
    FileStat stat_;
  };

  class Dir final : public SourceDir {
   public:
    explicit Dir(MadeUpTree& tree) : tree_(tree) {}
    FileStat stat() override { return tree_.describe(""); }
    std::vector<Xattr> xattrs() override { return {}; }
    NameList names() override {
      NameList names;
      names.add("large");
      for (int i = 0; i < tree_.small_; ++i) names.add("small" + std::to_string(i));
      return names;
    }
    FileStat stat(const std::string& name) override { return tree_.describe(name); }
    std::unique_ptr<SourceDir> open_dir(const std::string&) override { return std::make_unique<Dir>(tree_); }
    std::unique_ptr<SourceFile> open_file(const std::string& name) override {
      return std::make_unique<File>(tree_.describe(name));
    }
    std::string link_target(const std::string&) override { return ""; }
    std::vector<Xattr> xattrs(const std::string&) override { return {}; }

   private:
    MadeUpTree& tree_;
  };

  FileStat describe(const std::string& name) const {
    FileStat stat;
    stat.mode = 0644;
    stat.mtime = stat.ctime = TimePoint(std::chrono::seconds(1'000'000'000));
    stat.inode = std::hash<std::string>{}(name);
    if (name == "large")
      stat.size = large_;
    else if (name.starts_with("small"))
      stat.size = 900;
    else
      stat.type = EntryType::Dir;
    stat.allocated = stat.size;
    return stat;
  }

  std::uint64_t large_;
  int small_;
};

std::uint64_t status_bytes(const char* key) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(key)) return std::stoull(line.substr(line.find(':') + 1)) * 1024;
  return 0;
}

/// How much the peak of memory grows while `work` runs.
template <class Work>
std::uint64_t growth(Work work) {
  ::malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << "5";  // the peak starts anew
  const std::uint64_t before = status_bytes("VmRSS");
  work();
  return status_bytes("VmHWM") - before;
}

using MemoryOfAnIndex = IndexTest;

TEST_F(MemoryOfAnIndex, TakesSixteenBytesABlobInTheHeapAndAFewMegabytesOutOfAFile) {
  constexpr unsigned kSegments = 32;
  constexpr std::uint64_t kBlobs = kSegments * 31'250;
  for (unsigned i = 0; i < kSegments; ++i) {
    Segment segment = made_up_segment(world.random, 50, 625);
    for (SegmentPack& pack : segment.packs) pack.kind = BlobKind::Data;
    put(std::move(segment));
  }
  const std::uint64_t heap = growth([&] { load(false, Index::Scope::Members); });
  const std::uint64_t made = growth([&] { load(true); });
  std::uint64_t rows = 0;
  const std::uint64_t opened = growth([&] {
    const auto loaded = load(true);
    for (const Index::Row& row : loaded->index.rows(BlobKind::Data)) {
      loaded->index.passed(1);
      rows += loaded->index.has(BlobKind::Data, row.key) ? 1 : 0;
    }
  });

  std::printf("an index of %.1f million blobs: %.1f MiB in the heap, %.1f to make a file, %.1f to use it\n",
              static_cast<double>(kBlobs) / 1e6, static_cast<double>(heap) / static_cast<double>(kMiB),
              static_cast<double>(made) / static_cast<double>(kMiB),
              static_cast<double>(opened) / static_cast<double>(kMiB));
  EXPECT_EQ(rows, kBlobs);
  if (kSanitized) return;
  EXPECT_LT(heap, 16 * kBlobs + 24 * kMiB);
  EXPECT_LT(made, 48 * kMiB);
  EXPECT_LT(opened, 16 * kMiB);
}

TEST(Memory, ABackupStaysWithinItsBudgetWhateverItsSize) {
  World world;
  ForgetfulStore store;
  Environment environment = world.environment();
  environment.memory_budget = 32 * kMiB;
  net::run(init_raw(store, environment));
  const auto repository = net::run(open_raw(store, environment));
  MadeUpTree tree(256 * kMiB, 20'000);
  BackupOptions options;
  options.paths = {"/made-up"};
  Progress progress;
  BackupResult result;
  const std::uint64_t grown =
      growth([&] { result = net::run(backup_tree(*repository, options, progress, tree)); });

  std::printf("256 MiB and 20000 files under a budget of 32 MiB: memory grew by %.1f MiB\n",
              static_cast<double>(grown) / static_cast<double>(kMiB));
  EXPECT_EQ(result.snapshot.counts.files(), 20'001u);
  EXPECT_GT(store.pack_bytes, 256 * kMiB);
  if (!kSanitized) EXPECT_LT(grown, 48 * kMiB);
}

}  // namespace
}  // namespace stash::engine::test

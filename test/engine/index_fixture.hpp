#pragma once

#include <fstream>

#include "engine/engine_fixture.hpp"
#include "engine/format/sealed.hpp"
#include "engine/hooked_store.hpp"
#include "engine/index/index_file.hpp"
#include "engine/repository/segment_merge.hpp"
#include "engine/repository/store_io.hpp"
#include "engine/repository/tombs.hpp"
#include "support/temp_dir.hpp"

namespace stash::engine::test {

/// A segment of made-up packs, every third of trees: two blobs a frame.
inline Segment made_up_segment(Random& random, unsigned packs, unsigned blobs_each) {
  Segment segment;
  for (unsigned p = 0; p < packs; ++p) {
    const auto first = static_cast<std::uint32_t>(segment.frames.size());
    const unsigned frames = (blobs_each + 1) / 2;
    const BlobKind kind = p % 3 == 2 ? BlobKind::Tree : BlobKind::Data;
    segment.packs.push_back({ObjectId::make(random), 100 + frames * 100, {}, kind, first, frames});
    for (unsigned f = 0; f < frames; ++f)
      segment.frames.push_back({16 + f * 100, 100, 200, f % 2 == 0 ? Codec::Lz4 : Codec::Raw});
    for (unsigned b = 0; b < blobs_each; ++b) {
      SegmentBlob blob{{}, p, first + b / 2, b % 2 * 100, 100};
      random.fill(blob.id.bytes);
      segment.blobs.push_back(blob);
    }
  }
  return segment;
}

inline Task<std::string> put_segment(Repository::Impl& repository, Segment segment) {
  const std::string name = repository.new_segment_name();
  const Bytes plain = encode_segment(std::move(segment));
  const Bytes sealed = seal_object(repository.keys, kSegmentMagic, name, plain);
  co_await put_new(repository.store, name, sealed);
  co_return name;
}

/// All that an index says, one line a fact, whatever its packs are numbered.
inline std::vector<std::string> facts(const Index& index) {
  std::vector<std::string> lines;
  for (const Index::Pack& pack : index.packs())
    lines.push_back(fmt::format("pack {} {} {} {}", pack.id.hex(), static_cast<int>(pack.kind), pack.size,
                                pack.condemned));
  for (const BlobKind kind : {BlobKind::Data, BlobKind::Tree})
    for (const Index::Row& row : index.rows(kind)) {
      const FramePlace frame = index.frame(row.place);
      lines.push_back(fmt::format("blob {} {:x} {:x} at {} {} {} {} {} {} {} {}", static_cast<int>(kind),
                                  row.key.high, row.key.low, frame.pack.hex(), frame.offset, frame.stored,
                                  frame.raw, static_cast<int>(frame.codec), row.place.offset,
                                  row.place.length, index.has(kind, row.key)));
      lines.push_back(fmt::format("copies {:x} {}", row.key.high, index.find(kind, row.key).size()));
    }
  std::ranges::sort(lines);
  return lines;
}

/// A repository in memory with nothing but index segments, and a directory for the local file.
struct IndexTest : ::testing::Test {
  IndexTest() {
    net::run(init_raw(world.memory, world.environment()));
    repository = open(false);
    store.on_call = [this](const std::string& call) {
      if (call.starts_with("get index/")) ++segments_read;
      if (call.starts_with("put index/")) ++segments_put;
    };
  }

  std::unique_ptr<Repository> open(bool with_file) {
    Environment environment = world.environment();
    if (with_file) environment.index_directory = dir / "cache/index";
    return net::run(open_raw(store, environment));
  }
  std::shared_ptr<const LoadedIndex> load(bool with_file, Index::Scope scope = Index::Scope::Places) {
    const auto opened = open(with_file);
    segments_read = 0;
    net::run(opened->impl().load_index(scope));
    return opened->impl().loaded();
  }
  std::string put(Segment segment) { return net::run(put_segment(repository->impl(), std::move(segment))); }
  std::string put(unsigned packs, unsigned blobs_each) {
    return put(made_up_segment(world.random, packs, blobs_each));
  }
  void remove(const std::string& name) { world.memory.objects().erase(name); }
  void condemn(std::vector<ObjectId> packs) {
    Tomb tomb;
    tomb.packs = std::move(packs);
    net::run(publish_tomb(repository->impl(), std::move(tomb)));
  }
  void rewrite(PackSet gone) { net::run(rewrite_segments(repository->impl(), std::move(gone))); }
  std::size_t segments() const {
    return static_cast<std::size_t>(std::ranges::count_if(
        world.memory.objects(), [](const auto& object) { return object.first.starts_with(kIndexPrefix); }));
  }

  const ObjectId& id() const { return repository->impl().config.id; }
  std::string path() const { return IndexFile::path(dir / "cache/index", id()); }
  bool file_is_good() const { return IndexFile::open(path(), id()) != nullptr; }
  Bytes file_bytes() const {
    std::ifstream in(path(), std::ios::binary);
    const std::string text((std::istreambuf_iterator<char>(in)), {});
    return copy_of(as_bytes(text));
  }
  void write_file(ByteView bytes) const {
    std::ofstream out(path(), std::ios::binary | std::ios::trunc);
    out << as_text(bytes);
  }
  /// Both ways of loading say the same; the file is as it should be afterwards.
  void expect_same_answers() {
    EXPECT_EQ(facts(load(true)->index), facts(load(false)->index));
    EXPECT_TRUE(file_is_good());
  }

  mutable World world;
  HookedStore store{world.memory};
  stash::test::TempDir dir;
  std::unique_ptr<Repository> repository;
  int segments_read = 0;
  int segments_put = 0;
};

}  // namespace stash::engine::test

// What the steps of a backup cost alone, each beside the ceiling that the primitive itself has on this
// machine:
//
//   cmake --build --preset release --target bench_micro && build/release/test/bench_micro
//
// bytes_per_second of a step and of its ceiling are to be compared within one run.

#include <benchmark/benchmark.h>
#include <lz4.h>

#include <memory>
#include <random>

#include "engine/format/chunker.hpp"
#include "engine/format/keys.hpp"
#include "engine/format/tree.hpp"
#include "engine/index/index.hpp"
#include "stash/crypto/aead.hpp"
#include "stash/crypto/digest.hpp"
#include "stash/crypto/xxh3.hpp"

namespace stash::engine {
namespace {

constexpr std::size_t kChunk = 256u << 10;
constexpr std::size_t kMuch = 16u << 20;

Bytes random_bytes(std::size_t size) {
  std::mt19937_64 engine(1);
  Bytes bytes(size);
  for (std::byte& b : bytes) b = static_cast<std::byte>(engine());
  return bytes;
}

/// Compresses to about two thirds.
Bytes dull_bytes(std::size_t size) {
  Bytes bytes = random_bytes(size);
  for (std::size_t i = 0; i < size; i += 48)
    std::fill_n(&bytes[i], std::min<std::size_t>(16, size - i), std::byte{7});
  return bytes;
}

Keys keys() { return Keys(crypto::Key(random_bytes(32)), ObjectId{}); }

void count(benchmark::State& state, std::size_t bytes) {
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) * static_cast<std::int64_t>(bytes));
}

void chunker_cuts(benchmark::State& state) {
  const Chunker chunker(keys().chunker());
  const Bytes data = random_bytes(kMuch);
  for (auto _ : state)
    for (ByteView left = data; !left.empty();) left = left.subspan(chunker.next_cut(left, true));
  count(state, kMuch);
}

void chunker_ceiling_one_pass(benchmark::State& state) {
  const Bytes data = random_bytes(kMuch);
  for (auto _ : state) benchmark::DoNotOptimize(crypto::xxh3_64(data));
  count(state, kMuch);
}

void blob_id(benchmark::State& state) {
  const Keys k = keys();
  const Bytes chunk = random_bytes(kChunk);
  for (auto _ : state) benchmark::DoNotOptimize(k.id_of(BlobKind::Data, chunk));
  count(state, kChunk);
}

void blob_ids_together(benchmark::State& state) {
  const Keys k = keys();
  const Bytes data = random_bytes(kMuch);
  std::vector<ByteView> chunks;
  for (std::size_t at = 0; at < data.size(); at += kChunk)
    chunks.push_back(ByteView(data).subspan(at, kChunk));
  for (auto _ : state) benchmark::DoNotOptimize(k.ids_of(BlobKind::Data, chunks));
  count(state, kMuch);
}

void blob_id_ceiling_sha256(benchmark::State& state) {
  const Bytes data = random_bytes(kMuch);
  for (auto _ : state) benchmark::DoNotOptimize(crypto::sha256(data));
  count(state, kMuch);
}

void frame_seal(benchmark::State& state) {
  crypto::Aes256Gcm cipher(keys().pack_key(ObjectId{}));
  const Bytes chunk = random_bytes(kChunk);
  Bytes out(kChunk + crypto::kTagSize);
  std::uint64_t offset = 16;
  for (auto _ : state) {
    const auto aad = frame_aad(ObjectId{}, 0, Codec::Raw, kChunk);
    cipher.seal(offset_nonce(offset += out.size()), aad, chunk, out);
  }
  count(state, kChunk);
}

void frame_seal_ceiling_aes_gcm(benchmark::State& state) {
  crypto::Aes256Gcm cipher(keys().pack_key(ObjectId{}));
  const Bytes data = random_bytes(kMuch);
  Bytes out(kMuch + crypto::kTagSize);
  std::uint64_t n = 0;
  for (auto _ : state) cipher.seal(offset_nonce(++n), {}, data, out);
  count(state, kMuch);
}

void frame_compress(benchmark::State& state) {
  const Bytes chunk = dull_bytes(kChunk);
  Bytes scratch;
  for (auto _ : state) benchmark::DoNotOptimize(compress(chunk, scratch).bytes.size());
  count(state, kChunk);
}

void frame_compress_ceiling_lz4(benchmark::State& state) {
  const Bytes chunk = dull_bytes(kChunk);
  std::vector<char> out(static_cast<std::size_t>(LZ4_compressBound(kChunk)));
  for (auto _ : state)
    benchmark::DoNotOptimize(LZ4_compress_default(reinterpret_cast<const char*>(chunk.data()), out.data(),
                                                  kChunk, static_cast<int>(out.size())));
  count(state, kChunk);
}

/// Ten million blobs in segments of 65 536: 160 MB of keys.
const Index& large_index() {
  static const std::unique_ptr<const Index> index = [] {
    auto made = std::make_unique<Index>(Index::Scope::Members);
    std::mt19937_64 engine(2);
    for (unsigned s = 0; s < 153; ++s) {
      Segment segment;
      ObjectId pack;
      pack.bytes[0] = std::byte(s);
      segment.packs.push_back({pack, 1u << 30, {}, BlobKind::Data, 0, 1});
      segment.frames.push_back({16, 1000, 1000, Codec::Raw});
      segment.blobs.resize(65'536);
      for (SegmentBlob& blob : segment.blobs) {
        blob.length = 1000;
        for (std::byte& b : blob.id.bytes) b = static_cast<std::byte>(engine());
      }
      const Bytes plain = encode_segment(std::move(segment));
      made->add(SegmentView(plain));
    }
    made->settle();
    return made;
  }();
  return *index;
}

void index_lookup_of_10_million(benchmark::State& state) {
  const Index& index = large_index();
  std::mt19937_64 engine(3);
  for (auto _ : state) benchmark::DoNotOptimize(index.has(BlobKind::Data, BlobKey{engine(), engine()}));
}

void index_lookup_ceiling_one_cache_miss(benchmark::State& state) {
  static const Bytes memory = random_bytes(160u << 20);
  std::mt19937_64 engine(3);
  for (auto _ : state) benchmark::DoNotOptimize(memory[(engine() ^ engine()) % memory.size()]);
}

Bytes full_leaf() {
  LeafBuilder leaf;
  for (unsigned i = 0; leaf.bytes() < kLeafTargetBytes; ++i) {
    Entry entry;
    entry.path = fmt::format("/data/directory{:03}/file-{:06}.txt", i / 20, i);
    entry.mode = 0644;
    entry.user = "root";
    entry.mtime = TimePoint(std::chrono::seconds(1'700'000'000 + i));
    entry.ctime = entry.mtime;
    entry.inode = 1000 + i;
    entry.size = 1000;
    entry.blobs.push_back({BlobId{}, 1000});
    leaf.add(entry);
  }
  return leaf.finish();
}

void tree_entries(benchmark::State& state) {
  const Bytes leaf = full_leaf();
  std::int64_t entries = 0;
  for (auto _ : state)
    for (LeafCursor cursor(leaf); cursor.peek(); cursor.pop()) ++entries;
  state.SetItemsProcessed(entries);
  count(state, leaf.size());
}

void tree_entries_ceiling_one_copy(benchmark::State& state) {
  const Bytes leaf = full_leaf();
  for (auto _ : state) {
    Bytes copy(leaf);
    benchmark::DoNotOptimize(copy.data());
  }
  count(state, leaf.size());
}

BENCHMARK(chunker_cuts)->Unit(benchmark::kMillisecond);
BENCHMARK(chunker_ceiling_one_pass)->Unit(benchmark::kMillisecond);
BENCHMARK(blob_id);
BENCHMARK(blob_ids_together)->Unit(benchmark::kMillisecond);
BENCHMARK(blob_id_ceiling_sha256)->Unit(benchmark::kMillisecond);
BENCHMARK(frame_seal);
BENCHMARK(frame_seal_ceiling_aes_gcm)->Unit(benchmark::kMillisecond);
BENCHMARK(frame_compress);
BENCHMARK(frame_compress_ceiling_lz4);
BENCHMARK(index_lookup_of_10_million);
BENCHMARK(index_lookup_ceiling_one_cache_miss);
BENCHMARK(tree_entries);
BENCHMARK(tree_entries_ceiling_one_copy);

}  // namespace
}  // namespace stash::engine

BENCHMARK_MAIN();

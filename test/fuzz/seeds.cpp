// Writes the corpus: what the encoders make, for the decoders to start from. seeds FOLDER; only for formats
// that no text editor can make.

#include <filesystem>
#include <fstream>

#include "engine/format/config.hpp"
#include "engine/format/frame.hpp"
#include "engine/format/keys.hpp"
#include "engine/format/manifest.hpp"
#include "engine/format/pack.hpp"
#include "engine/format/segment.hpp"
#include "engine/format/tomb.hpp"
#include "engine/format/tree.hpp"

namespace {

using namespace stash;
using namespace stash::engine;

std::filesystem::path root;

void write(const std::string& target, const std::string& name, ByteView bytes) {
  std::filesystem::create_directories(root / target);
  std::ofstream out(root / target / name, std::ios::binary);
  out << as_text(bytes);
}

BlobRef ref(std::uint8_t n) {
  BlobRef r;
  r.id.bytes.fill(std::byte{n});
  r.size = 70'000u + n;
  return r;
}

Entry entry(const std::string& path, std::uint8_t n) {
  Entry e;
  e.path = path;
  e.mode = 0644;
  e.uid = 1000;
  e.gid = 1000;
  e.user = "app";
  e.mtime = TimePoint(std::chrono::seconds(1'700'000'000 + n));
  e.ctime = e.mtime;
  e.inode = 100u + n;
  e.blobs = {ref(n)};
  e.size = e.blobs[0].size;
  return e;
}

std::vector<Entry> entries() {
  std::vector<Entry> all;
  Entry dir = entry("/data", 1);
  dir.type = EntryType::Dir;
  dir.blobs.clear();
  dir.size = 0;
  all.push_back(dir);
  all.push_back(entry("/data/a", 2));
  Entry small = entry("/data/b", 3);
  small.blobs.clear();
  small.inline_content = "hello";
  small.size = 5;
  small.xattrs = {{"user.colour", "red"}};
  all.push_back(small);
  Entry sparse = entry("/data/c", 4);
  sparse.sparse = true;
  sparse.extents = {{4096, sparse.blobs[0].size}};
  sparse.size = 1u << 20;
  all.push_back(sparse);
  Entry link = entry("/data/d", 5);
  link.type = EntryType::Symlink;
  link.blobs.clear();
  link.link_target = "a";
  link.size = 1;
  all.push_back(link);
  return all;
}

void trees() {
  LeafBuilder leaf;
  for (const Entry& e : entries()) leaf.add(e);
  write("engine_leaf", "five", leaf.finish());
  NodeBuilder node;
  for (std::uint8_t i = 0; i < 3; ++i) {
    TreeRef child;
    child.blob = ref(i);
    child.first = "/data/" + std::to_string(i);
    child.entries = 5;
    child.bytes = 1000;
    node.add(child);
  }
  write("engine_node", "three", node.finish(1));
  write("engine_blob_list", "two", encode_blob_list({ref(1), ref(2)}, 1));
  write("engine_xattrs", "two", encode_xattrs({{"user.a", "1"}, {"user.b", std::string(300, 'x')}}));
}

void packs() {
  Segment segment;
  segment.packs.push_back({ObjectId(), 1000, {}, BlobKind::Data, 0, 1});
  segment.frames.push_back({16, 500, 800, Codec::Lz4});
  segment.blobs.push_back({ref(1).id, 0, 0, 0, 400});
  segment.blobs.push_back({ref(2).id, 0, 0, 400, 400});
  write("engine_segment", "one", encode_segment(segment));
  Bytes scratch;
  const std::string text(5000, 'a');
  const Payload payload = compress(as_bytes(text), scratch);
  Bytes frame{std::byte{5000 >> 8}, std::byte{5000 & 255}};
  append(frame, payload.bytes);
  write("engine_frame", "text", frame);
}

void manifests() {
  Manifest manifest;
  manifest.entries = 5;
  manifest.snapshot.host = "host-0";
  manifest.snapshot.paths = {"/data"};
  manifest.snapshot.tags = {"nightly"};
  manifest.snapshot.first_errors.emplace_back("/data/x", "open: Permission denied");
  write("engine_manifest", "one", as_bytes(write_manifest(manifest)));
}

void tombs() {
  Tomb tomb;
  tomb.packs.resize(2);
  tomb.settled = {std::string(26, '0')};
  write("engine_tomb", "two", encode_tomb(tomb));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  root = argv[1];
  trees();
  packs();
  manifests();
  tombs();
  return 0;
}

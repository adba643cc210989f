#include "engine/format/tree.hpp"
#include "fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stash;
  const ByteView bytes = fuzz::view(data, size);
  return fuzz::decode([&] {
    std::string before;
    for (engine::LeafCursor leaf(copy_of(bytes)); leaf.peek(); leaf.pop()) {
      fuzz::require(before.empty() || engine::compare_paths(before, leaf.peek()->path) < 0);
      before = leaf.peek()->path;
    }
  });
}

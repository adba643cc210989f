#include "engine/format/entry.hpp"
#include "engine/select/pattern.hpp"
#include "fuzz/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace stash;
  const ByteView bytes = fuzz::view(data, size);
  return fuzz::decode([&] {
    // Up to the first NUL a pattern, then a path.
    const std::string_view text = as_text(bytes);
    const std::size_t cut = text.find(static_cast<char>(0));
    if (cut == text.npos || text.size() > 300) return;
    const engine::Pattern pattern{std::string(text.substr(0, cut)), false};
    const std::string path = "/" + std::string(text.substr(cut + 1));
    if (!pattern.matches(path)) return;
    pattern.may_match_below(path);
    // Paths of a snapshot have no such components.
    for (const char* odd : {"//", "/./", "/../"})
      if ((path + "/").find(odd) != path.npos) return;
    fuzz::require(engine::is_within(path, pattern.anchor()));
  });
}

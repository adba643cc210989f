#include "engine/repair/pack_subset.hpp"

#include <algorithm>
#include <cmath>
#include <random>

namespace stash::engine {
namespace {

/// The first 32 bits of an id, which are random: they spread the packs evenly over the parts.
std::uint32_t draw_of(const ObjectId& id) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | std::to_integer<std::uint32_t>(id.bytes[i]);
  return value;
}

void shuffle(std::vector<const Index::Pack*>& packs, Random& random) {
  std::mt19937_64 engine(random.number());
  std::ranges::shuffle(packs, engine);
}

}  // namespace

std::vector<const Index::Pack*> choose_packs(std::vector<const Index::Pack*> packs, const PackSubset& subset,
                                             Random& random) {
  if (const auto* part = std::get_if<PackPart>(&subset)) {
    std::erase_if(packs,
                  [&](const Index::Pack* pack) { return draw_of(pack->id) % part->parts != part->part - 1; });
  } else if (const auto* share = std::get_if<PackShare>(&subset)) {
    shuffle(packs, random);
    const double wanted = std::ceil(std::clamp(share->share, 0.0, 1.0) * static_cast<double>(packs.size()));
    packs.resize(std::min(packs.size(), static_cast<std::size_t>(wanted)));
  } else if (const auto* most = std::get_if<PackBytes>(&subset)) {
    shuffle(packs, random);
    std::uint64_t bytes = 0;
    const auto enough = std::ranges::find_if(packs, [&](const Index::Pack* pack) {
      const bool reached = bytes >= most->bytes;
      bytes += pack->size;
      return reached;
    });
    packs.erase(enough, packs.end());
  }
  return packs;
}

}  // namespace stash::engine

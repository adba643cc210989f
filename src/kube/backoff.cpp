#include "stash/kube/backoff.hpp"

#include <algorithm>

namespace stash::kube {

Duration Backoff::wait(int failures, Random& random) const {
  if (failures <= 0) return Duration::zero();
  Duration full = first;
  for (int i = 1; i < failures && full < most; ++i) full *= 2;
  full = std::min(full, most);
  const auto half = static_cast<std::uint64_t>(full.count() / 2);
  return full - Duration(static_cast<std::int64_t>(random.number() % (half + 1)));
}

}  // namespace stash::kube

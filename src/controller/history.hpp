#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "stash/base/time.hpp"

namespace stash::controller {

struct HistoryEntry {
  std::string name;
  TimePoint created{};
  bool finished = false;
  bool skipped = false;
};

/// Names of the finished sessions beyond the newest `limit`. With a limit of at least 1 the newest one that
/// did not get skipped stays in any case: it tells how the last backup went. A limit of 0 or less keeps no
/// finished session.
std::vector<std::string> beyond_history(std::vector<HistoryEntry> entries, std::int64_t limit);

}  // namespace stash::controller

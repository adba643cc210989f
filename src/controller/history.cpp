#include "controller/history.hpp"

#include <algorithm>
#include <tuple>

namespace stash::controller {

std::vector<std::string> beyond_history(std::vector<HistoryEntry> entries, std::int64_t limit) {
  std::sort(entries.begin(), entries.end(), [](const HistoryEntry& a, const HistoryEntry& b) {
    return std::tie(b.created, b.name) < std::tie(a.created, a.name);
  });
  std::vector<std::string> gone;
  std::int64_t kept = 0;
  bool has_result = false;
  for (const HistoryEntry& entry : entries) {
    if (!entry.finished) continue;
    const bool first_result = !entry.skipped && !has_result;
    if (first_result) has_result = true;
    if (limit > 0 && (kept < limit || first_result))
      ++kept;
    else
      gone.push_back(entry.name);
  }
  return gone;
}

}  // namespace stash::controller

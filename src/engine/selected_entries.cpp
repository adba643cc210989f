#include "engine/selected_entries.hpp"

namespace stash::engine {

Task<std::optional<SelectedEntries::Found>> SelectedEntries::next() {
  for (;;) {
    std::optional<Entry> entry = co_await tree_.next();
    if (!entry) co_return std::nullopt;
    if (selection_.chosen(entry->path)) co_return Found{std::move(*entry), true};
    const bool dir = entry->type == EntryType::Dir;
    const bool leads = dir && selection_.worth_visiting(entry->path);
    co_await go_on(entry->path, leads || !dir);
    if (leads) co_return Found{std::move(*entry), false};
  }
}

/// From an entry that is not chosen to the next that may be. `below`: what lies below it may be, too.
Task<void> SelectedEntries::go_on(std::string path, bool below) {
  const std::optional<std::string> next = selection_.next_after(path);
  if (next && next->empty())
    tree_.stop();
  else if (next)
    co_await tree_.seek(*next);
  else if (!below)
    co_await tree_.seek_past(path);
}

}  // namespace stash::engine

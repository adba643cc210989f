#include "engine/select/selected_entries.hpp"

namespace stash::engine {

Task<std::optional<SelectedEntries::Found>> SelectedEntries::next() {
  for (;;) {
    std::optional<Entry> entry = co_await tree_.next();
    if (!entry) co_return std::nullopt;
    if (selection_.chosen(entry->path)) co_return Found{std::move(*entry), true};
    const bool dir = entry->type == EntryType::Dir;
    const bool leads = dir && selection_.worth_visiting(entry->path);
    const std::optional<std::string> next = selection_.next_after(entry->path);
    if (next && next->empty())
      tree_.stop();
    else if (next)
      co_await tree_.seek(*next);
    else if (dir && !leads)
      co_await tree_.seek_past(entry->path);
    if (leads) co_return Found{std::move(*entry), false};
  }
}

}  // namespace stash::engine

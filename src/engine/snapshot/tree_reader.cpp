#include "engine/snapshot/tree_reader.hpp"

#include <algorithm>

#include "stash/base/error.hpp"
#include "stash/base/log.hpp"

namespace stash::engine {
namespace {

/// Level of a root before it is read.
constexpr std::uint8_t kUnknownLevel = 255;

constexpr std::uint64_t kMinAhead = std::uint64_t{128} << 10;
constexpr std::uint64_t kMaxAhead = std::uint64_t{512} << 10;
constexpr std::size_t kMaxAheadBlobs = 256;

/// True for entries before the wanted one: those below `path` in order, with `past` also `path` and all under
/// it.
bool is_before(std::string_view entry, std::string_view path, bool past) {
  return compare_paths(entry, path) < 0 || (past && is_within(entry, path));
}

}  // namespace

TreeReader::TreeReader(BlobReader& blobs, BlobId root) : blobs_(blobs) {
  root_.blob.id = root;
  root_.level = kUnknownLevel;
  levels_.push_back({{root_}, 0});
}

const Entry* TreeReader::peek() const { return leaf_ ? leaf_->peek() : nullptr; }

void TreeReader::pop() { leaf_->pop(); }

bool TreeReader::at_end() const {
  return !peek() && std::ranges::all_of(levels_, [](const Level& l) { return l.next == l.children.size(); });
}

const TreeRef* TreeReader::next_subtree() {
  while (!levels_.empty() && levels_.back().next == levels_.back().children.size()) levels_.pop_back();
  return levels_.empty() ? nullptr : &levels_.back().children[levels_.back().next];
}

TreeRef TreeReader::take_subtree() {
  Level& level = levels_.back();
  return level.children[level.next++];
}

Task<void> TreeReader::load() {
  while (!peek()) {
    leaf_.reset();
    if (!next_subtree()) co_return;
    co_await enter_next();
  }
}

Task<void> TreeReader::enter_next() {
  TreeRef ref = take_subtree();
  if (wanted_ && !wanted_(ref.blob.id)) {
    ahead_ = 0;
    co_return;
  }
  if (ahead_ > 0) {
    const Level& level = levels_.back();
    std::vector<BlobId> wanted{ref.blob.id};
    for (std::size_t i = level.next; i < level.children.size() && wanted.size() < kMaxAheadBlobs; ++i)
      wanted.push_back(level.children[i].blob.id);
    co_await blobs_.read_ahead(BlobKind::Tree, std::move(wanted), ahead_);
  }
  const bool leaf = ref.level == 0;
  const bool entered = co_await enter_whole(std::move(ref));
  if (leaf && entered) ahead_ = std::clamp(2 * ahead_, kMinAhead, kMaxAhead);
}

Task<std::optional<Entry>> TreeReader::next() {
  co_await load();
  const Entry* entry = peek();
  if (!entry) co_return std::nullopt;
  Entry copy = *entry;
  pop();
  co_return copy;
}

Task<bool> TreeReader::enter_whole(TreeRef ref) {
  const std::string first = ref.first.empty() ? "/" : ref.first;
  try {
    co_await enter(std::move(ref));
    co_return true;
  } catch (const Error& e) {
    if (!damage_ || !is_data_damage(e)) throw;
    leaf_.reset();
    damage_(first, fmt::format("it and what comes next to it in the snapshot cannot be read: {}", e.what()));
  }
  co_return false;
}

Task<void> TreeReader::enter(TreeRef ref) {
  Bytes bytes = co_await blobs_.read(BlobKind::Tree, ref.blob.id);
  const auto size = static_cast<std::uint32_t>(bytes.size());
  const auto require = [&](bool holds, const char* wrong) {
    if (!holds) throw Error(ErrorKind::Corrupt, "tree blob {} is damaged: {}", ref.blob.id.hex(), wrong);
  };
  require(ref.level == kUnknownLevel || ref.blob.size == size, "wrong length");
  if (is_leaf(bytes)) {
    require(ref.level == kUnknownLevel || ref.level == 0, "a leaf above a leaf");
    leaf_.emplace(std::move(bytes));
    require(ref.level == kUnknownLevel || (leaf_->peek() && leaf_->peek()->path == ref.first),
            "wrong first path");
  } else {
    std::vector<TreeRef> children = decode_node(bytes);
    // Levels fall strictly, which bounds the depth.
    require(ref.level == kUnknownLevel || children.front().level + 1 == ref.level, "wrong level");
    require(ref.level == kUnknownLevel || children.front().first == ref.first, "wrong first path");
    levels_.push_back({std::move(children), 0});
  }
  if (visit_) visit_({ref.blob.id, size});
}

void TreeReader::stop() {
  leaf_.reset();
  levels_.clear();
}

Task<void> TreeReader::seek(std::string path) { return seek_to(std::move(path), false); }
Task<void> TreeReader::seek_past(std::string path) { return seek_to(std::move(path), true); }

Task<void> TreeReader::seek_to(std::string path, bool past) {
  leaf_.reset();
  ahead_ = 0;
  levels_.clear();
  levels_.push_back({{root_}, 0});
  while (!leaf_) {
    Level& level = levels_.back();
    // The wanted entry is in the last child that begins before it, or is the first of the next one.
    const auto after = std::ranges::partition_point(
        level.children, [&](const TreeRef& child) { return is_before(child.first, path, past); });
    const auto found = static_cast<std::size_t>(after - level.children.begin());
    level.next = found == 0 ? 0 : found - 1;
    const bool entered = co_await enter_whole(take_subtree());
    if (!entered) break;  // what comes next in the tree begins after `path`
  }
  while (peek() && is_before(peek()->path, path, past)) pop();
  co_await load();
}

void TreeReader::pass_before(std::string_view path) {
  for (std::size_t i = 0; i < levels_.size(); ++i) {
    Level& level = levels_[i];
    const auto begins_by = [&](std::size_t child) {
      return child < level.children.size() && compare_paths(level.children[child].first, path) <= 0;
    };
    if (!begins_by(level.next)) continue;
    // Whatever is left further down comes before this child.
    levels_.resize(i + 1);
    for (; begins_by(level.next + 1); ++level.next) ahead_ = 0;
    return;
  }
}

Task<void> TreeReader::skip_equal(TreeReader& a, TreeReader& b) {
  for (;;) {
    if (a.peek() || b.peek()) co_return;
    const TreeRef* x = a.next_subtree();
    const TreeRef* y = b.next_subtree();
    if (!x || !y) co_return;
    if (x->blob.id == y->blob.id) {
      a.take_subtree();
      b.take_subtree();
      a.ahead_ = b.ahead_ = 0;
      continue;
    }
    const std::uint8_t level_a = x->level;
    const std::uint8_t level_b = y->level;
    if (level_a == 0 && level_b == 0) co_return;
    // Go down on the higher side, on both when they are level, until equal subtrees can meet.
    if (level_a >= level_b) co_await a.enter(a.take_subtree());
    if (level_b >= level_a) co_await b.enter(b.take_subtree());
  }
}

bool ParentStream::ready(std::string_view path) {
  if (!reader_) return true;
  while (const Entry* entry = reader_->peek()) {
    if (compare_paths(entry->path, path) >= 0) return true;
    reader_->pop();
  }
  return reader_->at_end();
}

Task<void> ParentStream::advance_to(std::string path) {
  try {
    while (!ready(path)) {
      reader_->pass_before(path);
      co_await reader_->load();
    }
  } catch (const LostBlob& lost) {
    // Not for a damaged pack that the index still counts on: the new tree would count on it, too.
    log::warn("part of the earlier snapshot is lost: what comes after is read again",
              {{"path", path}, {"error", lost.what()}});
    reader_.reset();
  }
}

const Entry* ParentStream::at(std::string_view path) const {
  const Entry* entry = reader_ ? reader_->peek() : nullptr;
  return entry && entry->path == path ? entry : nullptr;
}

}  // namespace stash::engine

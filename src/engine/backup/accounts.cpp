#include "engine/backup/accounts.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>

namespace stash::engine {
namespace {

constexpr std::size_t kMaxName = 255;
constexpr std::size_t kMaxFile = std::size_t{16} << 20;

/// Lines of "name:password:id:..." as a map from id to name.
std::unordered_map<std::uint32_t, std::string> parse(std::string_view text) {
  std::unordered_map<std::uint32_t, std::string> names;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t name_end = line.find(':');
    if (name_end == std::string_view::npos || name_end == 0 || name_end > kMaxName) continue;
    const std::size_t password_end = line.find(':', name_end + 1);
    if (password_end == std::string_view::npos) continue;
    const std::string_view number =
        line.substr(password_end + 1, line.find(':', password_end + 1) - password_end - 1);
    std::uint32_t id = 0;
    const auto [rest, failure] = std::from_chars(number.data(), number.data() + number.size(), id);
    if (failure != std::errc() || rest != number.data() + number.size()) continue;
    names.emplace(id, line.substr(0, name_end));
  }
  return names;
}

/// At most kMaxFile bytes of a file, or "" when it cannot be read.
std::string read_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  std::string text;
  std::array<char, 65536> part;
  while (text.size() < kMaxFile && (file.read(part.data(), part.size()), file.gcount() > 0))
    text.append(part.data(), static_cast<std::size_t>(file.gcount()));
  return text;
}

const std::string& find(const std::unordered_map<std::uint32_t, std::string>& names, std::uint32_t id) {
  static const std::string nameless;
  const auto found = names.find(id);
  return found == names.end() ? nameless : found->second;
}

}  // namespace

Accounts::Accounts(std::string_view passwd, std::string_view group)
    : users_(parse(passwd)), groups_(parse(group)) {}

Accounts Accounts::load() { return {read_file("/etc/passwd"), read_file("/etc/group")}; }

const std::string& Accounts::user(std::uint32_t uid) const { return find(users_, uid); }
const std::string& Accounts::group(std::uint32_t gid) const { return find(groups_, gid); }

}  // namespace stash::engine

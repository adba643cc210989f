#include "engine/repository/foreign.hpp"

#include <algorithm>

#include "engine/format/ids.hpp"

namespace stash::engine {
namespace {

constexpr std::size_t kHeadSize = 64;

bool is_hex64(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

Task<std::string> foreign_repository(storage::Store& store) {
  // kopia: kopia.repository, kopia.repository.f on a file system.
  const auto kopia = co_await store.list("kopia.repository", "");
  if (!kopia.objects.empty()) co_return "kopia";

  // borg: `config` is an INI file with the section [repository].
  Bytes head;
  try {
    const storage::Range range(0, kHeadSize);
    head = co_await store.get(std::string(kConfigName), range);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::NotFound) throw;
  }
  if (as_text(head).starts_with("[repository]")) co_return "borg";

  // restic: `config` is ciphertext, key files are named by their SHA-256.
  const auto keys = co_await store.list(std::string(kKeysPrefix), "");
  const bool hashes = std::ranges::any_of(keys.objects, [](const storage::ObjectInfo& object) {
    return is_hex64(std::string_view(object.name).substr(kKeysPrefix.size()));
  });
  co_return hashes ? "restic" : "";
}

}  // namespace stash::engine

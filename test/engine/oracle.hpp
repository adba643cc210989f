#pragma once

// The oracle: what holds after every step of every test of this folder, whatever was killed, damaged or
// interleaved. Each question answers "" or the first thing that is wrong, as a sentence.
//
//   whole()    every snapshot that was reported restores to what it was, and check agrees
//   idle()     a prune that has nothing to do does nothing
//   Ledger     over all processes of a scenario: no object is overwritten and no name used twice; only who
//              may deletes, and only what is its own
//   Ledger::repeats_a_nonce()  no (key, nonce) pair seals two things
//   shows()    no canary stands in what is stored, as a name or as bytes

#include <set>

#include "engine/format/pack.hpp"
#include "engine/snapshot_fixture.hpp"

namespace stash::engine::test {

/// Names and bytes of what is stored.
using Objects = std::map<std::string, Bytes>;
/// Id -> content of the snapshots whose backup reported success.
using Reported = std::map<std::string, Files>;

/// Whether each of `reported` restores to what it was. Throws where one does not restore.
inline std::string restored(Repository& repository, const Reported& reported) {
  for (const auto& [id, files] : reported)
    if (net::run(read_snapshot(repository, id)) != files)
      return fmt::format("snapshot {} restores to something else", id);
  return "";
}

inline std::string whole(Repository& repository, const Reported& reported) {
  try {
    const CheckResult result = check_all(repository);
    return result.ok() ? restored(repository, reported) : result.errors.front();
  } catch (const Error& e) {
    return e.what();
  }
}

inline std::string idle(Repository& repository, PruneOptions options) {
  const PruneResult result = net::run(prune(repository, options));
  return result.packs_deleted + result.packs_condemned + result.packs_rewritten == 0
             ? ""
             : "a prune with nothing to do did something";
}

/// The footer of a pack as it is stored. Throws where it does not open.
struct StoredFooter : PackFooter {
  StoredFooter(const Keys& keys, const ObjectId& pack, ByteView bytes) {
    const BlobKind kind = pack_kind(bytes, pack);
    offset = footer_offset(bytes.last(kTrailerSize), kind, bytes.size(), pack);
    const ByteView sealed = bytes.subspan(offset, bytes.size() - kTrailerSize - offset);
    static_cast<PackFooter&>(*this) = open_footer(keys, pack, kind, offset, sealed);
  }
  std::uint64_t offset = 0;
};

/// What a process is for tells what it may delete.
enum class Role { Writer, Collector, Forgetter, Repairer, Salvager };

/// Everything that any process ever put.
class Ledger {
 public:
  /// Called before a store is told, since an answer may be lost after the deed.
  void put(const std::string& name, const std::vector<ByteView>& parts) {
    const Bytes whole = copy_of(parts);
    const auto [it, fresh] = written_.try_emplace(name, whole);
    if (!fresh && it->second != whole) blame("{} is written twice, with different bytes", name);
  }

  /// `own`: the process put this object itself.
  void removed(const std::string& name, Role role, bool own) {
    const bool is_snapshot = name.starts_with(kSnapshotsPrefix);
    const bool is_segment = name.starts_with(kIndexPrefix);
    const bool may = role == Role::Writer      ? is_snapshot && own
                     : role == Role::Forgetter ? is_snapshot
                     : role == Role::Repairer  ? is_segment
                     : role == Role::Salvager  ? false
                                              : is_snapshot || is_segment || name.starts_with(kPacksPrefix) ||
                                                    name.starts_with(kTombPrefix);
    if (!may) blame("{} is deleted by who may not", name);
  }

  const std::string& wrong() const { return wrong_; }
  const Objects& written() const { return written_; }

  /// Reads the seals off the objects as they were stored. A pack's key comes from its random id, another
  /// object's from its name, a slot's from its salt.
  std::string repeats_a_nonce(const Keys& keys) const {
    std::set<std::pair<std::string, std::uint64_t>> pairs;
    std::string wrong;
    const auto seal = [&](const std::string& name, const crypto::Key& key, std::uint64_t nonce) {
      if (!pairs.emplace(to_hex(key.view()), nonce).second)
        wrong = fmt::format("{} is sealed with a key and nonce that were used before", name);
    };
    std::set<Bytes> salts;
    for (const auto& [name, bytes] : written_) {
      if (const auto pack = parse_pack_name(name)) {
        const StoredFooter footer(keys, *pack, bytes);
        for (const FrameInfo& frame : footer.frames) seal(name, keys.pack_key(*pack), frame.offset);
        seal(name, keys.pack_key(*pack), footer.offset);
      } else if (name.starts_with(kKeysPrefix)) {
        if (!salts.insert(read_slot(name.substr(kKeysPrefix.size()), as_text(bytes)).salt).second)
          wrong = fmt::format("{} has the salt of another slot", name);
      } else if (name != kConfigName) {
        const std::uint32_t pieces = read_header(bytes, as_text(ByteView(bytes).first(4)), name).last;
        for (std::uint32_t piece = 0; piece < pieces; ++piece) seal(name, keys.object_key(name), piece);
      }
    }
    return pairs.empty() ? "nothing was sealed" : wrong;
  }

 private:
  template <class... Args>
  void blame(fmt::format_string<Args...> format, Args&&... args) {
    if (wrong_.empty()) wrong_ = fmt::format(format, std::forward<Args>(args)...);
  }

  Objects written_;
  std::string wrong_;
};

/// The store as one process sees it, every change written down in the ledger.
class LedgerStore : public storage::Store {
 public:
  LedgerStore(storage::Store& inner, Ledger& ledger, Role role)
      : inner_(inner), ledger_(ledger), role_(role) {}

  std::string describe() const override { return inner_.describe(); }
  Task<void> put(std::string name, std::vector<ByteView> parts) override {
    ledger_.put(name, parts);
    own_.insert(name);
    return inner_.put(std::move(name), std::move(parts));
  }
  Task<Bytes> get(std::string name, storage::Range range) override {
    return inner_.get(std::move(name), range);
  }
  Task<std::optional<std::uint64_t>> size(std::string name) override { return inner_.size(std::move(name)); }
  Task<storage::ListPage> list(std::string prefix, std::string token) override {
    return inner_.list(std::move(prefix), std::move(token));
  }
  Task<void> remove(std::string name) override {
    ledger_.removed(name, role_, own_.contains(name));
    return inner_.remove(std::move(name));
  }
  Task<void> sync() override { return inner_.sync(); }

 private:
  storage::Store& inner_;
  Ledger& ledger_;
  const Role role_;
  std::set<std::string> own_;
};

/// The first of `canaries` that stands in the name or the bytes of an object.
inline std::string shows(const Objects& objects, const std::vector<std::string>& canaries) {
  for (const auto& [name, bytes] : objects)
    for (const std::string& canary : canaries)
      if (as_text(bytes).find(canary) != std::string_view::npos || name.find(canary) != std::string::npos)
        return fmt::format("{} shows {}", name, to_hex(as_bytes(canary)));
  return "";
}

}  // namespace stash::engine::test

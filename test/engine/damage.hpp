#pragma once

// Damage: every object of a repository is flipped, cut, emptied, lengthened, exchanged, replaced by another
// repository's or taken away, and every operation runs on what is left. The oracle:
//
//   - an operation either fails with an Error that tells, or does what it would have done without the damage;
//   - what is restored is what was backed up, or nothing (I6);
//   - check finds whatever keeps a snapshot from being restored (I7);
//   - a damaged manifest hides no other snapshot, and a damaged tomb keeps nobody from restoring;
//   - no operation makes it worse: with the damaged object back as it was, every snapshot is whole (I7).

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/oracle.hpp"
#include "stash/engine/recover.hpp"
#include "stash/engine/repair.hpp"

namespace stash::engine::test {

/// One way to spoil an object: its new content, or nothing when it is gone.
struct Damage {
  std::string object;
  std::string how;
  std::optional<Bytes> content;
};

/// Every damage to the object `name` of `whole`. `flips`: how many places spread over it get a bit flipped,
/// beside its first and last ones. `foreign`: another repository with objects of the same kinds.
inline std::vector<Damage> damages(const Objects& whole, const std::string& name, std::size_t flips,
                                   const Objects& foreign) {
  const Bytes& bytes = whole.at(name);
  std::vector<Damage> found;
  const auto add = [&](std::string how, std::optional<Bytes> content) {
    if (content != bytes) found.push_back({name, std::move(how), std::move(content)});
  };
  const auto flip = [&](std::size_t at, unsigned bit) {
    Bytes changed = bytes;
    changed[at] ^= std::byte(1u << bit);
    add(fmt::format("bit {} of byte {} flipped", bit, at), std::move(changed));
  };
  const std::size_t ends = std::min<std::size_t>(24, 4 * flips);
  for (std::size_t i = 0; i < bytes.size(); ++i)
    if (i < ends || i + ends >= bytes.size() || i % (bytes.size() / (flips + 1) + 1) == 0) flip(i, i % 8);
  for (const std::size_t length : {std::size_t{0}, std::size_t{1}, std::size_t{15}, std::size_t{16},
                                   std::size_t{17}, bytes.size() / 2, bytes.size() - 16, bytes.size() - 1})
    if (length < bytes.size())
      add(fmt::format("cut to {} bytes", length), copy_of(ByteView(bytes).first(length)));
  Bytes zeros = bytes;
  std::fill(zeros.begin() + zeros.size() * 3 / 4, zeros.end(), std::byte{0});
  add("its last quarter zero", std::move(zeros));
  Bytes longer = bytes;
  longer.resize(bytes.size() + 1);
  add("a byte too long", longer);
  append(longer, bytes);
  add("twice", std::move(longer));
  const std::string folder = name.substr(0, name.find('/'));
  for (const Objects* from : {&whole, &foreign})
    for (const auto& [other, content] : *from)
      if (other.substr(0, other.find('/')) == folder)
        add(fmt::format("replaced by {}{}", from == &foreign ? "another repository's " : "", other), content);
  add("gone", std::nullopt);
  return found;
}

/// A repository with two snapshots, a forgotten one whose packs are condemned, a broken one and two keys.
class DamagedWorld {
 public:
  explicit DamagedWorld(std::size_t flips) : flips_(flips) {
    whole_ = build(true);
    world_.memory.objects().clear();
    foreign_ = build(false);
  }

  struct Counts {
    std::uint64_t damages = 0;
    std::uint64_t operations = 0;
    std::uint64_t refused = 0;   ///< ended with an error that tells
    std::uint64_t harmless = 0;  ///< did what it would have done
  };

  /// Runs every operation on every damage. The answer is what went wrong first, or empty.
  std::string run() {
    for (const auto& [name, bytes] : whole_)
      for (const Damage& damage : damages(whole_, name, flips_, foreign_)) {
        ++counts_.damages;
        std::string wrong = try_all(damage);
        if (!wrong.empty()) return fmt::format("{}, {}: {}", name, damage.how, wrong);
      }
    return {};
  }
  const Counts& counts() const { return counts_; }

 private:
  Objects build(bool main) {
    net::run(init_raw(world_.memory, world_.environment()));
    const Files first = some_files(5, main ? 1 : 9, 3'000);
    Files second = some_files(4, main ? 2 : 8, 3'000);
    second.insert(first.begin(), std::next(first.begin(), 2));
    const std::string a = make(first);
    const std::string dead = make(some_files(4, 3, 3'000));
    const std::string b = make(second);
    net::run(open()->impl().remove_snapshot(dead));
    PruneOptions condemn;
    condemn.young = Duration::zero();
    condemn.max_unused = 1;
    net::run(prune(*open(), condemn));
    net::run(open()->add_key(Secret(std::string(64, 'k')), Kdf::Raw, "other"));
    if (main) snapshots_ = {{a, first}, {b, second}};
    return world_.memory.objects();
  }
  std::unique_ptr<Repository> open() { return net::run(open_raw(world_.memory, world_.environment())); }
  std::string make(const Files& files) { return net::run(make_snapshot(*open(), files)).id; }

  void spoil(const Damage& damage) {
    world_.memory.objects() = whole_;
    if (damage.content)
      world_.memory.objects()[damage.object] = *damage.content;
    else
      world_.memory.objects().erase(damage.object);
  }

  /// A manifest that is gone is a forgotten snapshot, and what only it needed may go.
  static bool forgets(const Damage& damage) {
    return damage.object.starts_with("snapshots/") && !damage.content;
  }

  /// Runs `operation`; what it answers beside an Error that tells is what went wrong.
  std::string attempt(const std::function<std::string()>& operation) {
    ++counts_.operations;
    try {
      std::string wrong = operation();
      ++counts_.harmless;
      return wrong;
    } catch (const Error& e) {
      ++counts_.refused;
      const bool tells = e.kind() == ErrorKind::Corrupt || e.kind() == ErrorKind::NotFound ||
                         e.kind() == ErrorKind::Unsupported || e.kind() == ErrorKind::Denied ||
                         e.kind() == ErrorKind::Conflict;
      return tells ? "" : fmt::format("failed as {}: {}", to_string(e.kind()), e.what());
    } catch (const std::exception& e) {
      return fmt::format("threw {}", e.what());
    }
  }

  void repair() {
    Progress progress;
    net::run(repair_index(*open(), false, progress));
  }

  void repair_packs_and_snapshots() {
    Progress progress;
    net::run(repair_packs(*open(), {}, progress));
    net::run(repair_snapshots(*open(), {}, progress));
  }
  void recover_all() {
    Progress progress;
    RecoverOptions options;
    options.ids = {"all"};
    net::run(recover(*open(), std::move(options), progress));
  }

  static constexpr std::size_t kRepair = 2;

  std::string try_all(const Damage& damage) {
    std::string wrong = look(damage);
    const std::function<void()> changes[] = {
        [&] { make(some_files(6, 1, 3'000)); },
        [&] { net::run(prune(*open(), at_once())); },
        [&] { repair(); },
        [&] {
          ForgetOptions options;
          options.policy.last = 9;
          options.prune = true;
          net::run(forget(*open(), options));
        },
        [&] { repair_packs_and_snapshots(); },
        [&] { recover_all(); },
    };
    for (std::size_t i = 0; wrong.empty() && i < std::size(changes); ++i) {
      spoil(damage);
      wrong = attempt([&] {
        changes[i]();
        return std::string();
      });
      if (wrong.empty() && !forgets(damage)) wrong = healed(damage, i == kRepair);
      if (!wrong.empty()) wrong = fmt::format("change {}: {}", i, wrong);
    }
    return wrong;
  }

  /// Restores and checks, which change nothing.
  std::string look(const Damage& damage) {
    spoil(damage);
    const Objects before = world_.memory.objects();
    bool restores = true;
    std::string wrong;
    for (const auto& [id, files] : snapshots_) {
      const std::uint64_t refused = counts_.refused;
      if (wrong.empty()) wrong = attempt([&] { return restored(*open(), {{id, files}}); });
      restores = restores && counts_.refused == refused;
    }
    bool sound = true;
    const std::uint64_t refused = counts_.refused;
    if (wrong.empty())
      wrong = attempt([&] {
        sound = check_all(*open()).ok();
        return std::string();
      });
    sound = sound && counts_.refused == refused;
    std::size_t listed = 0;
    if (wrong.empty())
      wrong = attempt([&] {
        listed = net::run(open()->snapshots({})).size();
        return std::string();
      });
    const bool of_manifest = damage.object.starts_with("snapshots/");
    if (wrong.empty() && !restores && damage.object.starts_with("tomb/")) wrong = "a restore needs a tomb";
    if (wrong.empty() && of_manifest && listed + 1 < snapshots_.size()) wrong = "other snapshots are hidden";
    if (wrong.empty() && !restores && sound && !forgets(damage)) wrong = "check finds nothing";
    if (wrong.empty() && world_.memory.objects() != before) wrong = "looking changed something";
    return wrong;
  }

  /// A pack that a repair left out of the index is back in it after another one.
  std::string healed(const Damage& damage, bool repaired) {
    world_.memory.objects()[damage.object] = whole_.at(damage.object);
    if (repaired) repair();
    try {
      return restored(*open(), snapshots_);
    } catch (const Error& e) {
      return fmt::format("with the object back: {}", e.what());
    }
  }

  World world_;
  std::size_t flips_;
  Objects whole_;
  Objects foreign_;
  Reported snapshots_;
  Counts counts_;
};

}  // namespace stash::engine::test

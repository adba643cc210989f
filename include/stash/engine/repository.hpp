#pragma once

// Words of this room, as the field uses them:
//   blob      one deduplicated unit of bytes, named by a keyed hash of its content
//   frame     the unit of compression and sealing: one large blob or several small ones
//   pack      one stored object holding many frames
//   index     which pack, frame and place holds each blob
//   tree      the sorted entry stream of one snapshot, cut into leaves and nodes that are blobs
//   snapshot  one small sealed manifest: the commit point of a backup
//   tomb      a list of packs condemned by a collector

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "stash/base/random.hpp"
#include "stash/base/secret.hpp"
#include "stash/base/time.hpp"
#include "stash/engine/tag_filter.hpp"
#include "stash/net/task.hpp"
#include "stash/storage/store.hpp"

namespace stash::engine {

/// Resident bytes that are no buffers: program text, stacks, the tree at hand. The index comes on top, with
/// 16 bytes a blob in a backup.
inline constexpr std::uint64_t kBesideBuffers = std::uint64_t{16} << 20;
/// The least memory_budget with which every operation gets through.
inline constexpr std::uint64_t kLeastBuffers = std::uint64_t{32} << 20;

/// Bytes for buffers where the process may use `limit` bytes and would take `wanted` for buffers: an eighth
/// of the limit stays free for what the kernel counts too. May be less than kLeastBuffers: then nothing
/// should be begun.
std::uint64_t buffers_within(std::optional<std::uint64_t> limit, std::uint64_t wanted);

/// What every operation needs from outside. What it refers to must outlive the repository.
struct Environment {
  net::Pool& pool;
  net::Timers& timers;
  Random& random;
  /// Bytes for all buffers together. The program itself takes up to kBesideBuffers more.
  std::uint64_t memory_budget = std::uint64_t{80} << 20;
  /// Where the merged index is kept from one process to the next (IndexFile), so that it need not be in the
  /// heap. Made when it is not there; empty: nowhere.
  std::string index_directory;

  Environment(net::Pool& p, net::Timers& t, Random& r) : pool(p), timers(t), random(r) {}
};

enum class Kdf {
  Scrypt,  ///< for passwords people choose: N=2^15, r=8, p=1 (about 100 ms, 32 MiB)
  Raw,     ///< for secrets of at least 256 bits: no delay, no memory
};

/// Raw for a secret that a machine made by its looks: 64 hexadecimal digits or more, or 43 characters of
/// base64 or more with capitals, small letters and digits among them. Else Scrypt.
Kdf kdf_for(std::string_view password);

struct InitOptions {
  std::optional<Kdf> kdf;  ///< nothing: kdf_for() the password

  InitOptions() {}
};

/// How many files of each sort a backup met. Directories and other entries are counted apart.
struct FileCounts {
  std::uint64_t files_new = 0;
  std::uint64_t files_changed = 0;
  std::uint64_t files_unmodified = 0;
  std::uint64_t dirs = 0;
  std::uint64_t others = 0;  ///< symlinks, devices, fifos, sockets
  std::uint64_t bytes = 0;   ///< sum of file sizes
  std::uint64_t files() const { return files_new + files_changed + files_unmodified; }
  std::uint64_t entries() const { return files() + dirs + others; }
  bool operator==(const FileCounts&) const = default;
};

/// Something that could not be read or set; `path` as raw bytes.
struct PathProblem {
  std::string path;
  std::string what;

  PathProblem(std::string p, std::string w) : path(std::move(p)), what(std::move(w)) {}
};

/// A snapshot manifest as callers see it.
struct Snapshot {
  std::string id;  ///< ULID, 26 characters of Crockford base32, lower case
  TimePoint start;
  TimePoint end;
  std::string host;
  std::vector<std::string> paths;
  std::vector<std::string> tags;
  std::vector<std::string> excludes;
  std::map<std::string, std::string> source;  ///< identity: cluster, namespace, workload, pod, claim uid ...
  std::string parent;                         ///< id, or empty
  std::string program;                        ///< "stash 0.1.0"
  bool complete = true;                       ///< false: something was unreadable
  FileCounts counts;
  std::uint64_t bytes_added = 0;   ///< raw bytes of new blobs
  std::uint64_t bytes_stored = 0;  ///< bytes put into the store for it
  std::uint64_t vanished = 0;      ///< entries that went away while walking
  std::uint64_t errors = 0;
  std::vector<PathProblem> first_errors;  ///< at most 20

  /// The last 8 characters: the random part, so that it differs between snapshots of one moment.
  std::string short_id() const { return id.substr(id.size() - 8); }
};

/// Which snapshots an operation means. Empty members match all.
struct SnapshotFilter {
  std::string host;
  std::vector<std::string> paths;  ///< the snapshot has all of these paths
  TagFilter tags;
  std::map<std::string, std::string> source;  ///< the snapshot's source has all of these

  SnapshotFilter() {}
  bool matches(const Snapshot& snapshot) const;
};

struct KeyInfo {
  std::string id;
  Kdf kdf = Kdf::Scrypt;
  std::string label;
  TimePoint created;
  bool current = false;  ///< the one that opened this repository
};

/// An open repository. One control thread; any number of processes may work on the same store at once.
///
/// Errors of open(): NotFound (no repository at the address), Denied (wrong password), Unsupported (a newer
/// format, or a restic, kopia or borg repository), Corrupt.
class Repository {
 public:
  /// Makes a repository in an empty place. Conflict when there is one already, Unsupported (with a sentence)
  /// when the place holds a restic, kopia or borg repository, Invalid when it holds foreign objects under our
  /// names.
  static Task<void> init(storage::Store& store, Secret password, InitOptions options,
                         Environment environment);
  static Task<std::unique_ptr<Repository>> open(storage::Store& store, Secret password,
                                                Environment environment);

  ~Repository();
  Repository(const Repository&) = delete;
  Repository& operator=(const Repository&) = delete;

  std::string id() const;  ///< hexadecimal repository id
  storage::Store& store() const;
  const Environment& environment() const;

  /// Oldest first. One whose manifest cannot be opened is told in the log and left out.
  Task<std::vector<Snapshot>> snapshots(SnapshotFilter filter);
  /// "latest" (newest of snapshots(filter)), a full id, or a unique ending or beginning of one (at least 4
  /// characters). NotFound; Invalid when it is ambiguous; Corrupt or Unsupported when a manifest that it may
  /// mean cannot be opened.
  Task<Snapshot> find_snapshot(std::string id, SnapshotFilter filter);

  Task<std::vector<KeyInfo>> keys();
  Task<std::string> add_key(Secret password, Kdf kdf, std::string label);
  /// Refuses (Invalid) to remove the key that opened this repository.
  Task<void> remove_key(std::string id);

  struct Impl;
  Impl& impl() const { return *impl_; }  ///< for the operations of this room (src/engine/repository_impl.hpp)

 private:
  explicit Repository(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace stash::engine

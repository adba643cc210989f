#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "stash/base/bytes.hpp"
#include "stash/base/error.hpp"
#include "stash/net/task.hpp"

namespace stash::storage {

/// Which bytes of an object: [offset, offset + length), or the last `length` bytes when `from_end`.
struct Range {
  std::uint64_t offset = 0;
  std::uint64_t length = UINT64_MAX;  ///< UINT64_MAX: to the end
  bool from_end = false;

  Range() {}
  Range(std::uint64_t o, std::uint64_t l) : offset(o), length(l) {}
  static Range whole() { return {}; }
  static Range last(std::uint64_t n) {
    Range r(0, n);
    r.from_end = true;
    return r;
  }
};

struct ObjectInfo {
  std::string name;
  std::uint64_t size = 0;
};

struct ListPage {
  std::vector<ObjectInfo> objects;
  std::string next;  ///< token for the next page; empty: this was the last

  ListPage() {}
};

/// Where a repository's objects live: flat names ("packs/ab/<id>"), immutable contents.
///
/// Every implementation passes test/storage/store_suite.hpp. All calls run on the control thread; blocking
/// work is offloaded inside. Names are printable ASCII of [a-z0-9/._-], at most 200 bytes, relative, never
/// "..": others are Error(Invalid). Errors: NotFound, Denied (credentials, read-only), Unavailable (retry),
/// Exhausted (full), Invalid (the address or configuration is wrong; the text says what would be right),
/// Corrupt (a body shorter or longer than announced). No call returns partial data.
class Store {
 public:
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  virtual ~Store() = default;

  /// Address for people, without secrets: "/srv/repo", "s3:https://host/bucket/prefix".
  virtual std::string describe() const = 0;

  /// Stores a whole object under a new name; `parts` are concatenated and stay the caller's until the call
  /// returns. All or nothing: a reader never sees a prefix. Error(Conflict) when the name exists already and
  /// the store can tell (local, memory, S3 with If-None-Match). Durable once sync() has returned after it.
  virtual Task<void> put(std::string name, std::vector<ByteView> parts) = 0;

  /// The bytes of `range`; asking beyond the end gives what there is. Error(NotFound) when there is no such
  /// object.
  virtual Task<Bytes> get(std::string name, Range range) = 0;

  /// Size in bytes, or nothing when there is no such object.
  virtual Task<std::optional<std::uint64_t>> size(std::string name) = 0;

  /// One page of the objects whose names begin with `prefix`, in name order; `token` from the page before, or
  /// "". A put that returned is seen by every later list.
  virtual Task<ListPage> list(std::string prefix, std::string token) = 0;

  /// Removes an object; one that is not there is fine.
  virtual Task<void> remove(std::string name) = 0;

  /// Barrier: everything put before, and every object that was listed before (whoever put it), is durable
  /// when this returns.
  virtual Task<void> sync() = 0;
};

/// All pages of a prefix. For prefixes known to be small (keys/, snapshots/ of one repository).
Task<std::vector<ObjectInfo>> list_all(Store& store, std::string prefix);

}  // namespace stash::storage

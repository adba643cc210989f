#pragma once

#include <memory>
#include <random>
#include <string>

#include "engine/blobs/blob_reader.hpp"
#include "engine/blobs/blob_writer.hpp"
#include "engine/repository/repository_impl.hpp"
#include "engine/snapshot/content.hpp"
#include "engine/snapshot/tree_reader.hpp"
#include "engine/snapshot/tree_writer.hpp"
#include "stash/base/error.hpp"
#include "support/faulty_store.hpp"
#include "support/manual_timers.hpp"

namespace stash::engine::test {

/// Random numbers that are the same in every run.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed = 1) : engine_(seed) {}
  void fill(std::span<std::byte> out) override {
    for (std::byte& b : out) b = static_cast<std::byte>(engine_());
  }

 private:
  std::mt19937_64 engine_;
};

inline Bytes random_bytes(std::size_t size, std::uint64_t seed) {
  SeededRandom random(seed);
  Bytes bytes(size);
  random.fill(bytes);
  return bytes;
}

/// Text-like bytes that compress.
inline Bytes dull_bytes(std::size_t size, std::uint64_t seed) {
  std::mt19937_64 engine(seed);
  Bytes bytes;
  while (bytes.size() < size) {
    const std::string line = fmt::format("2026-11-23 host{} service[{}]: request took {} ms\n", engine() % 8,
                                         engine() % 100, engine() % 1000);
    append(bytes, as_bytes(line));
  }
  bytes.resize(size);
  return bytes;
}

/// Pool, time and chance for one test.
struct World {
  net::Pool pool{2};
  stash::test::ManualTimers timers;
  SeededRandom random;
  stash::test::FaultyStore memory;

  Environment environment() { return {pool, timers, random}; }
  /// Of the objects of a kind.
  std::vector<std::string> names(std::string_view prefix) {
    std::vector<std::string> found;
    for (const auto& [name, bytes] : memory.objects())
      if (name.starts_with(prefix)) found.push_back(name);
    return found;
  }
};

inline Secret strong_password() { return Secret("0123456789abcdef0123456789abcdef0123456789abcdef"); }

inline Task<void> init_raw(storage::Store& store, Environment environment) {
  InitOptions options;
  options.kdf = Kdf::Raw;
  co_await Repository::init(store, strong_password(), options, environment);
}

inline Task<std::unique_ptr<Repository>> open_raw(storage::Store& store, Environment environment) {
  co_return co_await Repository::open(store, strong_password(), environment);
}

/// A file entry whose content is `blobs`.
inline Entry file_entry(std::string path, std::vector<BlobRef> blobs) {
  Entry entry;
  entry.path = std::move(path);
  entry.mode = 0644;
  entry.mtime = TimePoint(std::chrono::seconds(1'700'000'000));
  entry.ctime = entry.mtime;
  for (const BlobRef& ref : blobs) entry.size += ref.size;
  entry.blobs = std::move(blobs);
  return entry;
}

/// The kind of the Error that `fn` throws, or nothing.
template <class F>
std::optional<ErrorKind> kind_of(F&& fn) {
  try {
    fn();
  } catch (const Error& e) {
    return e.kind();
  }
  return std::nullopt;
}

}  // namespace stash::engine::test

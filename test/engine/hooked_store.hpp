#pragma once

#include <functional>

#include "stash/storage/store.hpp"

namespace stash::engine::test {

/// A store around another one that lets a test look at each call, or run something else before it. A call is
/// told as its verb and name: "put packs/ab/..", "list tomb/", "sync".
class HookedStore final : public storage::Store {
 public:
  explicit HookedStore(storage::Store& inner) : inner_(inner) {}

  std::function<void(const std::string& call)> on_call;           ///< may throw
  std::function<Task<void>(const std::string& call)> run_before;  ///< a function that calls a coroutine

  std::function<void(const std::string& name, Bytes& got)> on_got;  ///< may throw, and change it

  std::string describe() const override { return inner_.describe(); }

  Task<void> put(std::string name, std::vector<ByteView> parts) override {
    co_await enter("put " + name);
    co_await inner_.put(std::move(name), std::move(parts));
  }
  Task<Bytes> get(std::string name, storage::Range range) override {
    co_await enter("get " + name);
    Bytes bytes = co_await inner_.get(name, range);
    if (on_got) on_got(name, bytes);
    co_return bytes;
  }
  Task<std::optional<std::uint64_t>> size(std::string name) override {
    co_await enter("size " + name);
    co_return co_await inner_.size(std::move(name));
  }
  Task<storage::ListPage> list(std::string prefix, std::string token) override {
    co_await enter("list " + prefix);
    co_return co_await inner_.list(std::move(prefix), std::move(token));
  }
  Task<void> remove(std::string name) override {
    co_await enter("remove " + name);
    co_await inner_.remove(std::move(name));
  }
  Task<void> sync() override {
    co_await enter("sync");
    co_await inner_.sync();
  }

 private:
  Task<void> enter(std::string call) {
    if (on_call) on_call(call);
    if (run_before) co_await run_before(call);
  }

  storage::Store& inner_;
};

}  // namespace stash::engine::test

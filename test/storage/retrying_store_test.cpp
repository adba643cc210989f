#include "stash/storage/retrying_store.hpp"

#include <gtest/gtest.h>

#include "support/faulty_store.hpp"

namespace stash::test {
namespace {

/// Time that passes at once: a sleep moves the clock.
class InstantTimers final : public net::Timers {
 public:
  TimePoint now() const override { return TimePoint(elapsed_); }
  std::chrono::steady_clock::time_point steady() const override {
    return std::chrono::steady_clock::time_point(elapsed_);
  }
  Task<void> sleep(Duration delay) override {
    elapsed_ += delay;
    co_return;
  }

 private:
  Duration elapsed_{};
};

class RetryingStoreTest : public testing::Test {
 protected:
  RetryingStoreTest() {
    auto faulty = std::make_unique<FaultyStore>();
    faulty_ = faulty.get();
    store_ = std::make_unique<storage::RetryingStore>(std::move(faulty), timers_, random_);
  }
  void put(const std::string& name) {
    const std::vector<ByteView> parts{as_bytes("text")};
    net::run(store_->put(name, parts));
  }

  InstantTimers timers_;
  SystemRandom random_;
  FaultyStore* faulty_ = nullptr;
  std::unique_ptr<storage::RetryingStore> store_;
};

TEST_F(RetryingStoreTest, TriesAgainUntilItWorks) {
  for (std::size_t i = 0; i < 4; ++i) faulty_->fail_call(i);

  put("o");

  EXPECT_EQ(faulty_->calls(), 5u);
  EXPECT_TRUE(faulty_->objects().contains("o"));
}

TEST_F(RetryingStoreTest, CountsAPutWhoseAnswerWasLostAsDone) {
  faulty_->fail_call(0, ErrorKind::Unavailable, true);

  put("o");

  EXPECT_EQ(as_text(faulty_->objects().at("o")), "text");
}

TEST_F(RetryingStoreTest, PassesOnWhatRetryingCannotMend) {
  faulty_->fail_call(0, ErrorKind::Denied);

  EXPECT_THROW(put("o"), Error);
  EXPECT_EQ(faulty_->calls(), 1u);
}

TEST_F(RetryingStoreTest, PassesOnAConflictThatIsNotItsOwn) {
  put("o");

  EXPECT_THROW(put("o"), Error);
}

TEST_F(RetryingStoreTest, GivesUpSoonOnAStoreThatNeverAnswered) {
  faulty_->die_at(0);

  EXPECT_THROW(net::run(store_->get("o", {})), Error);
  EXPECT_LE(timers_.now(), TimePoint(std::chrono::minutes(1)));
  EXPECT_GT(faulty_->calls(), 5u);
}

/// The connection of its first put breaks after ten minutes.
class SlowStore final : public storage::Store {
 public:
  explicit SlowStore(net::Timers& timers) : timers_(timers) {}
  std::string describe() const override { return "slow"; }
  Task<void> put(std::string name, std::vector<ByteView> parts) override {
    if (++puts_ > 1) co_return co_await memory_.put(std::move(name), std::move(parts));
    co_await timers_.sleep(std::chrono::minutes(10));
    throw Error(ErrorKind::Unavailable, "the connection broke");
  }
  Task<Bytes> get(std::string name, storage::Range range) override { return memory_.get(name, range); }
  Task<std::optional<std::uint64_t>> size(std::string name) override { return memory_.size(name); }
  Task<storage::ListPage> list(std::string prefix, std::string token) override {
    return memory_.list(prefix, token);
  }
  Task<void> remove(std::string name) override { return memory_.remove(name); }
  Task<void> sync() override { return memory_.sync(); }

 private:
  net::Timers& timers_;
  storage::MemoryStore memory_;
  int puts_ = 0;
};

TEST_F(RetryingStoreTest, TriesAgainWhatRanLongUntilItFailed) {
  storage::RetryingStore store(std::make_unique<SlowStore>(timers_), timers_, random_);
  const std::vector<ByteView> parts{as_bytes("text")};

  net::run(store.put("o", parts));

  EXPECT_EQ(net::run(store.size("o")), 4u);
}

TEST_F(RetryingStoreTest, WaitsLongerForOneThatHasAnswered) {
  put("o");
  faulty_->die_at(1);

  EXPECT_THROW(net::run(store_->get("o", {})), Error);
  EXPECT_GT(timers_.now(), TimePoint(std::chrono::minutes(3)));
  EXPECT_LE(timers_.now(), TimePoint(std::chrono::minutes(5)));
}

}  // namespace
}  // namespace stash::test

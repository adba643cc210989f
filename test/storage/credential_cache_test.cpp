#include "storage/credential_cache.hpp"

#include <gtest/gtest.h>

#include "stash/base/log.hpp"
#include "support/manual_timers.hpp"

namespace stash::storage {
namespace {

using std::chrono::minutes;

/// Gives "key 1", "key 2" ... that last an hour, each after others had their turn.
class CredentialCacheTest : public testing::Test {
 protected:
  CredentialCacheTest() { log::set_level(log::Level::Error); }
  ~CredentialCacheTest() override { log::set_level(log::Level::Info); }

  Task<TemporaryCredentials> fetch() {
    const int number = ++fetched_;
    co_await test::ManualTimers::settle();
    if (failure_) throw Error(*failure_, "no answer");
    TemporaryCredentials fresh;
    fresh.credentials.access_key = fmt::format("key {}", number);
    fresh.credentials.secret_key = Secret("secret");
    fresh.expires = timers_.now() + lifetime_;
    co_return fresh;
  }
  std::string get() { return net::run(cache_.get()).access_key; }

  Task<void> get_into(std::vector<std::string>& got) {
    try {
      const S3Credentials pair = co_await cache_.get();
      got.push_back(pair.access_key);
    } catch (const Error& e) {
      got.push_back(e.what());
    }
  }
  Task<void> get_thrice(std::vector<std::string>& got) {
    net::TaskGroup group;
    for (int i = 0; i < 3; ++i) co_await group.spawn(get_into(got));
    co_await group.join();
  }

  test::ManualTimers timers_;
  int fetched_ = 0;
  Duration lifetime_ = minutes(60);
  std::optional<ErrorKind> failure_;
  CredentialCache cache_{S3Credentials(), [this] { return fetch(); }, timers_};
};

TEST_F(CredentialCacheTest, WhatWasGivenStaysAndIsNeverFetched) {
  S3Credentials given;
  given.access_key = "given";
  given.secret_key = Secret("secret");
  CredentialCache cache(
      given, [this] { return fetch(); }, timers_);
  timers_.advance(minutes(600));

  EXPECT_EQ(net::run(cache.get()).access_key, "given");
  EXPECT_FALSE(cache.refused("given"));
  EXPECT_EQ(net::run(cache.get()).access_key, "given");
  EXPECT_EQ(fetched_, 0);
}

TEST_F(CredentialCacheTest, IsFetchedAnewFiveMinutesBeforeItExpires) {
  EXPECT_EQ(get(), "key 1");
  timers_.advance(minutes(54));
  EXPECT_EQ(get(), "key 1");
  timers_.advance(minutes(1));
  EXPECT_EQ(get(), "key 2");
}

TEST_F(CredentialCacheTest, WhatExpiresSoonIsNotFetchedWithEveryRequest) {
  lifetime_ = minutes(3);
  EXPECT_EQ(get(), "key 1");
  EXPECT_EQ(get(), "key 1");
  timers_.advance(minutes(1));
  EXPECT_EQ(get(), "key 2");
}

TEST_F(CredentialCacheTest, ThoseWhoAskAtOnceWaitForOneFetch) {
  std::vector<std::string> got;
  net::run(get_thrice(got));

  EXPECT_EQ(got, (std::vector<std::string>(3, "key 1")));
  EXPECT_EQ(fetched_, 1);
}

TEST_F(CredentialCacheTest, ThoseWhoWaitShareItsFailureAndTheNextAsksAgain) {
  failure_ = ErrorKind::Unavailable;
  std::vector<std::string> got;
  net::run(get_thrice(got));

  EXPECT_EQ(got, (std::vector<std::string>(3, "no answer")));
  EXPECT_EQ(fetched_, 1);
  failure_.reset();
  EXPECT_EQ(get(), "key 2");
}

TEST_F(CredentialCacheTest, ThoseWhoWaitedForOneThatWasCancelledAskThemselves) {
  failure_ = ErrorKind::Cancelled;
  std::vector<std::string> got;
  net::run(get_thrice(got));

  EXPECT_EQ(fetched_, 3);
}

TEST_F(CredentialCacheTest, ThePairOfBeforeServesUntilItExpires) {
  EXPECT_EQ(get(), "key 1");
  failure_ = ErrorKind::Unavailable;
  timers_.advance(minutes(56));
  EXPECT_EQ(get(), "key 1");
  EXPECT_EQ(get(), "key 1");
  EXPECT_EQ(fetched_, 2) << "it is not asked for with every request";
  timers_.advance(minutes(5));
  EXPECT_THROW(get(), Error);
}

TEST_F(CredentialCacheTest, WhatTheServiceRefusesIsReplacedOnce) {
  EXPECT_EQ(get(), "key 1");
  EXPECT_TRUE(cache_.refused("key 1"));
  EXPECT_EQ(get(), "key 2");
  EXPECT_TRUE(cache_.refused("key 1")) << "others had sent requests with it";
  EXPECT_EQ(get(), "key 2");
}

}  // namespace
}  // namespace stash::storage

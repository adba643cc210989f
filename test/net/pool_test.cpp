#include "stash/net/pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <numeric>
#include <vector>

namespace stash::net {
namespace {

TEST(Pool, OneThreadDoesTheWorkInTheOrderOfPosting) {
  std::vector<int> done;
  Pool pool(1);
  for (int i = 0; i < 100; ++i) pool.post([&done, i] { done.push_back(i); });
  pool.join();
  std::vector<int> expected(100);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(done, expected);
}

TEST(Pool, JoiningWaitsForWorkThatNoThreadHasTakenUp) {
  std::atomic<int> done = 0;
  Pool pool(3);
  for (int i = 0; i < 1000; ++i) pool.post([&done] { ++done; });
  pool.join();
  EXPECT_EQ(done, 1000);
}

TEST(Pool, JoiningTwiceIsJoiningOnce) {
  Pool pool(2);
  pool.join();
  pool.join();
  EXPECT_FALSE(pool.runs_inline());
}

TEST(Pool, WorkMayPostMoreWork) {
  std::atomic<int> done = 0;
  std::atomic<bool> posted = false;
  {
    Pool pool(2);
    pool.post([&] {
      pool.post([&done] { ++done; });
      posted = true;
      posted.notify_one();
    });
    posted.wait(false);
  }
  EXPECT_EQ(done, 1);
}

TEST(Pool, AllThreadsWorkAtOnce) {
  constexpr int kThreads = 4;
  std::atomic<int> present = 0;
  Pool pool(kThreads);
  // Each waits for all the others, so that fewer threads would never get through.
  const auto meet = [&present] {
    ++present;
    present.notify_all();
    for (int seen = present; seen < kThreads; seen = present) present.wait(seen);
  };
  for (int i = 0; i < kThreads; ++i) pool.post(meet);
  pool.join();
  EXPECT_EQ(present, kThreads);
}

}  // namespace
}  // namespace stash::net

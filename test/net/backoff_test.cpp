#include "stash/net/backoff.hpp"

#include <gtest/gtest.h>

#include "stash/net/pushgateway.hpp"

namespace stash::net {
namespace {

using namespace std::chrono_literals;

struct FixedRandom final : Random {
  explicit FixedRandom(int v) : value(static_cast<std::byte>(v)) {}
  void fill(std::span<std::byte> out) override { std::ranges::fill(out, value); }
  std::byte value;
};

TEST(Backoff, DoublesUpToItsLongest) {
  FixedRandom high(0xff);
  Backoff backoff(high, 1s, 5s);
  std::vector<Duration> waits;
  for (int i = 0; i < 5; ++i) waits.push_back(backoff.next());

  const std::vector<Duration> whole{1s, 2s, 4s, 5s, 5s};
  for (std::size_t i = 0; i < whole.size(); ++i) {
    EXPECT_LE(waits[i], whole[i]);
    EXPECT_GT(waits[i], whole[i] - 1ms);
  }
}

TEST(Backoff, WaitsAtLeastHalf) {
  FixedRandom low(0);
  Backoff backoff(low, 1s, 5s);
  EXPECT_EQ(backoff.next(), 500ms);
  EXPECT_EQ(backoff.next(), 1s);
  backoff.reset();
  EXPECT_EQ(backoff.next(), 500ms);
}

TEST(PushTarget, EncodesWhatAPathCannotCarry) {
  const Url base = Url::parse("http://gw:9091/prefix/");
  EXPECT_EQ(push_target(base, "backup-demo-x", {{"hostname", "host-0"}}),
            "/prefix/metrics/job/backup-demo-x/hostname/host-0");
  EXPECT_EQ(push_target(base, "a/b", {{"x", ""}, {"y", "a b"}}),
            "/prefix/metrics/job@base64/YS9i/x@base64/=/y/a%20b");
}

}  // namespace
}  // namespace stash::net

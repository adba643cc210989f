#include "stash/base/time.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace stash {
namespace {

using namespace std::chrono_literals;

TEST(Time, RoundTripsThroughRfc3339) {
  const auto t = parse_time("2026-11-23T10:52:07Z");

  ASSERT_TRUE(t);
  EXPECT_EQ(format_time(*t), "2026-11-23T10:52:07Z");
}

TEST(Time, ReadsFractionsAndOffsets) {
  EXPECT_EQ(format_micro_time(*parse_time("2026-11-23T12:52:07.123456789+02:00")),
            "2026-11-23T10:52:07.123456Z");
  EXPECT_EQ(format_time(*parse_time("1969-12-31T23:59:59Z")), "1969-12-31T23:59:59Z");
}

TEST(Time, RefusesWhatIsNotATime) {
  for (const char* bad : {"", "2026", "2026-02-30T00:00:00Z", "2026-11-23T10:52:07", "2026-11-23T25:00:00Z",
                          "2026-11-23T10:52:07.Z", "2026-11-23T10:52:07Zx", "0001-01-01T00:00:00Z"})
    EXPECT_FALSE(parse_time(bad)) << bad;
}

TEST(Time, IsTakenFromTheSystemToTheNanosecond) {
  EXPECT_EQ(from_timespec({1'700'000'000, 123}), TimePoint(1'700'000'000s + 123ns));
  EXPECT_EQ(from_timespec({-1, 999'999'999}), TimePoint(-1ns));
}

TEST(Time, OutOfRangeIsTheNearestThereIs) {
  for (const std::int64_t before : {std::int64_t{-11'644'473'600}, std::numeric_limits<std::int64_t>::min()})
    EXPECT_EQ(format_time(from_timespec({before, 0})), "1677-09-22T00:00:00Z");
  for (const std::int64_t after : {std::int64_t{253'402'300'799}, std::numeric_limits<std::int64_t>::max()})
    EXPECT_EQ(format_time(from_timespec({after, 999'999'999})), "2262-04-11T23:47:16Z");
}

TEST(Duration, PrintsAsGoDoes) {
  EXPECT_EQ(format_duration(0s), "0s");
  EXPECT_EQ(format_duration(90s), "1m30s");
  EXPECT_EQ(format_duration(3600s), "1h0m0s");
  EXPECT_EQ(format_duration(3410ms), "3.41s");
  EXPECT_EQ(format_duration(250ms), "250ms");
  EXPECT_EQ(format_duration(-1500ms), "-1.5s");
}

TEST(Duration, ReadsWhatGoReads) {
  EXPECT_EQ(parse_duration("1h30m"), Duration(90min));
  EXPECT_EQ(parse_duration("1.5h"), Duration(90min));
  EXPECT_EQ(parse_duration("-2s"), Duration(-2s));
  EXPECT_EQ(parse_duration("0"), Duration(0));
}

TEST(Duration, RefusesWhatGoRefuses) {
  for (const char* bad : {"", "5", "1x", "h", "1h-5m", "9999999999h", "1 h", "..s"})
    EXPECT_FALSE(parse_duration(bad)) << bad;
}

}  // namespace
}  // namespace stash

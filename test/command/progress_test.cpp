#include <gtest/gtest.h>

#include "command/bottleneck.hpp"
#include "command/progress_line.hpp"

namespace stash::command {
namespace {

using namespace std::chrono_literals;

TEST(Bottleneck, IsTheCpuWhereAllProcessorsThatMayBeUsedAreBusy) {
  Bottleneck of_two(2);
  of_two.look(100ms, 195ms, true);
  EXPECT_EQ(of_two.take(), "CPU");
  of_two.look(100ms, 100ms, false);
  EXPECT_EQ(of_two.take(), "source");
  Bottleneck of_a_quarter(0.25);
  of_a_quarter.look(100ms, 24ms, false);
  EXPECT_EQ(of_a_quarter.take(), "CPU");
}

TEST(Bottleneck, IsTheStoreWhereBytesWaitForItAndElseTheSource) {
  Bottleneck bottleneck(2);
  bottleneck.look(100ms, 30ms, true);
  EXPECT_EQ(bottleneck.take(), "store");
  bottleneck.look(100ms, 30ms, false);
  EXPECT_EQ(bottleneck.take(), "source");
}

TEST(Bottleneck, IsWhatMostOfTheTimeSinceTheLastLineWentTo) {
  Bottleneck bottleneck(1);
  EXPECT_EQ(bottleneck.take(), "");
  bottleneck.look(100ms, 0ms, true);
  bottleneck.look(100ms, 0ms, true);
  bottleneck.look(100ms, 100ms, true);
  EXPECT_EQ(bottleneck.take(), "store");
  EXPECT_EQ(bottleneck.take(), "");
}

TEST(ProgressLine, TellsHowFarHowFastHowLongAndWhatHoldsItUp) {
  engine::Progress progress;
  progress.files_done = 3;
  progress.bytes_done = 10 << 20;
  progress.bytes_total = 40 << 20;
  progress.errors = 2;
  EXPECT_EQ(
      progress_text({progress, 10s, 2 << 20, "store"}),
      "[10s] 3 files, 10.000 MiB of 40.000 MiB (25 %), 2.000 MiB/s, ETA 15s, bottleneck: store, 2 errors");
  EXPECT_EQ(
      progress_json({progress, 10s, 2 << 20, "store"}),
      R"({"message_type":"status","seconds_elapsed":10.0,"files_done":3,"total_files":0,"bytes_done":10485760,)"
      R"("total_bytes":41943040,"bytes_new":0,"bytes_stored":0,"bytes_per_second":2097152,"error_count":2,)"
      R"("seconds_remaining":15.0,"bottleneck":"store"})");
}

TEST(ProgressLine, LeavesOutWhatIsNotKnown) {
  engine::Progress progress;
  progress.bytes_done = 2 << 20;
  EXPECT_EQ(progress_text({progress, 1s, 2 << 20, ""}), "[1s] 0 files, 2.000 MiB, 2.000 MiB/s");
  EXPECT_EQ(progress_json({progress, 1s, 2 << 20, ""}).find("bottleneck"), std::string::npos);
  EXPECT_EQ(progress_json({progress, 1s, 2 << 20, ""}).find("seconds_remaining"), std::string::npos);
}

}  // namespace
}  // namespace stash::command

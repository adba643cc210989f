#include "kube/exec_channels.hpp"

#include <gtest/gtest.h>

namespace stash::kube {
namespace {

using namespace std::string_literals;

TEST(ExecChannels, JoinsBothStreamsAndEndsWithSuccess) {
  ExecChannels channels(100);
  channels.message("\x01"s + "out ");
  channels.message("\x02"s + "err");
  channels.message("");
  EXPECT_FALSE(channels.result("exec"));
  channels.message("\x03"s + R"({"status":"Success"})");

  const auto result = channels.result("exec");

  ASSERT_TRUE(result);
  EXPECT_EQ(result->exit_code, 0);
  EXPECT_EQ(result->output, "out err");
}

TEST(ExecChannels, KeepsNoMoreThanTheLimit) {
  ExecChannels channels(5);
  channels.message("\x01"s + "1234");
  channels.message("\x01"s + "5678");
  channels.message("\x01"s + "9");
  channels.message("\x03"s + R"({"status":"Success"})");

  EXPECT_EQ(channels.result("exec")->output, "12345");
}

TEST(ExecChannels, CutsBetweenCharactersWhereverTheMessagesAreCut) {
  ExecChannels channels(5);
  channels.message("\x01"s + "1234\xC3");
  channels.message("\x01"s + "\xA4" + "5");
  channels.message("\x03"s + R"({"status":"Success"})");
  EXPECT_EQ(channels.result("exec")->output, "1234");

  ExecChannels wide(6);
  wide.message("\x01"s + "1234\xC3");
  wide.message("\x01"s + "\xA4" + "5");
  wide.message("\x03"s + R"({"status":"Success"})");
  EXPECT_EQ(wide.result("exec")->output, "1234\xC3\xA4");
}

TEST(ExecChannels, FindsTheExitCode) {
  ExecChannels channels(5);
  channels.message(
      "\x03"s +
      R"({"status":"Failure","reason":"NonZeroExitCode","message":"command terminated with exit code 3",)"
      R"("details":{"causes":[{"reason":"ExitCode","message":"3"}]}})");

  EXPECT_EQ(channels.result("exec")->exit_code, 3);
}

TEST(ExecChannels, AFailureWithoutAnExitCodeIsAnError) {
  ExecChannels channels(5);
  channels.message("\x03"s +
                   R"({"status":"Failure","reason":"InternalError","message":"no such file","code":500})");

  EXPECT_THROW(channels.result("exec"), Error);
}

}  // namespace
}  // namespace stash::kube

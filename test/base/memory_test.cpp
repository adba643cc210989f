#include "stash/base/memory.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace stash {
namespace {

/// KiB of a member of /proc/self/status.
long of_process(const std::string& member) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(member + ":")) return std::stol(line.substr(member.size() + 1));
  return -1;
}

TEST(Memory, WhatIsGivenBackIsTextThatComesBackByItself) {
  const long before = of_process("RssFile");
  give_back_memory();
  const long after = of_process("RssFile");

  ASSERT_GT(before, 0);
  EXPECT_LT(after, before);
}

}  // namespace
}  // namespace stash

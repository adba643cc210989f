// The priority that the environment asks for, as the system then tells it. Each test works in a thread of its
// own: a priority that was lowered may not be raised again.

#include "stash/executor/priority.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <initializer_list>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "stash/base/log.hpp"

namespace stash::executor {
namespace {

struct Priority {
  int nice;
  long disk;  ///< as ioprio_get tells it
  bool operator==(const Priority&) const = default;
};

Priority present() { return {getpriority(PRIO_PROCESS, 0), syscall(SYS_ioprio_get, 1, 0)}; }

constexpr int kBestEffort = 2;
constexpr int kIdle = 3;
constexpr long disk(int io_class, int level) { return (io_class << 13) | level; }

struct Outcome {
  Priority before;
  Priority after;
  Priority of_new_thread;
  std::vector<std::string> warnings;
};

/// What comes of it in a thread whose environment holds these variables.
Outcome with(std::initializer_list<std::pair<const char*, const char*>> variables) {
  Outcome out{};
  for (const auto& [name, value] : variables) setenv(name, value, 1);
  log::set_level(log::Level::Warn);
  log::set_sink([&out](std::string_view line) { out.warnings.emplace_back(line); });
  std::thread([&out] {
    out.before = present();
    take_priority();
    out.after = present();
    std::thread([&out] { out.of_new_thread = present(); }).join();
  }).join();
  log::set_sink({});
  for (const auto& [name, value] : variables) unsetenv(name);
  return out;
}

TEST(Priority, IsThatOfTheEnvironmentAndOfTheThreadsThatAreStartedThen) {
  const Outcome out = with({{"NICE_ADJUSTMENT", "5"}, {"IONICE_CLASS", "2"}, {"IONICE_CLASS_DATA", "6"}});
  EXPECT_EQ(out.after.nice, std::min(19, out.before.nice + 5));
  EXPECT_EQ(out.after.disk, disk(kBestEffort, 6));
  EXPECT_EQ(out.of_new_thread, out.after);
  EXPECT_TRUE(out.warnings.empty());
}

TEST(Priority, AtTheDiskNeedsNoLevel) {
  EXPECT_EQ(with({{"IONICE_CLASS", "3"}, {"IONICE_CLASS_DATA", "6"}}).after.disk, disk(kIdle, 0));
  EXPECT_EQ(with({{"IONICE_CLASS", "2"}}).after.disk, disk(kBestEffort, 4));
  EXPECT_EQ(with({{"IONICE_CLASS_DATA", "7"}}).after.disk, disk(kBestEffort, 7));
}

TEST(Priority, StaysWhereNothingIsAskedFor) {
  const Outcome out = with({});
  EXPECT_EQ(out.after, out.before);
  EXPECT_TRUE(out.warnings.empty());
}

TEST(Priority, ThatCannotBeTakenIsOneWarning) {
  for (const auto& variable : {std::pair("NICE_ADJUSTMENT", "low"), std::pair("IONICE_CLASS", "5")}) {
    const Outcome out = with({variable});
    EXPECT_EQ(out.after, out.before);
    EXPECT_EQ(out.warnings.size(), 1u) << variable.first;
  }
}

}  // namespace
}  // namespace stash::executor

#include "stash/base/child.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <optional>

#include "stash/base/error.hpp"

namespace stash {
namespace {

std::string read_all(const Child& child) {
  std::string out;
  std::array<char, 256> piece;
  for (;;) {
    const ssize_t got = retry_eintr([&] { return ::read(child.output(), piece.data(), piece.size()); });
    if (got <= 0) return out;
    out.append(piece.data(), static_cast<std::size_t>(got));
  }
}

TEST(Child, PrintsForUsWithTheEnvironmentItIsGivenAndNothingToRead) {
  Child child({"sh", "-c", "cat; echo \"$WORD $1\"; exit 3", "sh", "two words"}, {"WORD=hello", "PATH=/bin"});
  EXPECT_EQ(read_all(child), "hello two words\n");
  std::optional<int> status;
  while (!status) status = child.wait();
  EXPECT_TRUE(WIFEXITED(*status));
  EXPECT_EQ(WEXITSTATUS(*status), 3);
}

TEST(Child, ThatRunsOnAfterItClosedItsOutputHoldsNobody) {
  Child child({"sh", "-c", "exec sleep 60 >&-"}, own_variables());
  EXPECT_EQ(read_all(child), "");
  EXPECT_EQ(child.wait(), std::nullopt);
}

TEST(Child, ThatDoesNotExistIsAnErrorThatNamesIt) {
  try {
    Child child({"no-such-program"}, own_variables());
    FAIL() << "it started";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::NotFound);
    EXPECT_STREQ(e.what(), "no-such-program: No such file or directory");
  }
}

TEST(Child, IsEndedAndReapedWhenItGoes) {
  std::optional<Child> child;
  child.emplace(std::vector<std::string>{"sh", "-c", "echo $$; exec sleep 60"}, own_variables());
  std::array<char, 32> number{};
  ASSERT_GT(::read(child->output(), number.data(), number.size() - 1), 0);
  const pid_t pid = std::stoi(number.data());
  ASSERT_EQ(::kill(pid, 0), 0);
  child.reset();
  EXPECT_NE(::kill(pid, 0), 0);
}

}  // namespace
}  // namespace stash

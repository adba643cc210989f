#include "engine/backup/link_groups.hpp"

#include <gtest/gtest.h>

namespace stash::engine {
namespace {

using Groups = LinkGroups<int>;

TEST(LinkGroups, GiveTheFirstNameForEachFurtherOne) {
  Groups groups(100);
  const auto first = std::make_shared<int>(1);
  const auto other = std::make_shared<int>(2);
  EXPECT_EQ(groups.meet({0, 7}, 3, first), nullptr);
  groups.weigh({0, 7}, first, 100);

  EXPECT_EQ(groups.meet({0, 7}, 3, other), first);
  EXPECT_EQ(groups.meet({0, 7}, 3, other), first);
  EXPECT_EQ(groups.meet({0, 7}, 3, other), nullptr) << "all were met: it is another file of this number";
  EXPECT_EQ(groups.meet({1, 7}, 3, other), nullptr) << "of another device";
  EXPECT_EQ(groups.meet({0, 8}, 1, first), nullptr);
  EXPECT_EQ(groups.meet({0, 8}, 1, first), nullptr) << "it has one name";
}

TEST(LinkGroups, LetGoOfWhatIsTooMuchUntilOthersWereMet) {
  Groups groups(100);
  const auto light = std::make_shared<int>(1);
  const auto heavy = std::make_shared<int>(2);
  const auto later = std::make_shared<int>(3);
  groups.meet({0, 1}, 2, light);
  groups.weigh({0, 1}, light, 60);
  groups.meet({0, 2}, 3, heavy);
  groups.weigh({0, 2}, heavy, 41);

  EXPECT_EQ(heavy.use_count(), 1);
  EXPECT_EQ(groups.meet({0, 2}, 3, later), nullptr);
  groups.weigh({0, 2}, later, 1);
  EXPECT_EQ(later.use_count(), 1) << "it is not the first name";
  EXPECT_EQ(groups.meet({0, 1}, 2, later), light);
  EXPECT_EQ(groups.meet({0, 2}, 3, later), nullptr);
  groups.meet({0, 3}, 2, later);
  groups.weigh({0, 3}, later, 100);
  EXPECT_EQ(groups.meet({0, 3}, 2, heavy), later) << "there is room again";
}

}  // namespace
}  // namespace stash::engine

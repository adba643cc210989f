#pragma once

// What every Store must do. An implementation runs the suite by INSTANTIATE_TEST_SUITE_P with a factory.

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <set>
#include <string>

#include "stash/storage/store.hpp"

namespace stash::test {

/// A store and whatever it needs to live; each call of the factory gives an empty one.
struct StoreHolder {
  std::shared_ptr<void> keep;  ///< destroyed after the store
  std::shared_ptr<storage::Store> store;
};

struct StoreKind {
  std::string name;
  std::function<StoreHolder()> make;

  friend void PrintTo(const StoreKind& kind, std::ostream* out) { *out << kind.name; }
};

class StoreSuite : public testing::TestWithParam<StoreKind> {
 protected:
  void SetUp() override { holder_ = GetParam().make(); }

  storage::Store& store() { return *holder_.store; }
  void put(const std::string& name, const std::string& text) {
    const std::vector<ByteView> parts{as_bytes(text)};
    net::run(store().put(name, parts));
  }
  std::string get(const std::string& name, storage::Range range = {}) {
    return std::string(as_text(net::run(store().get(name, range))));
  }
  ErrorKind failure(const std::function<void()>& act) {
    try {
      act();
    } catch (const Error& e) {
      return e.kind();
    }
    ADD_FAILURE() << "no error";
    return ErrorKind::Internal;
  }
  std::vector<std::string> names(const std::string& prefix) {
    std::vector<std::string> out;
    for (const auto& object : net::run(storage::list_all(store(), prefix))) out.push_back(object.name);
    return out;
  }

  StoreHolder holder_;
};

TEST_P(StoreSuite, GivesBackWhatWasPut) {
  put("config", "hello");
  net::run(store().sync());

  EXPECT_EQ(get("config"), "hello");
  EXPECT_EQ(net::run(store().size("config")), 5u);
}

TEST_P(StoreSuite, JoinsThePartsOfAnObject) {
  const std::string a = "one,";
  const std::string b;
  const std::string c(3'000'000, 'x');
  const std::vector<ByteView> parts{as_bytes(a), as_bytes(b), as_bytes(c)};

  net::run(store().put("packs/ab/1", parts));

  EXPECT_EQ(get("packs/ab/1"), a + b + c);
}

TEST_P(StoreSuite, KeepsEmptyObjects) {
  put("empty", "");

  EXPECT_EQ(get("empty"), "");
  EXPECT_EQ(net::run(store().size("empty")), 0u);
}

TEST_P(StoreSuite, GivesRangesAndWhatThereIsBeyondTheEnd) {
  put("o", "0123456789");

  EXPECT_EQ(get("o", storage::Range(2, 3)), "234");
  EXPECT_EQ(get("o", storage::Range(8, 100)), "89");
  EXPECT_EQ(get("o", storage::Range(10, 5)), "");
  EXPECT_EQ(get("o", storage::Range(50, 5)), "");
  EXPECT_EQ(get("o", storage::Range(7, UINT64_MAX)), "789");
  EXPECT_EQ(get("o", storage::Range::last(4)), "6789");
  EXPECT_EQ(get("o", storage::Range::last(400)), "0123456789");
}

TEST_P(StoreSuite, NeverOverwrites) {
  put("o", "first");

  EXPECT_EQ(failure([&] { put("o", "second"); }), ErrorKind::Conflict);
  EXPECT_EQ(get("o"), "first");
}

TEST_P(StoreSuite, SaysThatAnObjectIsNotThere) {
  EXPECT_EQ(failure([&] { get("missing"); }), ErrorKind::NotFound);
  EXPECT_EQ(net::run(store().size("missing")), std::nullopt);
}

TEST_P(StoreSuite, RemovesAndDoesNotMindWhatIsGone) {
  put("o", "x");

  net::run(store().remove("o"));
  net::run(store().remove("o"));

  EXPECT_EQ(net::run(store().size("o")), std::nullopt);
}

TEST_P(StoreSuite, ListsByPrefixInNameOrder) {
  for (const char* name : {"packs/b0/2", "packs/a0/1", "packs/a0/0", "packs-x/1", "snapshots/1", "config"})
    put(name, "x");

  EXPECT_EQ(names("packs/"), (std::vector<std::string>{"packs/a0/0", "packs/a0/1", "packs/b0/2"}));
  EXPECT_EQ(names("packs/a0/1"), std::vector<std::string>{"packs/a0/1"});
  EXPECT_EQ(names("").size(), 6u);
  EXPECT_TRUE(names("nothing/").empty());
}

TEST_P(StoreSuite, ListsEveryObjectOnceOverSeveralPages) {
  std::set<std::string> wanted;
  for (int i = 0; i < 1100; ++i) {
    const std::string name = fmt::format("packs/{:02x}/{:05}", i % 7, i);
    wanted.insert(name);
    put(name, "x");
  }

  const std::vector<std::string> found = names("packs/");

  EXPECT_EQ(found.size(), wanted.size());
  EXPECT_EQ(std::set<std::string>(found.begin(), found.end()), wanted);
}

TEST_P(StoreSuite, RefusesNamesThatCouldLeaveTheRepository) {
  for (const char* bad : {"", "/etc/passwd", "a/../b", "..", "a//b", "a/", "Upper", "sp ace", "nul\x01"})
    EXPECT_EQ(failure([&] { put(bad, "x"); }), ErrorKind::Invalid) << bad;
}

}  // namespace stash::test

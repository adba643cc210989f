#include "kube/watch_protocol.hpp"

#include <gtest/gtest.h>

namespace stash::kube::protocol {
namespace {

State at(auto phase, int failures = 0) { return State{std::move(phase), failures}; }

TEST(WatchProtocol, PagesAreDeliveredUntilTheLastThenTheWatchOpensWhereTheListStood) {
  const Step first = step(State(), Page{"token", "5"});
  EXPECT_TRUE(first.list_begins && first.deliver && !first.list_ends && !first.pause);
  EXPECT_EQ(first.next, at(Listing{"token"}));

  const Step last = step(first.next, Page{"", "7"});
  EXPECT_TRUE(!last.list_begins && last.deliver && last.list_ends);
  EXPECT_EQ(last.next, at(Opening{"7", true}));
}

TEST(WatchProtocol, AListOfOnePageBeginsAndEnds) {
  const Step only = step(State(), Page{"", "7"});

  EXPECT_TRUE(only.list_begins && only.deliver && only.list_ends);
}

TEST(WatchProtocol, EventsMoveTheVersionAndBookmarksDoSoInSilence) {
  const Step event = step(at(Reading{"7", true, false}, 3), Heard{EventType::Modified, "8"});
  EXPECT_TRUE(event.deliver);
  EXPECT_EQ(event.next, at(Reading{"8", false, true}));

  const Step bookmark = step(event.next, Heard{EventType::Bookmark, "90"});
  EXPECT_FALSE(bookmark.deliver);
  EXPECT_EQ(bookmark.next, at(Reading{"90", false, true}));
}

TEST(WatchProtocol, AStreamThatEndsIsResumedAtTheLastVersion) {
  const Step resumed = step(at(Reading{"90", false, true}), Ended{});
  EXPECT_FALSE(resumed.pause);
  EXPECT_EQ(resumed.next, at(Opening{"90"}));

  const Step broken = step(at(Reading{"90", false, true}), Fault{ErrorKind::Unavailable});
  EXPECT_FALSE(broken.pause);
  EXPECT_EQ(broken.next, at(Opening{"90"}));
}

TEST(WatchProtocol, AStreamThatNeverSpokeIsResumedAfterAPause) {
  const Step silent = step(at(Reading{"90", false, false}, 2), Ended{});

  EXPECT_TRUE(silent.pause);
  EXPECT_EQ(silent.next, at(Opening{"90"}, 3));
}

TEST(WatchProtocol, GoneMeansListingAnewAtOnce) {
  for (const State& state : {at(Reading{"90", false, true}, 5), at(Opening{"90"}, 5)}) {
    const Step gone = step(state, Fault{ErrorKind::Conflict});
    EXPECT_FALSE(gone.pause);
    EXPECT_EQ(gone.next, at(Listing{}, 6));
  }
}

TEST(WatchProtocol, AServerThatListsButRefusesEveryWatchIsAskedAtGrowingIntervals) {
  State state;
  int pauses = 0;
  for (int round = 0; round < 5; ++round) {
    Step listed = step(state, Page{"", "7"});
    Step gone = step(listed.next, Fault{ErrorKind::Conflict});
    pauses += gone.pause;
    state = gone.next;
    EXPECT_EQ(state, at(Listing{}, round + 1));
  }
  EXPECT_EQ(pauses, 5);
}

TEST(WatchProtocol, AnUnreachableServerIsAskedAgainForTheSame) {
  const Step listing = step(at(Listing{"token"}, 1), Fault{ErrorKind::Unavailable});
  EXPECT_TRUE(listing.pause);
  EXPECT_EQ(listing.next, at(Listing{"token"}, 2));

  const Step opening = step(at(Opening{"7"}), Fault{ErrorKind::Unavailable});
  EXPECT_TRUE(opening.pause);
  EXPECT_EQ(opening.next, at(Opening{"7"}, 1));
}

TEST(WatchProtocol, AnExpiredPageAndEveryOtherFaultBeginAnew) {
  for (const ErrorKind kind :
       {ErrorKind::Conflict, ErrorKind::Denied, ErrorKind::NotFound, ErrorKind::Invalid}) {
    const Step listing = step(at(Listing{"token"}), Fault{kind});
    EXPECT_TRUE(listing.pause);
    EXPECT_EQ(listing.next, at(Listing{}, 1));
  }
  for (const ErrorKind kind : {ErrorKind::Denied, ErrorKind::NotFound, ErrorKind::Corrupt}) {
    EXPECT_TRUE(step(at(Reading{"7", false, true}), Fault{kind}).pause);
    EXPECT_EQ(step(at(Opening{"7"}), Fault{kind}).next, at(Listing{}, 1));
  }
}

TEST(WatchProtocol, RepliesNobodyAskedForAreADefect) {
  EXPECT_THROW(step(State(), Opened{}), Error);
  EXPECT_THROW(step(at(Opening{"7"}), Page{}), Error);
  EXPECT_THROW(step(at(Reading{"7"}), Opened{}), Error);
}

}  // namespace
}  // namespace stash::kube::protocol

// How objects are read from a bucket, played by a scripted peer.

#include <gtest/gtest.h>

#include "stash/storage/s3_store.hpp"
#include "storage/scripted_bucket.hpp"

namespace stash::storage {
namespace {

using test::answer;
using test::Bucket;

const std::string kElsewhere = answer("400 Bad Request", "",
                                      "<Error><Code>AuthorizationHeaderMalformed</Code><Message>m</Message>"
                                      "<Region>eu-west-3</Region></Error>");

std::string get(S3Store& store, Range range) { return std::string(as_text(net::run(store.get("o", range)))); }

std::optional<ErrorKind> failure_of(const Bucket& bucket, Range range) {
  SystemClock clock;
  S3Store store(bucket.config(), clock);
  try {
    net::run(store.get("o", range));
  } catch (const Error& e) {
    return e.kind();
  }
  return std::nullopt;
}

TEST(S3Get, LearnsTheRegionFromTheFirstAnswerAndKeepsIt) {
  Bucket bucket({kElsewhere, answer("206 Partial Content", "", "text")});
  SystemClock clock;
  S3Store store(bucket.config(), clock);

  for (int i = 0; i < 2; ++i) EXPECT_EQ(get(store, Range(0, 10)), "text");

  const auto heads = bucket.heads();
  ASSERT_EQ(heads.size(), 3u);
  EXPECT_NE(heads[0].find("/us-east-1/s3/"), std::string::npos) << heads[0];
  EXPECT_NE(heads[1].find("/eu-west-3/s3/"), std::string::npos) << heads[1];
  EXPECT_NE(heads[2].find("/eu-west-3/s3/"), std::string::npos) << heads[2];
}

TEST(S3Get, ARegionThatIsNamedAndRefusedIsAnError) {
  Bucket bucket({kElsewhere});

  EXPECT_EQ(failure_of(bucket, Range::whole()), ErrorKind::Invalid);
  EXPECT_EQ(bucket.requests().size(), 2u);
}

TEST(S3Get, NoMoreIsReadThanWasAskedFor) {
  // The peer stays silent after these: who reads on waits in vain.
  for (const char* one_byte_more : {"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n01234",
                                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234"})
    for (const Range range : {Range(0, 4), Range::last(4)}) {
      const Bucket bucket({one_byte_more});
      EXPECT_EQ(failure_of(bucket, range), ErrorKind::Corrupt) << one_byte_more << range.from_end;
    }
}

TEST(S3Get, AllThatWasAskedForMayComeWithoutALength) {
  Bucket bucket({"HTTP/1.1 206 Partial Content\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n0123\r\n0\r\n\r\n"});
  SystemClock clock;
  S3Store store(bucket.config(), clock);

  EXPECT_EQ(get(store, Range(0, 4)), "0123");
}

TEST(S3Get, ALengthThatDoesNotComeIsTriedAgainHoweverLong) {
  const Bucket bucket(
      {"HTTP/1.1 206 Partial Content\r\nConnection: close\r\nContent-Length: 11\r\n\r\n0123"});

  EXPECT_EQ(failure_of(bucket, Range(0, 4)), ErrorKind::Unavailable);
}

}  // namespace
}  // namespace stash::storage

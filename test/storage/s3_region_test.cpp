// How the region of a bucket is learned, and which host is asked then.

#include "storage/s3_region.hpp"

#include <gtest/gtest.h>

#include "stash/storage/s3_store.hpp"
#include "storage/s3_client.hpp"
#include "storage/scripted_bucket.hpp"

namespace stash::storage {
namespace {

using test::answer;
using test::Bucket;

TEST(S3Region, TheHostOfAllRegionsIsReplacedByThatOfOne) {
  EXPECT_EQ(host_in_region("s3.amazonaws.com", "eu-central-1"), "s3.eu-central-1.amazonaws.com");
  EXPECT_EQ(host_in_region("s3.amazonaws.com", "us-gov-west-1"), "s3.us-gov-west-1.amazonaws.com");
  EXPECT_EQ(host_in_region("s3.amazonaws.com", "cn-north-1"), "s3.cn-north-1.amazonaws.com.cn");
}

TEST(S3Region, NoOtherHostIsReplaced) {
  EXPECT_EQ(host_in_region("s3.amazonaws.com", "us-east-1"), "s3.amazonaws.com");
  EXPECT_EQ(host_in_region("s3.amazonaws.com", ""), "s3.amazonaws.com");
  for (const std::string host : {"s3.eu-west-1.amazonaws.com", "minio.ns.svc", "bucket.s3.amazonaws.com"})
    EXPECT_EQ(host_in_region(host, "eu-central-1"), host);
}

TEST(S3Region, AnAnswerCannotSendRequestsOutOfAws) {
  for (const char* bad : {"evil.example/", "eu-central-1.evil", "EU", "a-b@c-d", "home"})
    EXPECT_EQ(host_in_region("s3.amazonaws.com", bad), "s3.amazonaws.com") << bad;
}

TEST(S3Region, IsReadFromAHostAndFromTheTextAboutAConstraint) {
  EXPECT_EQ(region_of_host("bucket.s3.eu-central-1.amazonaws.com"), "eu-central-1");
  EXPECT_EQ(region_of_host("s3-eu-west-1.amazonaws.com"), "eu-west-1");
  EXPECT_EQ(region_of_host("s3.dualstack.eu-west-1.amazonaws.com"), "eu-west-1");
  EXPECT_EQ(region_of_host("bucket.s3.cn-north-1.amazonaws.com.cn"), "cn-north-1");
  for (const char* none : {"", "bucket.s3.amazonaws.com", "s3-external-1.amazonaws.com", "minio.ns.svc"})
    EXPECT_EQ(region_of_host(none), "") << none;
  const std::string rest =
      " location constraint is incompatible for the region specific endpoint this request was sent to.";
  EXPECT_EQ(region_of_constraint("The me-south-1" + rest), "me-south-1");
  EXPECT_EQ(region_of_constraint("The unspecified" + rest), "");
  EXPECT_EQ(region_of_constraint("The bucket is gone"), "");
}

std::string taught(int status, const std::string& header, const std::string& body) {
  net::Headers headers;
  if (!header.empty()) headers.emplace_back("x-amz-bucket-region", header);
  return region_taught_by(read_fault(status, headers, body), "us-east-1");
}

TEST(S3Region, IsTaughtByAnAnswerThatRefusesTheOneAskedFor) {
  const std::string redirect = "<Error><Code>PermanentRedirect</Code><Message>m</Message>";
  EXPECT_EQ(taught(301, "eu-west-3", redirect + "</Error>"), "eu-west-3");
  EXPECT_EQ(taught(301, "", redirect + "<Endpoint>b.s3.eu-west-3.amazonaws.com</Endpoint></Error>"),
            "eu-west-3");
  EXPECT_EQ(taught(400, "",
                   "<Error><Code>IllegalLocationConstraintException</Code><Message>The me-south-1 location "
                   "constraint is incompatible for the region specific endpoint this request was sent "
                   "to.</Message></Error>"),
            "me-south-1");
  EXPECT_EQ(
      taught(400, "", "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-3</Region></Error>"),
      "eu-west-3");
  EXPECT_EQ(taught(400, "eu-west-3", ""), "eu-west-3") << "the answer to a HEAD";
}

TEST(S3Region, IsNotTaughtByARefusalOfAnythingElse) {
  EXPECT_EQ(taught(400, "eu-west-3", "<Error><Code>InvalidArgument</Code></Error>"), "");
  EXPECT_EQ(taught(403, "eu-west-3", "<Error><Code>AccessDenied</Code></Error>"), "");
  EXPECT_EQ(taught(400, "us-east-1", ""), "");
  EXPECT_EQ(taught(301, "", ""), "");
}

TEST(S3Region, TheClientAsksTheHostOfTheRegionThatIsGivenOrLearned) {
  SystemClock clock;
  S3Config config = Bucket({""}).config();
  config.endpoint = net::Url::parse("http://s3.amazonaws.com/");
  S3Client learning(config, clock);
  config.region = "eu-central-1";
  const S3Client given(config, clock);

  EXPECT_EQ(given.origin().host, "s3.eu-central-1.amazonaws.com");
  EXPECT_EQ(learning.origin().host, "s3.amazonaws.com");
  net::Headers headers;
  headers.emplace_back("x-amz-bucket-region", "eu-west-3");
  EXPECT_TRUE(learning.learn_region(read_fault(301, headers, ""), "us-east-1"));
  EXPECT_EQ(learning.origin().host, "s3.eu-west-3.amazonaws.com");
  EXPECT_FALSE(learning.learn_region(read_fault(301, headers, ""), "eu-west-3"));
}

std::optional<std::uint64_t> size(const Bucket& bucket) {
  SystemClock clock;
  S3Store store(bucket.config(), clock);
  return net::run(store.size("o"));
}

const std::string kFound = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n";
const std::string kNoReason = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";

TEST(S3Region, ARedirectIsFollowedOnceWithItsRegion) {
  Bucket bucket({answer("301 Moved Permanently", "x-amz-bucket-region: eu-west-3\r\n",
                        "<Error><Code>PermanentRedirect</Code><Message>m</Message></Error>"),
                 answer("200 OK", "", "text")});
  SystemClock clock;
  S3Store store(bucket.config(), clock);

  EXPECT_EQ(as_text(net::run(store.get("o", {}))), "text");
  const auto heads = bucket.heads();
  ASSERT_EQ(heads.size(), 2u);
  EXPECT_NE(heads[1].find("/eu-west-3/s3/"), std::string::npos) << heads[1];
}

TEST(S3Region, IsLearnedFromTheHeaderOfAnAnswerWithoutABody) {
  for (const std::string status : {"400 Bad Request", "301 Moved Permanently"}) {
    Bucket bucket(
        {"HTTP/1.1 " + status + "\r\nx-amz-bucket-region: eu-west-3\r\nContent-Length: 0\r\n\r\n", kFound});

    EXPECT_EQ(size(bucket), 7u);
    const auto heads = bucket.heads();
    ASSERT_EQ(heads.size(), 2u);
    EXPECT_NE(heads[1].find("/eu-west-3/s3/"), std::string::npos) << heads[1];
  }
}

TEST(S3Region, IsLearnedFromTheBucketWhereAHeadTellsNothing) {
  const std::string elsewhere = answer("400 Bad Request", "",
                                       "<Error><Code>AuthorizationHeaderMalformed</Code>"
                                       "<Message>m</Message><Region>home</Region></Error>");
  Bucket bucket({kNoReason, elsewhere, answer("200 OK", "", "<ListBucketResult/>"), kFound});

  EXPECT_EQ(size(bucket), 7u);
  const std::string list = "GET /bucket?list-type=2&max-keys=0";
  const std::string head = "HEAD /bucket/pre/fix/o";
  EXPECT_EQ(bucket.requests(), (std::vector<std::string>{head, list, list, head}));
  EXPECT_NE(bucket.heads()[3].find("/home/s3/"), std::string::npos);
}

TEST(S3Region, ARefusalWithoutAReasonIsToldAsThatOfTheBucket) {
  Bucket bucket({kNoReason, answer("400 Bad Request", "",
                                   "<Error><Code>ExpiredToken</Code><Message>m</Message></Error>")});
  try {
    size(bucket);
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::Denied);
    EXPECT_NE(std::string(e.what()).find("ExpiredToken"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace stash::storage

// Buckets with versions and locks, played by a scripted peer: what is sent and what is made of the answers.

#include <gtest/gtest.h>

#include "stash/storage/s3_store.hpp"
#include "storage/s3_removed.hpp"
#include "storage/scripted_bucket.hpp"

namespace stash::storage {
namespace {

using test::answer;
using test::Bucket;

const std::string kDenied =
    answer("403 Forbidden", "", "<Error><Code>AccessDenied</Code><Message>no</Message></Error>");

std::string refusal(const S3Config& config) {
  SystemClock clock;
  S3Store store(config, clock);
  try {
    net::run(store.remove("packs/aa/1"));
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::Denied) << e.what();
    return e.what();
  }
  return "";
}

TEST(S3Locks, ARefusedDeleteSaysUntilWhenTheObjectIsLocked) {
  Bucket bucket({kDenied,
                 "HTTP/1.1 200 OK\r\nx-amz-object-lock-mode: COMPLIANCE\r\n"
                 "x-amz-object-lock-retain-until-date: 2027-01-01T00:00:00Z\r\n"
                 "Content-Length: 0\r\n\r\n"});
  const std::string text = refusal(bucket.config());

  EXPECT_NE(text.find("packs/aa/1"), std::string::npos) << text;
  EXPECT_NE(text.find("it is locked until 2027-01-01T00:00:00Z"), std::string::npos) << text;
  EXPECT_EQ(bucket.requests(), (std::vector<std::string>{"DELETE /bucket/pre/fix/packs/aa/1",
                                                         "HEAD /bucket/pre/fix/packs/aa/1"}));
}

TEST(S3Locks, ARefusalWithoutALockIsToldAsItIs) {
  Bucket bucket({kDenied, answer("403 Forbidden", "", "")});
  const std::string text = refusal(bucket.config());

  EXPECT_NE(text.find("AccessDenied"), std::string::npos) << text;
  EXPECT_EQ(text.find("locked"), std::string::npos) << text;
}

std::string version(const std::string& kind, const std::string& key, const std::string& id, bool latest,
                    const std::string& size) {
  return fmt::format("<{0}><Key>pre/fix/{1}</Key><VersionId>{2}</VersionId><IsLatest>{3}</IsLatest>{4}</{0}>",
                     kind, key, id, latest, size.empty() ? "" : "<Size>" + size + "</Size>");
}
std::string page(const std::string& content, const std::string& next) {
  return answer("200 OK", "",
                "<ListVersionsResult>" + content +
                    (next.empty() ? "<IsTruncated>false</IsTruncated>" : next) + "</ListVersionsResult>");
}

TEST(S3Removed, AreObjectsWhoseNewestVersionIsADeleteMarkerOverAllPages) {
  Bucket bucket(
      {page(version("DeleteMarker", "a", "m1", true, "") + version("Version", "a", "v2", false, "7"),
            "<IsTruncated>true</IsTruncated><NextKeyMarker>pre/fix/a</NextKeyMarker>"
            "<NextVersionIdMarker>v2</NextVersionIdMarker>"),
       page(version("Version", "a", "v1", false, "9") + version("Version", "b", "v3", true, "1") +
                version("Version", "c", "v4", true, "1") + version("DeleteMarker", "c", "m2", false, "") +
                version("DeleteMarker", "d", "m3", true, ""),
            ""),
       answer("200 OK", "", "content")});
  SystemClock clock;
  S3Removed removed(bucket.config(), clock);
  const ListPage list = net::run(removed.list("", ""));
  const Bytes bytes = net::run(removed.get("a", {}));

  ASSERT_EQ(list.objects.size(), 1u);
  EXPECT_EQ(list.objects[0].name, "a");
  EXPECT_EQ(list.objects[0].size, 7u);
  EXPECT_EQ(as_text(bytes), "content");
  EXPECT_EQ(bucket.requests(),
            (std::vector<std::string>{
                "GET /bucket?encoding-type=url&max-keys=1000&prefix=pre%2Ffix%2F&versions=",
                "GET /bucket?encoding-type=url&key-marker=pre%2Ffix%2Fa&max-keys=1000&prefix=pre%2Ffix%2F"
                "&version-id-marker=v2&versions=",
                "GET /bucket/pre/fix/a?versionId=v2"}));
}

TEST(S3Removed, AnAnswerThatDoesNotGoOnIsAnError) {
  const std::string same = page(version("Version", "a", "v1", true, "9"),
                                "<IsTruncated>true</IsTruncated><NextKeyMarker>pre/fix/a</NextKeyMarker>"
                                "<NextVersionIdMarker>v1</NextVersionIdMarker>");
  Bucket bucket({same});
  SystemClock clock;
  S3Removed removed(bucket.config(), clock);
  EXPECT_THROW(net::run(removed.list("", "")), Error);
  EXPECT_EQ(bucket.requests().size(), 2u);
}

TEST(S3Removed, NothingCanBeChangedThere) {
  Bucket bucket({kDenied});
  SystemClock clock;
  S3Removed removed(bucket.config(), clock);
  EXPECT_THROW(net::run(removed.remove("a")), Error);
  EXPECT_THROW(net::run(removed.put("a", {})), Error);
  EXPECT_TRUE(bucket.requests().empty());
}

}  // namespace
}  // namespace stash::storage

#include <gtest/gtest.h>

#include "stash/storage/address.hpp"
#include "storage/crc32c.hpp"
#include "storage/s3_error.hpp"
#include "storage/xml.hpp"

namespace stash::storage {
namespace {

TEST(Crc32c, GivesThePublishedCheckValue) {
  EXPECT_EQ(crc32c({as_bytes("123456789")}), 0xE3069283u);
  EXPECT_EQ(crc32c({as_bytes("1234"), as_bytes(""), as_bytes("56789")}), 0xE3069283u);
}

TEST(Xml, ReadsElementsTextAndEntities) {
  const XmlElement root = parse_xml(
      "<?xml version=\"1.0\"?>\n<!-- c --><s3:R xmlns:s3='u'><A>x &amp; "
      "&#65;&#x42;</A><B/><C><![CDATA[<raw>]]></C></s3:R>");

  EXPECT_EQ(root.name, "R");
  EXPECT_EQ(root.child_text("A"), "x & AB");
  ASSERT_NE(root.child("B"), nullptr);
  EXPECT_EQ(root.child_text("C"), "<raw>");
}

TEST(Xml, RefusesWhatIsNotXml) {
  for (const char* bad : {"", "text", "<a>", "<a></b>", "<a>&unknown;</a>", "<a>&#0;</a>", "<a></a><b></b>",
                          "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "<a", "<a>&amp</a>"})
    EXPECT_THROW(parse_xml(bad), Error) << bad;
}

TEST(Xml, RefusesDeepNesting) {
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "<a>";
  EXPECT_THROW(parse_xml(deep), Error);
}

TEST(Xml, SurvivesEveryTruncation) {
  const std::string whole = "<?xml version=\"1.0\"?><R><A>x &amp; y</A><B><![CDATA[z]]></B></R>";
  for (std::size_t n = 0; n < whole.size(); ++n) EXPECT_THROW(parse_xml(whole.substr(0, n)), Error) << n;
}

ErrorKind kind_of(int status, const std::string& code) {
  const std::string body = code.empty() ? "" : "<Error><Code>" + code + "</Code><Message>m</Message></Error>";
  return to_error(read_fault(status, {}, body), "get o").kind();
}

TEST(S3Error, IsClassifiedByWhatTheCallerCanDo) {
  EXPECT_EQ(kind_of(404, "NoSuchKey"), ErrorKind::NotFound);
  EXPECT_EQ(kind_of(404, "NoSuchBucket"), ErrorKind::Invalid);
  EXPECT_EQ(kind_of(403, "SignatureDoesNotMatch"), ErrorKind::Denied);
  EXPECT_EQ(kind_of(412, "PreconditionFailed"), ErrorKind::Conflict);
  EXPECT_EQ(kind_of(503, "SlowDown"), ErrorKind::Unavailable);
  EXPECT_EQ(kind_of(507, "XMinioStorageFull"), ErrorKind::Exhausted);
  EXPECT_EQ(kind_of(500, ""), ErrorKind::Unavailable);
  EXPECT_EQ(kind_of(429, ""), ErrorKind::Unavailable);
  EXPECT_EQ(kind_of(403, ""), ErrorKind::Denied);
}

TEST(S3Error, TellsWhatToCheck) {
  const std::string body = "<Error><Code>InvalidAccessKeyId</Code><Message>m</Message></Error>";
  const std::string text = to_error(read_fault(403, {}, body), "get o").what();

  EXPECT_NE(text.find("AWS_ACCESS_KEY_ID"), std::string::npos) << text;
}

TEST(S3Error, ALockedObjectIsARefusalAndNoWrongRequest) {
  const auto kind = [](int status, const std::string& code) {
    const std::string body = "<Error><Code>" + code + "</Code><Message>m</Message></Error>";
    return to_delete_error(read_fault(status, {}, body), "remove o").kind();
  };

  EXPECT_EQ(kind(403, "AccessDenied"), ErrorKind::Denied);
  EXPECT_EQ(kind(400, "InvalidRequest"), ErrorKind::Denied) << "MinIO: the object is WORM protected";
  EXPECT_EQ(kind(409, "ObjectLocked"), ErrorKind::Denied);
  EXPECT_EQ(kind(503, "SlowDown"), ErrorKind::Unavailable);
  EXPECT_EQ(kind_of(400, "InvalidRequest"), ErrorKind::Invalid) << "of other requests it is one";
}

TEST(S3Error, TellsUntilWhenAnObjectIsLocked) {
  net::Headers headers;
  EXPECT_EQ(describe_lock(headers), "");
  headers.emplace_back("x-amz-object-lock-retain-until-date", "2027-01-01T00:00:00Z");
  EXPECT_EQ(describe_lock(headers), "it is locked until 2027-01-01T00:00:00Z");
  headers.emplace_back("x-amz-object-lock-legal-hold", "ON");
  EXPECT_EQ(describe_lock(headers), "a legal hold is on it");
}

TEST(Address, ReadsPathsAndS3) {
  EXPECT_EQ(std::get<LocalConfig>(parse_address("/srv/repo")).path, "/srv/repo");
  EXPECT_EQ(std::get<LocalConfig>(parse_address("local:/srv/repo")).path, "/srv/repo");

  const auto s3 = std::get<S3Config>(parse_address("s3:http://127.0.0.1:9000/bucket/a/b/"));
  EXPECT_EQ(s3.endpoint.origin(), "http://127.0.0.1:9000");
  EXPECT_EQ(s3.bucket, "bucket");
  EXPECT_EQ(s3.prefix, "a/b");
  EXPECT_EQ(std::get<S3Config>(parse_address("s3:s3.amazonaws.com/bucket")).endpoint.scheme, "https");
}

TEST(Address, RefusesWithASentence) {
  for (const char* bad : {"", "s3:", "s3:https://host", "s3:https://host/", "sftp:host:/x", "rest:http://h/"})
    EXPECT_THROW(parse_address(bad), Error) << bad;
}

TEST(Address, DoesNotRepeatAPassword) {
  for (const char* bad :
       {"rest:https://user:hunter2@host/repo", "sftp:user:hunter2@host:/x", "s3:https://user:hunter2@host/b",
        "s3:htps://user:hunter2@host/b", "s3:user:hunter2@host/b", "s3:http://host#:hunter2@b/c"}) {
    try {
      parse_address(bad);
      ADD_FAILURE() << bad;
    } catch (const Error& e) {
      EXPECT_EQ(std::string(e.what()).find("hunter2"), std::string::npos) << e.what();
    }
  }
}

TEST(S3Store, SaysWhichCredentialsAreMissing) {
  SystemClock clock;
  S3Config config = std::get<S3Config>(parse_address("s3:https://host/bucket"));
  try {
    S3Store store(config, clock);
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::Invalid);
    EXPECT_NE(std::string(e.what()).find("AWS_SECRET_ACCESS_KEY"), std::string::npos);
  }
}

}  // namespace
}  // namespace stash::storage

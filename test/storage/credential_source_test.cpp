// Credentials from STS, a container's endpoint and a machine's metadata, played by scripted services, and how
// a bucket is asked with them.

#include "storage/credential_source.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "stash/storage/s3_store.hpp"
#include "storage/scripted_bucket.hpp"
#include "support/temp_dir.hpp"

namespace stash::storage {
namespace {

using test::answer;
using test::Bucket;
using test::ScriptedService;

std::string sts_answer(const std::string& id) {
  return answer(
      "200 OK", "",
      fmt::format("<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"
                  "<AccessKeyId>{}</AccessKeyId><SecretAccessKey>key</SecretAccessKey>"
                  "<SessionToken>token of {}</SessionToken>"
                  "<Expiration>2200-01-01T00:00:00Z</Expiration></Credentials>"
                  "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>",
                  id, id));
}

const std::string kJson = answer("200 OK", "",
                                 R"({"AccessKeyId":"id","SecretAccessKey":"key","Token":"token",)"
                                 R"("Expiration":"2200-01-01T00:00:00Z"})");

/// A configuration without keys. Nothing stands in for them yet.
S3Config without_keys(const S3Config& config) {
  S3Config out = config;
  out.credentials = S3Credentials();
  return out;
}

class CredentialSourceTest : public testing::Test {
 protected:
  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(dir_ / name) << text;
    return dir_ / name;
  }
  void use_web_identity(const ScriptedService& sts) {
    config_.ambient.role_arn = "arn:aws:iam::123:role/backup";
    config_.ambient.web_identity_token_file = write("identity", "first.jwt\n");
    config_.ambient.sts_endpoint = sts.url();
  }
  std::string fetched_id() { return net::run(fetch_credentials(config_)).credentials.access_key; }
  std::string failure(ErrorKind kind) {
    try {
      fetched_id();
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), kind) << e.what();
      return e.what();
    }
    ADD_FAILURE() << "no error";
    return "";
  }

  test::TempDir dir_;
  Bucket bucket_{{answer("200 OK", "", "text")}};
  S3Config config_ = without_keys(bucket_.config());
};

TEST_F(CredentialSourceTest, WebIdentityIsShownToStsWithTheTokenOfTheMoment) {
  ScriptedService sts({sts_answer("one"), sts_answer("two")});
  use_web_identity(sts);

  EXPECT_EQ(fetched_id(), "one");
  write("identity", "second.jwt");
  EXPECT_EQ(fetched_id(), "two");

  const auto texts = sts.texts();
  ASSERT_EQ(texts.size(), 2u);
  EXPECT_TRUE(texts[0].starts_with("POST / HTTP/1.1\r\n")) << texts[0];
  const std::string form =
      "Action=AssumeRoleWithWebIdentity&RoleArn=arn%3Aaws%3Aiam%3A%3A123%3Arole%2Fbackup"
      "&RoleSessionName=stash&Version=2011-06-15&WebIdentityToken=";
  EXPECT_TRUE(texts[0].ends_with("\r\n\r\n" + form + "first.jwt")) << texts[0];
  EXPECT_TRUE(texts[1].ends_with("\r\n\r\n" + form + "second.jwt")) << texts[1];
}

TEST_F(CredentialSourceTest, ARefusalOfStsNamesTheRoleAndNeverTheToken) {
  ScriptedService sts({answer("403 Forbidden", "",
                              "<ErrorResponse><Error><Code>AccessDenied</Code>"
                              "<Message>first.jwt</Message></Error></ErrorResponse>")});
  use_web_identity(sts);
  const std::string text = failure(ErrorKind::Denied);

  EXPECT_NE(text.find("arn:aws:iam::123:role/backup"), std::string::npos) << text;
  EXPECT_NE(text.find("trust policy"), std::string::npos) << text;
  EXPECT_EQ(text.find("jwt"), std::string::npos) << text;
}

TEST_F(CredentialSourceTest, AMissingOrEmptyTokenFileIsNamed) {
  ScriptedService sts({sts_answer("one")});
  use_web_identity(sts);
  write("identity", "\n");
  EXPECT_NE(failure(ErrorKind::Invalid).find("identity"), std::string::npos);
  config_.ambient.web_identity_token_file = dir_ / "none";
  EXPECT_NE(failure(ErrorKind::Invalid).find("none"), std::string::npos);
  EXPECT_TRUE(sts.texts().empty());
}

TEST_F(CredentialSourceTest, AnAnswerWithoutEndIsNotKept) {
  ScriptedService sts({"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + std::string(100'000, 'x')});
  use_web_identity(sts);

  failure(ErrorKind::Corrupt);
}

TEST_F(CredentialSourceTest, AContainerIsAskedWithTheTokenOfItsFile) {
  ScriptedService container({kJson});
  config_.ambient.container_uri = container.url() + "/v1/credentials?x=y";
  config_.ambient.container_token = Secret("of the variable");
  config_.ambient.container_token_file = write("token", "of the file\n");

  EXPECT_EQ(fetched_id(), "id");
  config_.ambient.container_token_file.clear();
  EXPECT_EQ(fetched_id(), "id");

  const auto heads = container.heads();
  ASSERT_EQ(heads.size(), 2u);
  EXPECT_TRUE(heads[0].starts_with("GET /v1/credentials?x=y HTTP/1.1\r\n")) << heads[0];
  EXPECT_NE(heads[0].find("\r\nAuthorization: of the file"), std::string::npos) << heads[0];
  EXPECT_NE(heads[1].find("\r\nAuthorization: of the variable"), std::string::npos) << heads[1];
}

TEST_F(CredentialSourceTest, TheTokenOfAContainerDoesNotLeaveTheNodeInTheOpen) {
  for (const char* far : {"http://example.com/v1", "http://169.254.170.20/v1", "http://169.254.170.2x/"}) {
    config_.ambient.container_uri = far;
    const std::string text = failure(ErrorKind::Invalid);
    EXPECT_NE(text.find("AWS_CONTAINER_CREDENTIALS_FULL_URI"), std::string::npos) << text;
  }
}

TEST_F(CredentialSourceTest, AServiceThatIsBusyIsTriedAgain) {
  ScriptedService container({answer("503 Service Unavailable", "", "")});
  config_.ambient.container_uri = container.url() + "/v1";

  failure(ErrorKind::Unavailable);
}

TEST_F(CredentialSourceTest, AMachineIsAskedForItsRoleWithASessionToken) {
  ScriptedService machine({answer("200 OK", "", "session"), answer("200 OK", "", "node-role\n"), kJson});
  config_.ambient.metadata_endpoint = machine.url();

  EXPECT_EQ(fetched_id(), "id");
  const auto heads = machine.heads();
  ASSERT_EQ(heads.size(), 3u);
  EXPECT_TRUE(heads[0].starts_with("PUT /latest/api/token HTTP/1.1\r\n")) << heads[0];
  EXPECT_NE(heads[0].find("X-aws-ec2-metadata-token-ttl-seconds: 300"), std::string::npos) << heads[0];
  EXPECT_TRUE(heads[1].starts_with("GET /latest/meta-data/iam/security-credentials/ ")) << heads[1];
  EXPECT_TRUE(heads[2].starts_with("GET /latest/meta-data/iam/security-credentials/node-role ")) << heads[2];
  EXPECT_NE(heads[2].find("X-aws-ec2-metadata-token: session"), std::string::npos) << heads[2];
}

TEST_F(CredentialSourceTest, WhereNothingStandsInForTheKeysTheyAreAskedFor) {
  ScriptedService machine({answer("404 Not Found", "", "")});
  config_.ambient.metadata_endpoint = machine.url();
  const std::string text = failure(ErrorKind::Invalid);

  EXPECT_NE(text.find("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not given"), std::string::npos)
      << text;
}

TEST_F(CredentialSourceTest, RequestsAreSignedWithWhatStsGaveWhichIsAskedOnce) {
  ScriptedService sts({sts_answer("one")});
  use_web_identity(sts);
  SystemClock clock;
  S3Store store(config_, clock);

  for (int i = 0; i < 2; ++i) EXPECT_EQ(as_text(net::run(store.get("o", {}))), "text");

  const auto heads = bucket_.heads();
  ASSERT_EQ(heads.size(), 2u);
  EXPECT_NE(heads[1].find("Credential=one/"), std::string::npos) << heads[1];
  EXPECT_NE(heads[1].find("x-amz-security-token: token of one"), std::string::npos) << heads[1];
  EXPECT_EQ(sts.texts().size(), 1u);
}

TEST_F(CredentialSourceTest, ExpiredCredentialsAreReplacedOnce) {
  const std::string expired =
      answer("400 Bad Request", "", "<Error><Code>ExpiredToken</Code><Message>m</Message></Error>");
  ScriptedService sts({sts_answer("one"), sts_answer("two"), sts_answer("three")});
  use_web_identity(sts);
  Bucket bucket({expired, answer("200 OK", "", "text"), expired});
  config_.endpoint = bucket.config().endpoint;
  SystemClock clock;
  S3Store store(config_, clock);

  EXPECT_EQ(as_text(net::run(store.get("o", {}))), "text");
  EXPECT_NE(bucket.heads()[1].find("Credential=two/"), std::string::npos);
  EXPECT_THROW(net::run(store.get("o", {})), Error);
  EXPECT_EQ(bucket.heads().size(), 4u);
  EXPECT_EQ(sts.texts().size(), 3u);
}

}  // namespace
}  // namespace stash::storage

#include <gtest/gtest.h>

#include <map>

#include "stash/base/time.hpp"
#include "stash/storage/s3_credentials.hpp"
#include "storage/aws_answers.hpp"

namespace stash::storage {
namespace {

AmbientCredentials ambient(const std::map<std::string, std::string>& environment) {
  return ambient_credentials([&](const char* name) {
    const auto it = environment.find(name);
    return it == environment.end() ? std::string() : it->second;
  });
}

TEST(S3Credentials, NameTheHalfThatIsMissing) {
  S3Credentials pair;
  EXPECT_EQ(pair.missing_half(), "");
  pair.access_key = "id";
  EXPECT_EQ(pair.missing_half(), "AWS_SECRET_ACCESS_KEY");
  pair.secret_key = Secret("secret");
  EXPECT_EQ(pair.missing_half(), "");
  pair.access_key.clear();
  EXPECT_EQ(pair.missing_half(), "AWS_ACCESS_KEY_ID");
}

TEST(AmbientCredentials, AnEmptyEnvironmentLeavesTheMachineToBeAsked) {
  const AmbientCredentials found = ambient({});

  EXPECT_FALSE(found.has_web_identity());
  EXPECT_EQ(found.container_uri, "");
  EXPECT_EQ(found.metadata_endpoint, "http://169.254.169.254");
  EXPECT_TRUE(ambient({{"AWS_EC2_METADATA_DISABLED", "true"}}).none());
  EXPECT_EQ(ambient({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1"}}).metadata_endpoint,
            "http://127.0.0.1:1");
}

TEST(AmbientCredentials, ARoleNeedsItsTokenFile) {
  EXPECT_FALSE(ambient({{"AWS_ROLE_ARN", "arn:aws:iam::1:role/r"}}).has_web_identity());
  EXPECT_TRUE(ambient({{"AWS_ROLE_ARN", "arn:aws:iam::1:role/r"}, {"AWS_WEB_IDENTITY_TOKEN_FILE", "/token"}})
                  .has_web_identity());
}

TEST(AmbientCredentials, APathOfAContainerIsOneOfItsHost) {
  EXPECT_EQ(ambient({{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/id"}}).container_uri,
            "http://169.254.170.2/v2/id");
  EXPECT_EQ(ambient({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1"}}).container_uri,
            "http://169.254.170.23/v1");
}

TEST(AmbientCredentials, TheRegionOfStsIsThatOfTheEnvironment) {
  EXPECT_EQ(ambient({{"AWS_REGION", "eu-west-3"}, {"AWS_DEFAULT_REGION", "x"}}).sts_region, "eu-west-3");
  EXPECT_EQ(ambient({{"AWS_DEFAULT_REGION", "eu-west-3"}}).sts_region, "eu-west-3");
}

const std::string kSts =
    "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">"
    "<AssumeRoleWithWebIdentityResult><Credentials><SessionToken>token</SessionToken>"
    "<SecretAccessKey>key</SecretAccessKey><Expiration>2027-01-01T00:00:00Z</Expiration>"
    "<AccessKeyId>id</AccessKeyId></Credentials></AssumeRoleWithWebIdentityResult>"
    "</AssumeRoleWithWebIdentityResponse>";

TEST(AwsAnswers, GiveAKeyPairWithItsTokenAndEnd) {
  for (const TemporaryCredentials& got :
       {read_sts_answer(kSts),
        read_credentials_json(R"({"Code":"Success","AccessKeyId":"id","SecretAccessKey":"key",)"
                              R"("Token":"token","Expiration":"2027-01-01T00:00:00Z"})")}) {
    EXPECT_EQ(got.credentials.access_key, "id");
    EXPECT_EQ(got.credentials.secret_key.reveal(), "key");
    EXPECT_EQ(got.credentials.session_token.reveal(), "token");
    EXPECT_EQ(got.expires, parse_time("2027-01-01T00:00:00Z"));
  }
}

template <class F>
std::optional<ErrorKind> failure(F&& act) {
  try {
    act();
  } catch (const Error& e) {
    EXPECT_EQ(std::string(e.what()).find("hunter2"), std::string::npos) << e.what();
    return e.kind();
  }
  return std::nullopt;
}

TEST(AwsAnswers, WithoutAWholeKeyPairAreCorruptAndNotRepeated) {
  for (const char* bad : {"", "{", "[]", "{}", R"({"AccessKeyId":"id"})", R"({"SecretAccessKey":"hunter2"})",
                          R"({"AccessKeyId":"id","SecretAccessKey":"hunter2","Expiration":"soon"})",
                          R"({"AccessKeyId":"id","SecretAccessKey":"hunter2)"})
    EXPECT_EQ(failure([&] { read_credentials_json(bad); }), ErrorKind::Corrupt) << bad;
  for (std::size_t n = 0; n < kSts.size(); ++n)
    EXPECT_EQ(failure([&] { read_sts_answer(kSts.substr(0, n)); }), ErrorKind::Corrupt) << n;
  EXPECT_EQ(failure([&] { read_sts_answer("<a><b>hunter2</b></a>"); }), ErrorKind::Corrupt);
}

TEST(AwsAnswers, TellARefusal) {
  EXPECT_EQ(failure([] { read_credentials_json(R"({"Code":"AssumeRoleUnauthorizedAccess"})"); }),
            ErrorKind::Denied);
  const auto kind = [](int status, const std::string& code) {
    const std::string body =
        "<ErrorResponse><Error><Code>" + code + "</Code><Message>hunter2</Message></Error></ErrorResponse>";
    const Error refusal = sts_refusal(status, body, "assume");
    EXPECT_EQ(std::string(refusal.what()).find("hunter2"), std::string::npos) << "it may repeat the token";
    return refusal.kind();
  };
  EXPECT_EQ(kind(403, "AccessDenied"), ErrorKind::Denied);
  EXPECT_EQ(kind(400, "ExpiredTokenException"), ErrorKind::Denied);
  EXPECT_EQ(kind(400, "IDPCommunicationError"), ErrorKind::Unavailable);
  EXPECT_EQ(kind(400, "Throttling"), ErrorKind::Unavailable);
  EXPECT_EQ(kind(503, ""), ErrorKind::Unavailable);
  EXPECT_EQ(kind(400, "ValidationError"), ErrorKind::Denied);
  EXPECT_EQ(sts_refusal(502, "<html>", "assume").kind(), ErrorKind::Unavailable);
}

}  // namespace
}  // namespace stash::storage

#include "storage/sigv4.hpp"

#include <gtest/gtest.h>

#include "stash/crypto/digest.hpp"

namespace stash::storage {
namespace {

// Requests and signatures of "Authenticating Requests: Using the Authorization Header (AWS Signature Version
// 4)", Amazon S3 API Reference: bucket examplebucket, key pair of the examples, 2013-05-24.
SigningKey example_key() {
  SigningKey key;
  key.access_key = "AKIAIOSFODNN7EXAMPLE";
  key.secret_key = Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
  key.region = "us-east-1";
  return key;
}

constexpr std::string_view kHost = "examplebucket.s3.amazonaws.com";
constexpr std::string_view kEmpty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

std::string signature_of(net::Request request, std::string_view hash) {
  sign(request, example_key(), kHost, hash, *parse_time("2013-05-24T00:00:00Z"));
  const std::string_view value = net::header(request.headers, "Authorization");
  return std::string(value.substr(value.find("Signature=") + 10));
}

TEST(SigV4, SignsTheGetOfARangeAsAwsPublishes) {
  net::Request request("GET", "/test.txt");
  request.headers.emplace_back("Range", "bytes=0-9");

  EXPECT_EQ(signature_of(request, kEmpty),
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(SigV4, SignsAPutAsAwsPublishes) {
  net::Request request("PUT", "/test%24file.text");
  request.headers.emplace_back("Date", "Fri, 24 May 2013 00:00:00 GMT");
  request.headers.emplace_back("x-amz-storage-class", "REDUCED_REDUNDANCY");
  const crypto::Digest digest = crypto::sha256(as_bytes("Welcome to Amazon S3."));

  EXPECT_EQ(signature_of(request, to_hex(digest)),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(SigV4, SignsAQueryWithoutValueAsAwsPublishes) {
  EXPECT_EQ(signature_of(net::Request("GET", "/?lifecycle"), kEmpty),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST(SigV4, SignsAListAsAwsPublishes) {
  EXPECT_EQ(signature_of(net::Request("GET", "/?max-keys=2&prefix=J"), kEmpty),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(SigV4, CarriesTheSessionToken) {
  SigningKey key = example_key();
  key.session_token = Secret("token");
  net::Request request("GET", "/");

  sign(request, key, kHost, kUnsignedPayload, *parse_time("2013-05-24T00:00:00Z"));

  EXPECT_EQ(net::header(request.headers, "x-amz-security-token"), "token");
  EXPECT_NE(net::header(request.headers, "Authorization").find("x-amz-security-token"),
            std::string_view::npos);
}

}  // namespace
}  // namespace stash::storage

#include "kube/status_error.hpp"

#include <gtest/gtest.h>

namespace stash::kube {
namespace {

TEST(StatusError, EveryStatusHasTheKindACallerCanActOn) {
  const std::pair<int, ErrorKind> cases[] = {
      {400, ErrorKind::Invalid},     {401, ErrorKind::Denied},      {403, ErrorKind::Denied},
      {404, ErrorKind::NotFound},    {405, ErrorKind::Unsupported}, {409, ErrorKind::Conflict},
      {410, ErrorKind::Conflict},    {415, ErrorKind::Unsupported}, {418, ErrorKind::Invalid},
      {422, ErrorKind::Invalid},     {429, ErrorKind::Unavailable}, {500, ErrorKind::Unavailable},
      {503, ErrorKind::Unavailable}, {504, ErrorKind::Unavailable}, {302, ErrorKind::Unsupported},
  };
  for (const auto& [status, kind] : cases) EXPECT_EQ(error_kind(status), kind) << status;
}

TEST(StatusError, TellsTheWordsOfTheServer) {
  const Error e =
      status_error(404, R"({"kind":"Status","message":"pods \"x\" not found","code":404})", "get pods a/x");

  EXPECT_STREQ(e.what(), "get pods a/x: pods \"x\" not found");
  EXPECT_EQ(e.kind(), ErrorKind::NotFound);
}

TEST(StatusError, TellsTheBeginningOfForeignText) {
  EXPECT_STREQ(status_error(502, "<html>\nBad Gateway", "list pods").what(),
               "list pods: HTTP 502: <html> Bad Gateway");
  EXPECT_STREQ(status_error(502, "", "list pods").what(), "list pods: HTTP 502");
  EXPECT_LT(std::string(status_error(502, std::string(100'000, 'x'), "w").what()).size(), 300u);
}

TEST(StatusError, CutsForeignTextBetweenCharacters) {
  std::string text = "x";
  while (text.size() < 300) text += "\xC3\xA4";

  EXPECT_EQ(status_error(502, text, "w").what(), "w: HTTP 502: " + text.substr(0, 199));
}

TEST(StatusError, AStatusObjectCountsByItsOwnCode) {
  const auto gone = json::parse(R"({"kind":"Status","code":410,"reason":"Expired"})", "t");
  const auto odd = json::parse(R"({"code":-7,"message":"m"})", "t");

  EXPECT_EQ(status_error(gone, "watch pods").kind(), ErrorKind::Conflict);
  EXPECT_STREQ(status_error(gone, "watch pods").what(), "watch pods: Expired");
  EXPECT_EQ(status_error(odd, "watch pods").kind(), ErrorKind::Unavailable);
}

TEST(StatusError, ReadsRetryAfterInSecondsOnly) {
  const auto of = [](std::string value) {
    return retry_after({net::Header("retry-after", std::move(value))});
  };

  EXPECT_EQ(of("3"), Duration(std::chrono::seconds(3)));
  for (const char* bad : {"", "-1", "3s", "Fri, 31 Dec 1999 23:59:59 GMT"}) EXPECT_FALSE(of(bad)) << bad;
  EXPECT_FALSE(retry_after({}));
}

}  // namespace
}  // namespace stash::kube

#include "stash/kube/events.hpp"

#include <gtest/gtest.h>

#include "kube/event_body.hpp"
#include "stash/base/log.hpp"
#include "stash/kube/resources.hpp"
#include "stash/kube/status.hpp"
#include "support/fake_api_server.hpp"
#include "support/manual_timers.hpp"

namespace stash::kube {
namespace {

using test::FakeApiServer;
using test::ManualTimers;

struct Bench {
  ManualTimers timers;
  FakeApiServer server{timers};
  json::Document pod = server.put(kPod, R"({"metadata":{"name":"web","namespace":"n"}})");
  EventRecorder recorder{server, timers, "stash-operator", "pod-1"};

  void record(Severity severity, std::string message) {
    EventSubject subject(kPod, pod);
    net::run(recorder.record(std::move(subject), severity, "Tested", std::move(message)));
  }
};

TEST(EventRecorder, RepeatsAreCountedInOneEvent) {
  Bench b;
  b.record(Severity::Normal, "a \"quoted\" message");
  b.timers.advance(std::chrono::minutes(1));
  b.record(Severity::Normal, "a \"quoted\" message");

  const auto refs = b.server.refs(kEvent);
  ASSERT_EQ(refs.size(), 1u);
  const auto event = b.server.get(kEvent, refs[0]);
  EXPECT_EQ(json::integer(event, "count"), 2);
  EXPECT_EQ(json::text(event, "message"), "a \"quoted\" message");
  EXPECT_EQ(json::text(event, "involvedObject", "uid"), uid_of(b.pod));
  EXPECT_EQ(
      *parse_time(json::text(event, "lastTimestamp")) - *parse_time(json::text(event, "firstTimestamp")),
      std::chrono::minutes(1));
}

TEST(EventRecorder, OtherWordsAreAnotherEvent) {
  Bench b;
  b.record(Severity::Normal, "one");
  b.record(Severity::Warning, "one");
  b.record(Severity::Warning, "two");

  EXPECT_EQ(b.server.refs(kEvent).size(), 3u);
}

TEST(EventRecorder, AFailureNeverReachesTheCaller) {
  Bench b;
  std::vector<std::string> lines;
  log::set_sink([&lines](std::string_view line) { lines.emplace_back(line); });
  b.server.before = [](const FakeApiServer::Call&) { throw Error(ErrorKind::Denied, "no"); };

  b.record(Severity::Warning, "one");

  EXPECT_EQ(lines.size(), 1u);
  log::set_sink([](std::string_view) {});
}

TEST(EventBody, LongMessagesAreCutBetweenCharacters) {
  std::string text;
  for (int i = 0; i < 600; ++i) text += "\xC3\xA4";

  const std::string cut = cut_message("x" + text);

  EXPECT_LE(cut.size(), 1024u);
  EXPECT_TRUE(cut.ends_with("\xC3\xA4..."));
}

TEST(EventBody, ClusterScopedObjectsHaveTheirEventsInDefault) {
  EventWords words;
  words.subject.ref = Ref("", std::string(300, 'a'));

  EXPECT_EQ(event_ref(words).ns, "default");
  EXPECT_LE(event_ref(words).name.size(), 253u);
}

TEST(UpdateStatus, RetriesAfterAConflictWithTheNewObject) {
  Bench b;
  int overtaken = 2;
  b.server.before = [&b, &overtaken](const FakeApiServer::Call& call) {
    if (call.verb == "patch status" && overtaken-- > 0)
      b.server.edit(kPod, Ref("n", "web"), fmt::format(R"({{"status":{{"seen":{}}}}})", overtaken));
  };
  StatusChange change = [](const json::Value& object) -> std::optional<std::string> {
    return fmt::format(R"({{"after":{}}})", json::integer(object, "status", "seen").value_or(-1));
  };

  const auto written = net::run(update_status(b.server, kPod, Ref("n", "web"), change));

  ASSERT_TRUE(written);
  EXPECT_EQ(json::dump(*json::find(*written, "status")), R"({"seen":0,"after":0})");
}

TEST(UpdateStatus, WritesNothingWhenAllIsWell) {
  Bench b;
  StatusChange change = [](const json::Value&) -> std::optional<std::string> { return std::nullopt; };

  EXPECT_TRUE(net::run(update_status(b.server, kPod, Ref("n", "web"), change)));
  EXPECT_FALSE(net::run(update_status(b.server, kPod, Ref("n", "none"), change)));
  EXPECT_EQ(b.server.writes(), 0u);
}

TEST(UpdateStatus, GivesUpWhenAlwaysOvertaken) {
  Bench b;
  int n = 0;
  b.server.before = [&b, &n](const FakeApiServer::Call& call) {
    if (call.verb == "patch status")
      b.server.edit(kPod, Ref("n", "web"), fmt::format(R"({{"status":{{"n":{}}}}})", ++n));
  };
  StatusChange change = [](const json::Value&) -> std::optional<std::string> { return "{}"; };

  EXPECT_THROW(net::run(update_status(b.server, kPod, Ref("n", "web"), change)), Error);
  EXPECT_EQ(n, 8);
}

}  // namespace
}  // namespace stash::kube
